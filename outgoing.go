package websocket

import (
	"slices"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// outgoing is one frame on its way out.
type outgoing struct {
	header  frame.Header   // opcode and FIN; the rest is set when it is encoded
	payload []byte         // of the caller
	framed  []byte         // or the whole frame, ready to be sent (server)
	message *messageWriter // the fragmented message it belongs to; nil: it is whole
	body    conn.CloseBody // what a Close frame says
	event   conn.Event     // what it is to the lifecycle that a Close frame takes its place
	hold    holding        // it may wait for more to leave with it

	ticket     uint64         // when its caller came: the lowest goes first
	begin, end uint64         // offsets, once encoded
	before     *messageWriter // writer.message before it was encoded
	phase      outPhase
	err        error         // once settled; or why it was withdrawn
	do         conn.Action   // what sending a Close frame calls for
	settled    chan struct{} // holds a token once settled; nil for writer.own
}

// outPhase is where an outgoing stands. Under writer.mu, but for writer.own.
type outPhase uint8

const (
	outWaiting   outPhase = iota // not encoded, in the queue unless it is writer.own
	outTaken                     // encoded, maybe on the wire in part
	outWithdrawn                 // taken, and its caller has given up
	outSettled                   // sent, or failed with err
)

// holding says whether a message may be held back for more to leave with it.
type holding uint8

const (
	atOnce  holding = iota
	asReply         // while a loop over messages has more of them at hand, and not for long
	inBatch
)

// mayHold reports whether a message may be held back. It is asked when the message is about
// to be sent, because things may have changed while its caller waited. Inside the gate.
func (w *writer) mayHold(h holding) bool {
	return h == inBatch || h == asReply && w.replying.Load()
}

// maxSpare is how many outgoings a connection keeps for writes that meet. They do
// not go from one connection to another by a sync.Pool: their channels would leave
// the synctest bubble they were made in, and end the program.
const maxSpare = 8

// newOutgoing returns a copy of f that can be waited for. Under mu.
func (w *waiting) newOutgoing(f *outgoing) *outgoing {
	var o *outgoing
	if n := len(w.spare); n > 0 {
		o, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		o = &outgoing{settled: make(chan struct{}, 1)}
	}
	settled := o.settled
	*o = *f
	o.settled = settled
	return o
}

// join puts a copy of f into the queue. A ping goes in front, behind other pings: it is to
// find out whether the peer answers, and the other frames may have to wait for long.
// RFC 6455 §5.5: control frames may go between the others. Under mu.
func (w *waiting) join(f *outgoing) *outgoing {
	o := w.newOutgoing(f)
	if f.header.Opcode == frame.Ping {
		o.ticket = 0
		behind := 0
		for behind < len(w.queue) && w.queue[behind].header.Opcode == frame.Ping {
			behind++
		}
		w.queue = slices.Insert(w.queue, behind, o)
		return o
	}
	w.tickets++
	o.ticket = w.tickets
	w.queue = append(w.queue, o)
	return o
}

// reuse takes back an outgoing that was settled and waited for.
func (w *writer) reuse(o *outgoing) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if q := w.waits(); len(q.spare) < maxSpare {
		*o = outgoing{settled: o.settled}
		q.spare = append(q.spare, o)
	}
}

// settle ends o: with nil if it was sent. Whoever waits for o is told.
func (o *outgoing) settle(err error) {
	o.phase, o.err = outSettled, err
	if o.settled != nil {
		o.settled <- struct{}{}
	}
}
