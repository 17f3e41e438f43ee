package main

import (
	"net/http"

	"github.com/hawser-ws/websocket"
)

// useLoop has members served by a [websocket.Loop], without goroutines of their own. What a member
// says goes to its seat, as it does otherwise.
func (c *chat) useLoop() {
	c.options.Registry = nil // the loop knows its members
	c.loop = &websocket.Loop{
		Closed: func(conn *websocket.Conn, r websocket.Receiver, _ error) { r.(*seat).leave(conn) },
	}
}

// enterLoop accepts a member and gives it to the loop, when it has read from the request what the
// member needs.
func (c *chat) enterLoop(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &c.options)
	if err != nil {
		return // Accept has answered the request
	}
	c.rooms.serveOn(c.loop, r.PathValue("name"), conn)
}

// serveOn has a loop serve a member.
func (r *rooms) serveOn(loop *websocket.Loop, name string, conn *websocket.Conn) {
	s := r.enter(name, conn)
	if loop.Add(conn, s) != nil { // the server ends: the loop has closed the connection
		s.leave(conn)
	}
}
