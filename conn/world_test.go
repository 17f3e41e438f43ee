package conn

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A world is two machines, a server and a client, joined by two pipes. The explorer
// in explorer_test.go looks at everything that can happen in it.

const (
	server = iota
	client
)

var roles = [2]Role{Server, Client}

// What travels in a pipe. A FIN comes after all of it, so it is a flag.
const (
	data    = iota + 1
	bad     // breaks a rule: 1002
	garbled // is not what its type says: 1007
	closing
)

// pipe is one direction of the transport, the sender's buffer included.
type pipe struct {
	frames [4]uint8 // the last place is for a Close frame: the others wait for room
	n      uint8
	fin    bool // the end of the stream follows the frames
	reset  bool // the frames are lost and the reader is told so
	broken bool // writing fails
	gone   bool // nobody reads any more: what is written may be answered by a reset
	cut    bool // nothing arrives any more, and nobody is told
}

func (p *pipe) put(f uint8) {
	p.frames[p.n] = f
	p.n++
}

func (p *pipe) pop() (f uint8) {
	f = p.frames[0]
	copy(p.frames[:], p.frames[1:p.n])
	p.n--
	p.frames[p.n] = 0
	return f
}

// refusable reports whether there is something in it that will be refused.
func (p *pipe) refusable() bool {
	return slices.Contains(p.frames[:p.n], bad) || slices.Contains(p.frames[:p.n], garbled)
}

func (p *pipe) lose() { p.frames, p.n = [4]uint8{}, 0 }

// duty is what an end's driver has to do besides reading what still means something:
// the action that was last asked of it, in the shapes that the root package has.
type duty uint8

const (
	none    duty = iota
	reply        // Conn.receivedClose
	explain      // Conn.fail
	ending       // Conn.endTransport: discards until the end of the stream
)

// witness is what an onlooker has seen of an end, who asks no machine.
type witness struct {
	said    uint16      // the code of the Close frame that took its place in the pipe; 0: none did
	heard   uint16      // the code of the first Close frame that it read and could take
	refused uint16      // the code that RFC 6455 §7.4.1 has for what it refused
	failed  bool        // a write failed
	own     whereabouts // where its Close frame is
	age     uint8       // how many times closeTimeout it has been out of Open
}

// whereabouts is where a Close frame is, of which there is one: see Conn.flush.
type whereabouts uint8

const (
	nowhere    whereabouts = iota
	inBuffer               // waits to be written
	inPipe                 // is written, which nobody has told
	isTold                 // is written
	isNotTaken             // the write failed, or the end gave up before it was told
)

// world is two machines and what is between them.
type world struct {
	end  [2]Lifecycle
	from [2]pipe
	duty [2]duty
	seen [2]witness
}

// now is the time as end i's clock shows it: noon when it leaves Open.
func (w *world) now(i int) time.Time {
	return after(time.Duration(w.seen[i].age) * closeTimeout)
}

// due reports whether the deadline of end i has come.
func (w *world) due(i int) bool {
	d := w.end[i].Deadline()
	return !d.IsZero() && !w.now(i).Before(d)
}

func (w *world) closing(i int) bool {
	s := w.end[i].State()
	return s != Open && s != Terminated
}

func (w *world) over() bool {
	return w.end[server].State() == Terminated && w.end[client].State() == Terminated
}

// knownCodes are those that anybody sends; 0 is none.
var knownCodes = []uint16{0, 1005, 4000, 4001, 1002, 1007, 1011}

// key tells worlds apart by all that their future depends on: who began and by
// what event is left out.
func (w *world) key() (k [2]uint64) {
	for i := range k {
		put := func(bits int, v uint64) { k[i] = k[i]<<bits | v&(1<<bits-1) }
		flags := func(all ...bool) {
			for _, b := range all {
				if b {
					put(1, 1)
				} else {
					put(1, 0)
				}
			}
		}
		codes := func(all ...uint16) {
			for _, c := range all {
				put(3, uint64(slices.Index(knownCodes, c)))
			}
		}
		n, p, o := w.end[i].Ending(), &w.from[i], &w.seen[i]
		put(3, uint64(w.end[i].State()))
		codes(n.Sent.Code, n.Received.Code, o.said, o.heard, o.refused)
		put(2, uint64(w.duty[i]))
		put(2, uint64(o.age))
		left := uint64(0)
		if d := w.end[i].Deadline(); !d.IsZero() {
			left = 1 + uint64(d.Sub(noon)/closeTimeout)
		}
		put(3, left)
		for _, f := range p.frames {
			put(3, uint64(f))
		}
		flags(p.fin, p.reset, p.broken, p.gone, p.cut, o.failed)
		put(2, uint64(w.end[i].close))
		put(3, uint64(o.own))
	}
	return k
}

// String shows both ends with what is under way between them: ends[0] and its pipe on
// the left. A trace has a line of it for every step.
func (w *world) String() string {
	return fmt.Sprintf("%-14v %-24s %24s %v", w.end[server].State(), w.flow(server)+" >", "< "+w.flow(client), w.end[client].State())
}

var frameNames = map[uint8]string{data: "data", bad: "bad", garbled: "garbled", closing: "Close"}

// flow is what is in a pipe, the last first on the way to the right.
func (w *world) flow(i int) string {
	p := &w.from[i]
	var parts []string
	for _, f := range p.frames[:p.n] {
		name := frameNames[f]
		if f == closing {
			name = fmt.Sprint(name, " ", w.seen[i].said)
		}
		parts = append(parts, name)
	}
	for _, flag := range []struct {
		is   bool
		name string
	}{{p.fin, "FIN"}, {p.reset, "RST"}, {p.broken, "broken"}, {p.cut, "cut"}} {
		if flag.is {
			parts = append(parts, flag.name)
		}
	}
	if i == server {
		slices.Reverse(parts)
	}
	return strings.Join(parts, " ")
}
