package websocket

import (
	"slices"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// outFrame is a frame and the caller that waits for it.
type outFrame struct {
	conn.OutFrame
	body  conn.CloseBody // of a Close frame: its code and reason
	event conn.Event     // of a Close frame: reported when it enters the stream
	hold  holding        // whether it may wait for more to leave with it

	ticket    uint64 // the order of the callers: the lowest goes first
	phase     outPhase
	err       error         // once complete; or why its caller gave up
	do        conn.Action   // of a Close frame: what is to be done next
	completed chan struct{} // holds a token once complete; nil for the inline frame
}

// outPhase is where a frame stands, as its caller sees it:
//
//	            takeNext             settleSent
//	outWaiting ──────────▶ outEncoded ─────────▶ outComplete
//	   ▲ │                  ▲ │ │ cancel               ▲
//	   │ │ cancel     sent, │ │ ▼                      │ taken back
//	   │ │         all the  │ │ outCanceled ───────────┤
//	   │ │           same   └─┼──┘                     │
//	   └─┼── retractCanceled ─┘                        │
//	     └─────────────────────────────────────────────┘
//
// Under sender.mu, but for the inline frame.
type outPhase uint8

const (
	outWaiting  outPhase = iota // not encoded, in the queue unless it is the inline frame
	outEncoded                  // in the Outbox, maybe on the wire in part
	outCanceled                 // in the Outbox, and its caller has given up
	outComplete                 // sent, or failed with err
)

// complete ends f, with nil if it was sent, and wakes its caller.
func (f *outFrame) complete(err error) {
	f.phase, f.err = outComplete, err
	if f.completed != nil {
		f.completed <- struct{}{}
	}
}

// ownerOf returns the outFrame that contains f.
func ownerOf(f *conn.OutFrame) *outFrame { return f.Owner.(*outFrame) }

// waiting holds what could not be sent at once.
type waiting struct {
	queue []*outFrame // to be encoded
	pongs conn.PongQueue
	spare []*outFrame // complete, kept for later callers

	tickets uint64 // how many frames were put into the queue

	room *roomCall // of Conn.WhenWritable
}

// roomCall is a function that waits for room in a socket. There is one for each hub that a
// connection is in, as a rule. They are a linked list, under sender.mu.
type roomCall struct {
	f    func()
	next *roomCall
}

// maxSpare is how many frames a connection keeps for later callers. They are not in a
// sync.Pool, which would move their channels to other connections: in tests, a channel that
// leaves the synctest bubble where it was made ends the program.
const maxSpare = 8

// newFrame returns a copy of f that can be waited for. Under mu.
func (w *waiting) newFrame(f *outFrame) *outFrame {
	var fresh *outFrame
	if n := len(w.spare); n > 0 {
		fresh, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		fresh = &outFrame{completed: make(chan struct{}, 1)}
	}
	completed := fresh.completed
	*fresh = *f
	fresh.completed, fresh.Owner = completed, fresh
	return fresh
}

// reuse keeps a complete frame for newFrame. Under mu.
func (w *waiting) reuse(f *outFrame) {
	if len(w.spare) < maxSpare {
		*f = outFrame{completed: f.completed}
		w.spare = append(w.spare, f)
	}
}

// join puts a copy of f into the queue. A ping goes to the front, behind other pings: it
// tests whether the peer answers, and the other frames may wait for long. RFC 6455 §5.5:
// control frames may go between the others. Under mu.
func (w *waiting) join(f *outFrame) *outFrame {
	fresh := w.newFrame(f)
	if f.Header.Opcode == frame.Ping {
		fresh.ticket = 0
		behind := 0
		for behind < len(w.queue) && w.queue[behind].Header.Opcode == frame.Ping {
			behind++
		}
		w.queue = slices.Insert(w.queue, behind, fresh)
		return fresh
	}
	w.tickets++
	fresh.ticket = w.tickets
	w.queue = append(w.queue, fresh)
	return fresh
}

// message is a message to be sent as one frame.
type message struct {
	payload []byte
	opcode  frame.Opcode
	hold    holding
}

// single makes an empty f the frame of a message.
func (f *outFrame) single(m *message) {
	f.Header.Opcode, f.Header.FIN = m.opcode, true
	f.Payload = m.payload
	f.hold = m.hold
	f.phase = outWaiting
}
