package websocket

import (
	"slices"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/maskkey"
)

// takeNext removes the frame to encode next: the first that may go, in the order in which
// the callers came. If f is the inline frame, it takes part in that order.
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
			return nil // their pings came before it: see encodePongs
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

// encodeDue encodes what may be sent now, as far as there is room: pongs, the queue, and f
// if it is the inline frame. Inside the gate.
func (w *frameWriter) encodeDue(f *outFrame) {
	if w.pongsDue.Load() > 0 && w.box.HasRoom() {
		w.encodePongs()
	}
	for w.box.HasRoom() {
		next := w.takeNext(f)
		switch {
		case next != nil:
			w.encode(next)
		case w.due.Load() > 0 && w.pongsDue.Load() > 0: // they go before a Close frame
			w.encodePongs()
		default:
			return
		}
	}
}

// encode appends f to the Outbox, or rejects it if the state does not allow it. It is the
// only place where a frame with a waiting caller enters the stream.
func (w *frameWriter) encode(f *outFrame) {
	if f.Header.Opcode == frame.Close {
		// RFC 6455 §5.5.1: nothing follows our Close frame. The state says so from here on.
		do, ok := w.host.beginClose(f)
		if !ok {
			w.reject(f)
			return
		}
		f.do = do
	} else if !w.canSend() {
		w.reject(f)
		return
	}
	w.box.Append(&f.OutFrame, w.maskKey())
	if f == &w.inline {
		f.phase = outEncoded // takeNext did this for a frame from the queue, which may be canceled by now
	}
	if f.Message != 0 {
		w.message.Store(w.box.Message())
	}
	if w.traced {
		w.host.frameWritten(f.Header)
	}
}

// reject completes a frame that cannot be sent any more, with the ClosedError.
func (w *frameWriter) reject(f *outFrame) {
	err := w.host.closedError()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgive(f)
	f.complete(err)
}

// encodePongs encodes the pongs that are due, as far as there is room.
func (w *frameWriter) encodePongs() {
	w.mu.Lock()
	defer w.mu.Unlock()
	pongs := &w.waits().pongs
	// A ping that came before the peer's Close frame, or before what we refused, is
	// still answered: RFC 6455 §5.5.2.
	if !w.host.mayPong() {
		pongs.Clear()
	}
	for pongs.Len() > 0 && w.box.HasRoom() {
		h := w.box.AppendPong(pongs.Next(), w.maskKey())
		if w.traced {
			w.host.frameWritten(h)
		}
	}
	w.pongsDue.Store(int32(pongs.Len()))
}

// maskKey returns the key of a frame that is sent: zero, which changes nothing, if this end
// does not mask.
func (w *frameWriter) maskKey() (key frame.Key) {
	if w.role.Masks() {
		key = maskkey.New()
	}
	return key
}
