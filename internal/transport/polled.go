//go:build linux

package transport

import (
	"net"
	"sync/atomic"
	"time"
)

// Polled drives a descriptor of its own, in an epoll set. What can be done is done at once, and
// the event loop of the set reports by Ready when more can be done. Whoever waits nevertheless,
// such as Close for the peer's Close frame, waits for a bell that Ready rings.
//
// There is one for every connection of a loop, idle or not: it is small, and holds no memory
// besides. The file polled_life.go says when the descriptor is closed.
type Polled struct {
	fd    int32
	life  atomic.Uint32 // who may still use fd: see polled_life.go
	ready atomic.Uint32 // what is known of fd: dry and so on
	peer  peerAddr
	owner Owner
	bells atomic.Pointer[bells] // made by the first who waits
}

// NewPolled drives fd, a stream socket that nobody else uses and that never waits. owner may be
// nil. The descriptor is closed after Close, FreeRead and FreeWrite.
func NewPolled(fd int, owner Owner) *Polled {
	p := new(Polled)
	p.Init(fd, owner)
	return p
}

// Init is NewPolled for a Polled that is part of something else.
func (p *Polled) Init(fd int, owner Owner) {
	p.InitAccepted(Adopt(fd), owner)
}

// InitAccepted is Init for a connection that an Acceptor has accepted.
func (p *Polled) InitAccepted(s Accepted, owner Owner) {
	p.fd, p.owner, p.peer = int32(s.FD), owner, s.peer
}

// What is known of the descriptor. It is a hint, but for the interruptions: to try in vain is
// allowed, to wait although something is there is not. So whoever concludes from a call that
// there is nothing stores that only if the word is still what it was before the call. Ready
// changes the word whenever it is called.
const (
	dry              = 1 << iota // a read has emptied the socket
	full                         // a write has filled the socket
	ended                        // the peer's direction has ended: only a read that fails ends it
	readInterrupted              // reads stand interrupted
	writeInterrupted             // writes do
	oneReady                     // counts calls of Ready
)

// Ready may be called while calls of all other methods are under way.
func (p *Polled) Ready(ev Events) (wasFull bool) {
	wasFull = p.note(ev)
	p.ring(ev)
	return wasFull
}

// note notes what has become possible.
func (p *Polled) note(ev Events) (wasFull bool) {
	for {
		was := p.ready.Load()
		is := was + oneReady
		if ev&(Readable|Ended) != 0 {
			is &^= dry
		}
		if ev&(Writable|Ended) != 0 {
			is &^= full
		}
		if ev&Ended != 0 {
			is |= ended
		}
		if p.ready.CompareAndSwap(was, is) {
			return was&^is&full != 0
		}
	}
}

// isDry reports whether a read would be in vain. Where the peer's direction has ended, reads go
// on to the end: nothing else will report it.
func isDry(ready uint32) bool { return ready&(dry|ended) == dry }

// Full reports whether a write would be in vain.
func (p *Polled) Full() bool { return p.ready.Load()&full != 0 }

func (p *Polled) InterruptRead(on bool) {
	p.interrupt(readInterrupted, on)
	if on {
		p.ring(Readable)
	}
}

// InterruptWrite also removes a limit.
func (p *Polled) InterruptWrite(on bool) {
	p.interrupt(writeInterrupted, on)
	p.LimitWrite(time.Time{})
	if on {
		p.ring(Writable)
	}
}

func (p *Polled) interrupt(which uint32, on bool) {
	if on {
		p.ready.Or(which)
	} else {
		p.ready.And(^which)
	}
}

func (p *Polled) NetConn() net.Conn { return polledConn{p} }

func (p *Polled) Traits() Traits { return CountsPartialWrites | TriesWrites | Posts }
