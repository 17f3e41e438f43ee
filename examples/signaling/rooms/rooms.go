// Package rooms knows who is in which room, on this server and on the others, and carries
// signals between members. It sees two ends of the network: the [Conn] of a member connected
// here, and the [bus.Bus] to the other servers.
//
// Each server is the authority for the members connected to it. It reports every change to the
// others, with a number. A server that has missed one asks for the whole roster. So all servers
// agree as soon as the network lets them, and not before: two members who arrive at the same
// time, at two servers, may both get the last place in a room.
package rooms

import (
	"log/slog"
	"sync"
	"time"

	"github.com/hawser-ws/websocket"

	"github.com/hawser-ws/websocket/examples/signaling/bus"
	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// Options are the operator's choices.
type Options struct {
	Name     string        // of this server, for people
	Capacity int           // members of a room, at least 1
	Rooms    int           // rooms there may be, at least 1
	Grace    time.Duration // how long a member with a lost connection is kept
	Beat     time.Duration // between signs of life; zero: 2 s
	Log      *slog.Logger  // nil: slog.Default
}

const (
	defaultBeat = 2 * time.Second
	// missedBeats is the number of missed beats after which a server counts as lost.
	missedBeats = 3
	// overshoot limits the members and rooms that this server remembers from others, as a
	// multiple of the configured number. Servers may have admitted members at the same time.
	overshoot = 4
)

// Conn is the connection of a member. Its methods do not block, and do not call back.
type Conn interface {
	Send(m wire.ToPage)
	Close(code websocket.StatusCode, reason string)
}

// Rooms has all rooms that this server knows of.
type Rooms struct {
	options Options
	bus     bus.Bus
	log     *slog.Logger

	mu      sync.Mutex // guards everything below
	life    life
	rooms   map[string]*room
	version uint64 // of our roster: the number of its last change
	servers map[string]*server
	stop    chan struct{}
	stopped chan struct{}
}

type life uint8

const (
	running  life = iota
	stopping      // no joins and no messages any more
)

// room exists while it has members.
type room struct {
	name    string
	members map[string]*member // by identity
}

// New returns empty rooms. It joins the bus and starts it.
func New(options Options, b bus.Bus) (*Rooms, error) {
	if options.Beat == 0 {
		options.Beat = defaultBeat
	}
	if options.Log == nil {
		options.Log = slog.Default()
	}
	r := &Rooms{
		options: options, bus: b, log: options.Log,
		rooms: make(map[string]*room), servers: make(map[string]*server),
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	b.Handle(bus.Rooms, r.receive)
	if err := b.Start(); err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.broadcast(packet{Kind: kindHello})
	r.mu.Unlock()
	go r.beat()
	return r, nil
}

// Shutdown tells the other servers, which keep our members as away. A [websocket.Registry]
// closes the connections of our members, with 1001.
func (r *Rooms) Shutdown() {
	r.mu.Lock()
	if r.life == stopping {
		r.mu.Unlock()
		return
	}
	r.life = stopping
	r.broadcast(packet{Kind: kindBye})
	for _, rm := range r.rooms {
		for _, m := range rm.members {
			m.stopTimer()
		}
	}
	clear(r.rooms)
	clear(r.servers)
	close(r.stop)
	r.mu.Unlock()
	<-r.stopped
}

// Count returns the number of rooms, and of members on all servers.
func (r *Rooms) Count() (rooms, members int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rm := range r.rooms {
		members += len(rm.members)
	}
	return len(r.rooms), members
}
