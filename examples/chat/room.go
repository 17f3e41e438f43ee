package main

import (
	"context"
	"sync"

	"github.com/hawser-ws/websocket"
)

// queueLength is how many messages a member may be behind.
const queueLength = 64

// rooms are the members in each room. A room is there while somebody is in it.
type rooms struct {
	mu      sync.Mutex
	members map[string]map[*member]bool // by the name of the room
}

// member is one connection in a room.
type member struct {
	conn  *websocket.Conn
	queue chan *websocket.PreparedMessage
}

// serve is what a member does: send what the others say, say what it is told.
func (r *rooms) serve(ctx context.Context, room string, conn *websocket.Conn) error {
	m := &member{conn: conn, queue: make(chan *websocket.PreparedMessage, queueLength)}
	r.enter(room, m)
	defer r.leave(room, m)
	go m.send(ctx)
	for msg, err := range conn.Messages(ctx) {
		if err != nil {
			return err
		}
		if msg.Type != websocket.MessageText {
			return websocket.CloseError{Code: websocket.StatusUnsupportedData, Reason: "this is a chat: text only"}
		}
		prepared := websocket.Prepare(msg.Type, msg.Data)
		r.broadcast(room, prepared)
	}
	return nil
}

// send sends what is in the queue, all there is with one write. It ends with the
// connection, when ctx does.
func (m *member) send(ctx context.Context) {
	batch := m.conn.Batch()
	for {
		select {
		case msg := <-m.queue:
			if batch.WritePrepared(ctx, msg) != nil {
				return
			}
			if len(m.queue) == 0 && batch.Flush(ctx) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// broadcast never waits: it puts msg into the queue of every member of a room, and
// shows those out whose queue is full.
func (r *rooms) broadcast(room string, msg *websocket.PreparedMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for m := range r.members[room] {
		select {
		case m.queue <- msg:
		default:
			delete(r.members[room], m)
			// It takes as long as the member does, up to the timeout of closing.
			go func() { _ = m.conn.Close(websocket.StatusTryAgainLater, "too slow") }()
		}
	}
}

func (r *rooms) enter(room string, m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.members == nil {
		r.members = make(map[string]map[*member]bool)
	}
	if r.members[room] == nil {
		r.members[room] = make(map[*member]bool)
	}
	r.members[room][m] = true
}

func (r *rooms) leave(room string, m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.members[room], m)
	if len(r.members[room]) == 0 {
		delete(r.members, room)
	}
}
