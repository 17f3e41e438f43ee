//go:build linux

package soak

import (
	"math/rand/v2"
	"time"
)

// fault is what ends a link before its time.
type fault int

const (
	noFault    fault = iota
	truncate         // the stream ends, each way, with FIN
	reset            // with RST, each way
	resetOne         // with RST to the one end, with FIN to the other
	halfClose        // one direction ends with FIN, the other goes on
	abandon          // nothing more comes through, and nothing is said about it
	abandonOne       // the same in one direction
	blackHole        // packets are dropped from then on (the wire)

	numFaults
)

func (f fault) String() string {
	return [...]string{"no fault", "truncation", "reset", "reset of one end", "half-close", "abandonment", "one-sided abandonment", "black hole"}[f]
}

// silent reports whether only a timeout finds it.
func (f fault) silent() bool { return f == abandon || f == abandonOne || f == blackHole }

// silenceFound is how long a peer may be silent, or not read, on a link on which that is
// to be found.
const silenceFound = 8 * time.Second

// drawHazards draws a fault, or none, and after how many bytes it strikes: some in the
// handshake, some in the first messages, some late. early is how many are few.
func drawHazards(r *rand.Rand, early int64) hazards {
	h := hazards{style: drawStyle(r), fromSide: side(r.IntN(2))}
	h.fault, h.after = drawFault(r, early)
	return h
}

func drawFault(r *rand.Rand, early int64) (f fault, after int64) {
	after = r.Int64N(early << r.IntN(12))
	switch n := r.IntN(100); {
	case n < 55:
		return noFault, 0
	case n < 65:
		return truncate, after
	case n < 75:
		return reset, after
	case n < 82:
		return resetOne, after
	case n < 92:
		return halfClose, after
	case n < 96:
		return abandon, after
	}
	return abandonOne, after
}

// style is how the proxy treats the bytes that it does let through: of 1,000 pieces
// that it reads, so many are treated in this way or that.
type style struct {
	split, join, delay, stall int
	bytewise                  int // bytes at the front of a split piece that go one by one
}

func drawStyle(r *rand.Rand) style {
	switch r.IntN(5) {
	case 0, 1:
		return style{}
	case 2:
		return style{split: 1 + r.IntN(500), bytewise: r.IntN(20)}
	case 3:
		return style{split: r.IntN(50), join: 1 + r.IntN(300), delay: r.IntN(100)}
	}
	return style{split: r.IntN(200), join: r.IntN(50), delay: r.IntN(50), stall: 1 + r.IntN(10), bytewise: r.IntN(4)}
}
