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
func (s *sender) cancel(f *outFrame, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch f.phase {
	case outWaiting:
		w := s.waits()
		for i, other := range w.queue {
			if other == f {
				w.queue = append(w.queue[:i], w.queue[i+1:]...)
				s.due.Add(-1)
				break
			}
		}
		f.complete(err)
	case outEncoded:
		f.phase, f.err = outCanceled, err
		s.canceled.Add(1)
		s.canceler.Interrupt()
	}
}

// forgive forgets that the caller of f gave up, if it did. The interruption for the last
// such caller must not meet a write that it was not meant for. Under mu.
func (s *sender) forgive(f *outFrame) {
	if f.phase != outCanceled {
		return
	}
	f.phase, f.err = outEncoded, nil
	if s.canceled.Add(-1) == 0 {
		s.canceler.Resume()
	}
}

// retractCanceled is called when a write was interrupted: by the end of ctx, the context
// of f, or by a caller that canceled its frame. The Outbox takes back the frames of which
// nothing is on the wire. Those whose callers gave up are complete, the others wait again.
// What has to stay, because it stands before a Close frame, is sent although its caller
// gave up: the deadline of closing bounds that. retractCanceled reports whether flush goes
// on, and with which context.
func (s *sender) retractCanceled(ctx context.Context, f *outFrame) (context.Context, bool) {
	s.canceler.Resume()
	gone := ctx.Err()
	s.mu.Lock()
	dropped, again, lost := s.box.Retract(func(o *conn.OutFrame) bool {
		return gone != nil && f != nil && o == &f.OutFrame || ownerOf(o).phase == outCanceled
	})
	if lost != nil {
		if f == nil || lost != &f.OutFrame || gone == nil {
			gone = ownerOf(lost).err
		}
		s.mu.Unlock()
		s.fail(conn.Break, fmt.Errorf("write given up in the middle of a frame or message: %w", gone))
		return ctx, false
	}
	s.message.Store(s.box.Message())
	for _, o := range s.box.Frames() { // these stay
		s.forgive(ownerOf(o))
		if f != nil && o == &f.OutFrame && gone != nil {
			ctx, gone = context.Background(), nil
		}
	}
	s.settleRetracted(f, gone, dropped)
	s.queueAgain(again)
	goOn := gone == nil && (f == nil || f.phase != outComplete)
	waits := f != nil && gone != nil && f.phase == outWaiting
	if waits && f == &s.inline {
		f.complete(gone)
	}
	s.mu.Unlock()
	if waits && f != &s.inline {
		s.cancel(f, gone)
	}
	return ctx, goOn
}

// settleRetracted completes the frames that were taken back because their callers gave
// up: f because of gone, the others for their own reasons. Under mu.
func (s *sender) settleRetracted(f *outFrame, gone error, dropped []*conn.OutFrame) {
	for _, o := range dropped {
		t := ownerOf(o)
		err := t.err
		if t == f && gone != nil {
			err = gone
		}
		s.forgive(t)
		t.complete(err)
	}
}

// queueAgain has frames that were taken back wait, in front of the others. Under mu.
func (s *sender) queueAgain(again []*conn.OutFrame) {
	if len(again) == 0 {
		return
	}
	w := s.waits()
	queue := make([]*outFrame, 0, len(again)+len(w.queue))
	for _, o := range again {
		t := ownerOf(o)
		t.phase = outWaiting
		if t != &s.inline {
			queue = append(queue, t)
		}
	}
	s.due.Add(int32(len(queue)))
	w.queue = append(queue, w.queue...)
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
func (s *sender) outcomeOf(err error) writeOutcome {
	switch {
	case err == nil:
		return written
	case errors.Is(err, transport.ErrWriteCut):
		return failed
	case s.canceler.Caused(err):
		return interrupted
	case transport.Interrupted(err):
		return timedOut
	}
	return failed
}

// taint is called when a write was cut. The stream may go on reading the buffer: a stream
// of smux does, after a timeout. So the loan does not go back, or the peer could get what
// belongs to another connection. TLS does not read on, and the pump has a copy.
func (s *sender) taint() {
	if (*s.stream).Traits().Has(transport.RetainsBuffers) {
		s.tainted = true
	}
}

// withCancelCause adds to transport.ErrWriteCut the error of the context because of which it was, in
// place of the transport's.
func (s *sender) withCancelCause(ctx context.Context, err error) error {
	if !errors.Is(err, transport.ErrWriteCut) {
		return err
	}
	s.taint()
	gone := ctx.Err()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.box.Frames() {
		if f := ownerOf(o); gone == nil && f.phase == outCanceled {
			gone = f.err
		}
	}
	if gone == nil {
		return err
	}
	return fmt.Errorf("%w: %w", transport.ErrWriteCut, gone)
}
