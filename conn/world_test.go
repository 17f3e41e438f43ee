package conn

import (
	"fmt"
	"slices"
	"strings"
)

// A world is two machines, a server and a client, joined by two pipes. The explorer
// in twoends_test.go looks at everything that can happen in it.

const (
	server = iota
	client
)

var roles = [2]Role{Server, Client}

// What travels in a pipe. A FIN comes after all of it, so it is a flag.
const (
	data = iota + 1
	bad  // breaks a rule
	closing
)

// pipe is one direction of the transport.
type pipe struct {
	frames [3]uint8
	n      uint8
	fin    bool // the end of the stream follows the frames
	reset  bool // the frames are lost and the reader is told so
	broken bool // writing fails
	gone   bool // nobody reads any more: what is written may be answered by a reset
}

func (p *pipe) pop() (f uint8) {
	f = p.frames[0]
	copy(p.frames[:], p.frames[1:p.n])
	p.n--
	p.frames[p.n] = 0
	return f
}

// world is two machines and what is between them.
type world struct {
	end  [2]Lifecycle
	from [2]pipe
	last [2]bool // the Close frame is in the pipe, or was
}

// sentCodes are those that stepsOf sends; 0 is none yet.
var sentCodes = []uint16{0, 4000, 4001, 1002, 1007}

// key tells worlds apart by all that their future depends on: who began and by
// what event is left out.
func (w *world) key() (k uint64) {
	put := func(bits int, v uint64) { k = k<<bits | v }
	flag := func(b bool) {
		if b {
			put(1, 1)
		} else {
			put(1, 0)
		}
	}
	for i := range 2 {
		put(3, uint64(w.end[i].State()))
		put(3, uint64(slices.Index(sentCodes, w.end[i].Ending().Sent.Code)))
		flag(w.end[i].Ending().Received.Code != 0) // which is what the other end sent
		p := &w.from[i]
		for _, f := range p.frames {
			put(2, uint64(f))
		}
		flag(p.fin)
		flag(p.reset)
		flag(p.broken)
		flag(p.gone)
		flag(w.last[i])
	}
	return k
}

func (w *world) over() bool {
	return w.end[server].State() == Terminated && w.end[client].State() == Terminated
}

func (w *world) String() string {
	var b strings.Builder
	for i, role := range roles {
		p := &w.from[i]
		fmt.Fprintf(&b, "%v %v %+v sends %v fin %v reset %v broken %v; ", role, w.end[i].State(), w.end[i].Ending(), p.frames[:p.n], p.fin, p.reset, p.broken)
	}
	return b.String()
}
