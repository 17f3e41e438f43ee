// Package bus connects the servers of a cluster. It carries bytes, each message with a topic,
// from one server to all others or to one. It may lose messages without saying so. If a loss
// matters, the user must number the messages.
package bus

import (
	"crypto/rand"
	"encoding/hex"
)

// Bus is one server's place on the bus. Every method may be called from any goroutine,
// and none waits for another server.
type Bus interface {
	// ID names this server to the others: 16 hexadecimal digits, new for each start.
	ID() string
	// Broadcast sends to all other servers.
	Broadcast(topic Topic, body []byte)
	// Send sends to one.
	Send(to string, topic Topic, body []byte)
	// Handle has f called with what comes for a topic: by one goroutine for all topics,
	// and in the order in which each of the others has sent. body is f's to keep. It is
	// called once for each topic, before Start.
	Handle(topic Topic, f func(from string, body []byte))
	// Start begins to receive.
	Start() error
	// Close sends what is under way, within a second or two, and leaves the bus.
	Close()
}

// Topic is what a message is about.
type Topic string

// The topics, one for each package that has something to say to other servers.
const (
	Rooms Topic = "rooms"
	Watch Topic = "watch"
)

// queueLength is how many messages may wait, each way: a roster of some thousand
// members and what happens meanwhile.
const queueLength = 4096

// newID returns the name of a server.
func newID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // which never fails
	return hex.EncodeToString(id[:])
}

// handlers are the functions of [Bus.Handle].
type handlers map[Topic]func(from string, body []byte)

func (h handlers) call(topic Topic, from string, body []byte) {
	if f := h[topic]; f != nil {
		f(from, body)
	}
}
