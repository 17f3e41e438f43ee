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

// Options are what an operator may choose.
type Options struct {
	Name     string        // of this server, for people
	Capacity int           // members of a room, at least 1
	Rooms    int           // rooms there may be, at least 1
	Grace    time.Duration // for which a member is kept that has lost its connection
	Beat     time.Duration // between signs of life; zero: 2 s
	Log      *slog.Logger  // nil: slog.Default
}

const (
	defaultBeat = 2 * time.Second
	// missedBeats is after how many beats a server counts as lost.
	missedBeats = 3
	// overshoot is how many times as many members and rooms as there may be this server
	// remembers, if that is what the others say: they may have let somebody in at once.
	overshoot = 4
)

// Conn is the connection of a member. Its methods do not wait, and do not call back.
type Conn interface {
	Send(m wire.ToPage)
	Close(code websocket.StatusCode, reason string)
}

// Rooms are all rooms that this server knows of.
type Rooms struct {
	options Options
	bus     bus.Bus
	log     *slog.Logger

	mu      sync.Mutex // for all below, and what hangs on it
	life    life
	rooms   map[string]*room
	version uint64 // of our roster: the number of the last change
	servers map[string]*server
	stop    chan struct{}
	stopped chan struct{}
}

type life uint8

const (
	running  life = iota
	stopping      // nobody comes in, nobody is told anything
)

// room is there while it has members.
type room struct {
	name    string
	members map[string]*member // by identity
}

// New returns rooms without anybody, joined to the bus, which it starts.
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

// Shutdown tells the other servers, which keep our members as away. Closing the
// connections of our members, with 1001, is left to a [websocket.Registry].
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

// Count returns how many rooms there are, and how many members on all servers.
func (r *Rooms) Count() (rooms, members int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rm := range r.rooms {
		members += len(rm.members)
	}
	return len(r.rooms), members
}
