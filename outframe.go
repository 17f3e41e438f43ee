package websocket

import (
	"slices"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// outFrame is a frame and the caller that waits for it.
type outFrame struct {
	conn.OutFrame
	body  conn.CloseBody // what a Close frame says
	event conn.Event     // what it is to the lifecycle that a Close frame takes its place
	hold  holding        // it may wait for more to leave with it

	ticket    uint64 // when its caller came: the lowest goes first
	phase     outPhase
	err       error         // once complete; or why its caller gave up
	do        conn.Action   // what sending a Close frame calls for
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

// complete ends f: with nil if it was sent. Whoever waits for f is told.
func (f *outFrame) complete(err error) {
	f.phase, f.err = outComplete, err
	if f.completed != nil {
		f.completed <- struct{}{}
	}
}

// ownerOf returns the frame whose part in the Outbox f is.
func ownerOf(f *conn.OutFrame) *outFrame { return f.Owner.(*outFrame) }

// waiting is what could not be sent at once.
type waiting struct {
	queue []*outFrame // to be encoded
	pongs conn.PongQueue
	spare []*outFrame // to be used again

	tickets uint64 // how many frames were put into the queue
}

// maxSpare is how many frames a connection keeps for writes that meet. They do not go
// from one connection to another by a sync.Pool: their channels would leave the synctest
// bubble they were made in, and end the program.
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

// join puts a copy of f into the queue. A ping goes in front, behind other pings: it is to
// find out whether the peer answers, and the other frames may have to wait for long.
// RFC 6455 §5.5: control frames may go between the others. Under mu.
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
