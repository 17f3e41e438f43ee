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

// seat is what a member has: a place in a room. It is the Receiver of the member's connection.
type seat struct {
	rooms *rooms
	name  string // of the room
	all   *hub.Hub
}

// Receive broadcasts what a member says. The hub sends it what the others say.
func (s *seat) Receive(_ context.Context, _ *websocket.Conn, msg websocket.Message) error {
	if msg.Type != websocket.MessageText {
		return websocket.CloseError{Code: websocket.StatusUnsupportedData, Reason: "this is a chat: text only"}
	}
	return s.all.Broadcast(websocket.Prepare(msg.Type, msg.Data))
}

// serve serves a member on a goroutine of its own.
func (r *rooms) serve(ctx context.Context, name string, conn *websocket.Conn) error {
	s := r.enter(name, conn)
	defer s.leave(conn)
	for msg, err := range conn.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := s.Receive(ctx, conn, msg); err != nil {
			return err
		}
	}
	return nil
}

func (r *rooms) enter(name string, conn *websocket.Conn) *seat {
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
	return &seat{r, name, &entered.hub}
}

func (s *seat) leave(conn *websocket.Conn) {
	s.rooms.mu.Lock()
	defer s.rooms.mu.Unlock()
	left := s.rooms.hubs[s.name]
	left.hub.Remove(conn)
	if left.members--; left.members == 0 {
		delete(s.rooms.hubs, s.name)
	}
}
