package websocket

import (
	"context"
	"errors"
	"fmt"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/transport"
)

// cancel asks that f not be sent, because its caller has given up. If it is encoded
// already, whoever is inside the gate decides; the write under way is interrupted for
// that.
func (w *frameWriter) cancel(f *outFrame, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch f.phase {
	case outWaiting:
		q := w.waits()
		for i, other := range q.queue {
			if other == f {
				q.queue = append(q.queue[:i], q.queue[i+1:]...)
				w.due.Add(-1)
				break
			}
		}
		f.complete(err)
	case outEncoded:
		f.phase, f.err = outCanceled, err
		w.canceled.Add(1)
		w.canceler.Interrupt()
	}
}

// retractCanceled is called when a write was interrupted: by the end of ctx, the context
// of f, or by a caller that canceled its frame. The Outbox takes back the frames of which
// nothing is on the wire. Those whose callers gave up are complete, the others wait again.
// What has to stay, because it stands before a Close frame, is sent although its caller
// gave up: the deadline of closing bounds that. retractCanceled reports whether flush goes
// on, and with which context.
func (w *frameWriter) retractCanceled(ctx context.Context, f *outFrame) (context.Context, bool) {
	w.canceler.Resume()
	gone := ctx.Err()
	w.mu.Lock()
	dropped, again, lost := w.box.Retract(func(o *conn.OutFrame) bool {
		return gone != nil && f != nil && o == &f.OutFrame || ownerOf(o).phase == outCanceled
	})
	if lost != nil {
		if f == nil || lost != &f.OutFrame || gone == nil {
			gone = ownerOf(lost).err
		}
		w.mu.Unlock()
		w.fail(conn.Break, fmt.Errorf("write given up in the middle of a frame or message: %w", gone))
		return ctx, false
	}
	w.message.Store(w.box.Message())
	for _, o := range w.box.Frames() { // these stay
		w.forgive(ownerOf(o))
		if f != nil && o == &f.OutFrame && gone != nil {
			ctx, gone = context.Background(), nil
		}
	}
	w.settleRetracted(f, gone, dropped)
	w.queueAgain(again)
	goOn := gone == nil && (f == nil || f.phase != outComplete)
	waits := f != nil && gone != nil && f.phase == outWaiting
	if waits && f == &w.inline {
		f.complete(gone)
	}
	w.mu.Unlock()
	if waits && f != &w.inline {
		w.cancel(f, gone)
	}
	return ctx, goOn
}

// settleRetracted completes the frames that were taken back because their callers gave
// up: f because of gone, the others for their own reasons. Under mu.
func (w *frameWriter) settleRetracted(f *outFrame, gone error, dropped []*conn.OutFrame) {
	for _, o := range dropped {
		t := ownerOf(o)
		err := t.err
		if t == f && gone != nil {
			err = gone
		}
		w.forgive(t)
		t.complete(err)
	}
}

// queueAgain has frames that were taken back wait, in front of the others. Under mu.
func (w *frameWriter) queueAgain(again []*conn.OutFrame) {
	if len(again) == 0 {
		return
	}
	q := w.waits()
	queue := make([]*outFrame, 0, len(again)+len(q.queue))
	for _, o := range again {
		t := ownerOf(o)
		t.phase = outWaiting
		if t != &w.inline {
			queue = append(queue, t)
		}
	}
	w.due.Add(int32(len(queue)))
	q.queue = append(queue, q.queue...)
}

// writeOutcome is what a write to the network has come to.
type writeOutcome uint8

const (
	written     writeOutcome = iota
	interrupted              // by us: it can go on, see retractCanceled
	timedOut                 // of itself: it may go on
	failed
)

// outcomeOf judges what a write has returned. It is called before anything clears an
// interruption.
//
// A write that timed out of itself is tried again, since a deadline may have been set
// by others, and retractCanceled removes it. If that was in vain, twice in a row without a
// byte between, the timeout is the stream's own. crypto/tls, for one, has a write that was
// interrupted once fail for ever.
func (w *frameWriter) outcomeOf(err error) writeOutcome {
	switch {
	case err == nil:
		return written
	case errors.Is(err, transport.ErrWriteCut):
		return failed
	case w.canceler.Caused(err):
		return interrupted
	case transport.Interrupted(err):
		return timedOut
	}
	return failed
}

// taint is called when a write was cut. The stream may go on reading the buffer: a stream
// of smux does, after a timeout. So the loan does not go back, or the peer could get what
// belongs to another connection. TLS does not read on, and the pump has a copy.
func (w *frameWriter) taint() {
	if w.traits.Has(transport.RetainsBuffers) {
		w.tainted = true
	}
}

// withCancelCause adds to transport.ErrWriteCut the error of the context because of which it was, in
// place of the transport's.
func (w *frameWriter) withCancelCause(ctx context.Context, err error) error {
	if !errors.Is(err, transport.ErrWriteCut) {
		return err
	}
	w.taint()
	gone := ctx.Err()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.box.Frames() {
		if f := ownerOf(o); gone == nil && f.phase == outCanceled {
			gone = f.err
		}
	}
	if gone == nil {
		return err
	}
	return fmt.Errorf("%w: %w", transport.ErrWriteCut, gone)
}
