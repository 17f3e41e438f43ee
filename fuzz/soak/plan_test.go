//go:build linux

package soak

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hawser-ws/websocket"
)

// side is an end of a link.
type side int

const (
	client side = iota
	server
)

func (s side) String() string { return [...]string{"client", "server"}[s] }
func (s side) other() side    { return 1 - s }

// front is how the server takes a link, and what it does with it.
type front int

const (
	byAccept      front = iota // messages each way
	byUpgrade                  // the same
	echoByHandler              // a loop over messages that sends them back
	echoByUpgrade
	byHub // one way, from a broadcast

	// The same three on a Loop.
	byLoop
	echoByLoop
	hubByLoop

	// On streams of HTTP/2, which share a connection: see carrier.
	byStream // ServeHTTP2Requests, messages each way
	echoByStream
	hubByStream
	byHTTP2 // Accept on net/http, messages each way
	numFronts
)

// What the networks can carry. Of the links that have a connection to themselves, half are on a
// Loop.
var (
	wholeFronts = []front{
		byAccept, byUpgrade, echoByHandler, echoByUpgrade, byHub,
		byLoop, byLoop, echoByLoop, echoByLoop, hubByLoop,
	}
	streamFronts = []front{byStream, echoByStream, hubByStream}
	allFronts    = slices.Concat(wholeFronts, streamFronts, []front{byHTTP2})
)

var fronts = [numFronts]string{
	"accept", "upgrade", "echo-handler", "echo-upgrade", "hub",
	"loop", "echo-loop", "hub-loop",
	"stream", "echo-stream", "hub-stream", "accept over HTTP/2",
}

func (f front) String() string { return fronts[f] }
func (f front) echoes() bool {
	return f == echoByHandler || f == echoByUpgrade || f == echoByLoop || f == echoByStream
}

// loops reports whether the server has the link on a Loop.
func (f front) loops() bool { return f == byLoop || f == echoByLoop || f == hubByLoop }

// returns reports whether the loop that echoes ends by its return, after which nothing can be
// asked.
func (f front) returns() bool { return f == echoByHandler || f == echoByStream }
func (f front) casts() bool   { return f == byHub || f == hubByLoop || f == hubByStream }
func (f front) shares() bool  { return f >= byStream }

// ending is what the closer does in the end.
type ending int

const (
	orderly  ending = iota // Close, when everything sent has come
	abrupt                 // Close amid traffic
	begun                  // BeginClose amid traffic, and read on
	dropped                // CloseNow
	halfSent               // a fragmented message is given up in the middle
)

func (e ending) String() string {
	return [...]string{"orderly", "abrupt", "begun", "dropped", "half sent"}[e]
}

// plan is what a link is to go through, all of it drawn from the seed.
type plan struct {
	id        uint32
	front     front
	hub       int // which
	slow      bool
	mode      websocket.CompressionMode
	writers   [2]int // at each end
	burst     int    // of messages, between pauses
	busy      bool
	unordered bool // two goroutines read at once
	text      bool

	life   time.Duration // until the ending begins
	ending ending
	closer side
	code   websocket.StatusCode
	reason string

	hazards
	wanderers int // writes that are cancelled, of 100
}

// hazards are what the network does to a connection.
type hazards struct {
	style    style
	fault    fault
	fromSide side  // of the bytes that it strikes
	after    int64 // so many of them
}

func (p *plan) String() string {
	front := p.front.String()
	if p.front.casts() && p.slow {
		front = "slow hub"
	}
	return fmt.Sprintf("link %d by %v, compression %v, ends %v by the %v after %v, %v of the %v's bytes after %d",
		p.id, front, p.mode, p.ending, p.closer, p.life.Round(time.Millisecond), p.fault, p.fromSide, p.after)
}

// busyWeight is how many times as busy a busy link is as others.
const busyWeight = 10

func (p *plan) weight() float64 {
	if p.busy {
		return busyWeight
	}
	return 1
}

// randomFor returns a source of its own for each use in each link.
func randomFor(seed uint64, id uint32, use int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(id)<<16|uint64(use)))
}

// harm is what the network does to links.
type harm int

const (
	noHarm     harm = iota
	blackHoles      // those that faults strike get no packet any more
	allFaults
)

// draw draws the plan of a link.
func draw(seed uint64, id uint32, kinds []front, by harm) plan {
	r := randomFor(seed, id, 0)
	p := plan{
		id:        id,
		front:     kinds[r.IntN(len(kinds))],
		hub:       r.IntN(hubs),
		slow:      r.IntN(4) == 0,
		mode:      websocket.CompressionMode(r.IntN(3)),
		writers:   [2]int{1 + r.IntN(2), 1 + r.IntN(2)},
		burst:     1 << r.IntN(5),
		busy:      r.IntN(10) == 0,
		unordered: r.IntN(5) == 0,
		text:      r.IntN(2) == 0,
		life:      time.Duration(500+r.IntN(9500)) * time.Millisecond,
		ending:    ending(r.IntN(5)),
		closer:    side(r.IntN(2)),
		code:      websocket.StatusCode(3000 + r.IntN(2000)),
		reason:    fmt.Sprint("because of ", r.Uint32()),
		wanderers: r.IntN(20),
	}
	if r.IntN(3) == 0 {
		p.ending = orderly // the most can be said of these
	}
	if r.IntN(3) == 0 {
		p.code = websocket.StatusNormalClosure
	}
	p.hazards = drawHazards(r, 200)
	switch {
	case by == noHarm:
		p.fault = noFault
	case by == blackHoles && p.fault != noFault:
		p.fault = blackHole
	}
	switch {
	case p.front.casts():
		p.unordered = false
		if p.ending == orderly || p.ending == halfSent {
			p.ending = abrupt
		}
	case p.front.echoes():
		p.writers[server] = 0
		p.unordered = false
		if p.closer == server && p.ending != dropped {
			p.ending = abrupt
		}
	}
	return p
}
