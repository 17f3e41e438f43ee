package main

import (
	"context"
	"sync"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
)

// queueLength is how many messages may wait for a member.
const queueLength = 64

// rooms has the hubs of the rooms. A room exists while somebody is in it.
type rooms struct {
	mu   sync.Mutex
	hubs map[string]*room // by room name
}

// room is a hub with the number of its members.
type room struct {
	hub     hub.Hub
	members int
}

// serve broadcasts what a member says. The hub sends it what the others say.
func (r *rooms) serve(ctx context.Context, name string, conn *websocket.Conn) error {
	all := r.enter(name, conn)
	defer r.leave(name, conn)
	for msg, err := range conn.Messages(ctx) {
		if err != nil {
			return err
		}
		if msg.Type != websocket.MessageText {
			return websocket.CloseError{Code: websocket.StatusUnsupportedData, Reason: "this is a chat: text only"}
		}
		if err := all.Broadcast(websocket.Prepare(msg.Type, msg.Data)); err != nil {
			return err
		}
	}
	return nil
}

func (r *rooms) enter(name string, conn *websocket.Conn) *hub.Hub {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hubs == nil {
		r.hubs = make(map[string]*room)
	}
	if r.hubs[name] == nil {
		r.hubs[name] = &room{hub: hub.Hub{Queue: queueLength}}
	}
	entered := r.hubs[name]
	entered.members++
	entered.hub.Add(conn)
	return &entered.hub
}

func (r *rooms) leave(name string, conn *websocket.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	left := r.hubs[name]
	left.hub.Remove(conn)
	if left.members--; left.members == 0 {
		delete(r.hubs, name)
	}
}
