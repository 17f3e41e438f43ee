// Package bus connects the servers of a cluster. It carries bytes, each message with a topic,
// from one server to all others or to one. It may lose messages without saying so. If a loss
// matters, the user must number the messages.
package bus

import (
	"crypto/rand"
	"encoding/hex"
)

// Bus is one server's connection to the bus. Its methods may be called from any goroutine and
// do not wait for other servers.
type Bus interface {
	// ID names this server to the others: 16 hexadecimal digits, new for each start.
	ID() string
	// Broadcast sends to all other servers.
	Broadcast(topic Topic, body []byte)
	// Send sends to one server.
	Send(to string, topic Topic, body []byte)
	// Handle makes f receive the messages of a topic. One goroutine calls the functions of all
	// topics, in the order in which each server has sent. f may keep body. Handle must be
	// called once for each topic, before Start.
	Handle(topic Topic, f func(from string, body []byte))
	// Start begins to receive.
	Start() error
	// Close sends what is queued, within a second or two, and leaves the bus.
	Close()
}

// Topic is the subject of a message.
type Topic string

// The topics, one for each package that communicates with other servers.
const (
	Rooms Topic = "rooms"
	Watch Topic = "watch"
)

// queueLength is how many messages may wait in each direction: a roster of some thousand
// members, and what happens meanwhile.
const queueLength = 4096

// newID returns a new name for a server.
func newID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// handlers has the functions of [Bus.Handle].
type handlers map[Topic]func(from string, body []byte)

func (h handlers) call(topic Topic, from string, body []byte) {
	if f := h[topic]; f != nil {
		f(from, body)
	}
}
