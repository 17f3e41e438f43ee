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

// waits returns waiting, and makes it if need be. Under mu.
func (w *frameWriter) waits() *waiting {
	if w.waiting == nil {
		w.waiting = &waiting{}
	}
	return w.waiting
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

// reuse takes back a frame that is complete and was waited for.
func (w *frameWriter) reuse(f *outFrame) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if q := w.waits(); len(q.spare) < maxSpare {
		*f = outFrame{completed: f.completed}
		q.spare = append(q.spare, f)
	}
}

// takeNext takes the frame that goes next: the first that may go, in the order in which
// their callers came. f is among them if it is the inline frame.
func (w *frameWriter) takeNext(f *outFrame) *outFrame {
	if f != &w.inline || f.phase != outWaiting || !w.mayGo(f) {
		f = nil
	}
	if w.due.Load() == 0 {
		return f
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	q := w.waits()
	for i, first := range q.queue {
		if f != nil && f.ticket < first.ticket {
			return f
		}
		if first.Header.Opcode == frame.Close && w.pongsDue.Load() > 0 {
			return nil // the pings came before it: see encodePongs
		}
		if w.mayGo(first) {
			q.queue = slices.Delete(q.queue, i, i+1)
			w.due.Add(-1)
			first.phase = outEncoded // cancel looks for it in the Outbox from now on
			return first
		}
	}
	return f
}

// mayGo reports whether f may be encoded next. Once nothing can be sent any more every
// frame may, because encode rejects it.
func (w *frameWriter) mayGo(f *outFrame) bool { return w.box.Admits(&f.OutFrame) || !w.canSend() }
