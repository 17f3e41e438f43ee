package main

import (
	"context"
	"sync"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
)

// queueLength is how many messages a member may be behind.
const queueLength = 64

// rooms are the hubs of the rooms. A room is there while somebody is in it.
type rooms struct {
	mu   sync.Mutex
	hubs map[string]*room // by the name of the room
}

// room is a hub, and how many are in it.
type room struct {
	hub     hub.Hub
	members int
}

// serve is what a member does: hear what the others say, say what it is told.
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
