package websocket

import (
	"context"
	"errors"
	"fmt"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/transport"
)

// cancel is called when the caller of f gives up. If f still waits, it leaves the queue. If
// f is encoded, it is marked and the write under way is interrupted, so that whoever is
// inside the gate decides.
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

// retractCanceled is called when a write was interrupted: ctx, the context of f, has ended,
// or another caller has canceled its frame. The Outbox takes back the frames of which
// nothing is on the wire. Those whose callers gave up are complete; the others wait again.
// Frames that stand before a Close frame stay, and are sent although their callers gave up:
// the deadline of closing limits that. retractCanceled reports whether flush goes on, and
// with which context.
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
		what := "write given up in the middle of a frame or message"
		if lost.Header.Opcode == frame.Close { // the state does not go back: see BeginClose
			what = "closing given up before the Close frame was sent"
		}
		w.fail(conn.GiveUp, fmt.Errorf("%s: %w", what, gone))
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

// settleRetracted completes the frames that were taken back because their callers gave up.
// f ends with the error gone if it is not nil, the others with their own. Under mu.
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

// queueAgain returns frames that were taken back to the front of the queue. Under mu.
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

// writeOutcome is the result of a write to the network.
type writeOutcome uint8

const (
	writeDone        writeOutcome = iota
	writePosted                   // the loop writes the rest: see trySend
	writeInterrupted              // by us: it can go on, see retractCanceled
	writeTimedOut                 // not by us: it may go on
	writeFailed
)

// outcomeOf classifies what a write has returned. It must be called before anything clears
// an interruption.
//
// A write that times out without us is tried once more: somebody else may have set a
// deadline on NetConn, and retractCanceled has removed it. If the second attempt times out
// without sending a byte, the timeout is the stream's own: crypto/tls fails every write
// after an interrupted one.
func (w *frameWriter) outcomeOf(err error) writeOutcome {
	switch {
	case err == nil:
		return writeDone
	case errors.Is(err, transport.ErrWriteCut):
		return writeFailed
	case w.canceler.Caused(err):
		return writeInterrupted
	case transport.DeadlineExceeded(err):
		return writeTimedOut
	}
	return writeFailed
}

// taint is called when a write has failed. Some streams go on reading the buffer after
// that; smux does, after a timeout. So the loan never returns to the pool: the peer could
// receive the data of another connection. TLS does not read on, and the pump has a copy.
func (w *frameWriter) taint() {
	if w.traits.Has(transport.RetainsBuffers) {
		w.tainted = true
	}
}

// mayReadOn reports whether the stream may go on reading the payload of a frame whose submit
// has returned err: see taint. A large payload of a server is written from where it is.
func (w *frameWriter) mayReadOn(err error) bool {
	return err != nil && w.traits.Has(transport.RetainsBuffers) && !w.canSend()
}

// failWrite is called when a write has failed with err, before what it has sent is settled.
// If it was cut because a context ended, which is our own doing, the error of that context
// replaces the transport's detail.
func (w *frameWriter) failWrite(ctx context.Context, err error) {
	w.taint()
	gone := w.whoCut(ctx) // settleSent forgives a caller whose frame is sent
	w.settleSent()
	if gone == nil || !errors.Is(err, transport.ErrWriteCut) {
		w.fail(conn.BreakWrite, err)
		return
	}
	w.fail(conn.CutWrite, fmt.Errorf("%w: %w", transport.ErrWriteCut, gone))
}

// whoCut returns the error of the context that interrupted a write: of ctx, or of a caller
// that canceled its frame. It is nil if there is none.
func (w *frameWriter) whoCut(ctx context.Context) error {
	gone := ctx.Err()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.box.Frames() {
		if f := ownerOf(o); gone == nil && f.phase == outCanceled {
			gone = f.err
		}
	}
	return gone
}
