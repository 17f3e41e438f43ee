package websocket

import (
	"context"
	"errors"
	"fmt"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/transport"
)

// withdraw asks that o not be sent, because its caller has given up. If it is
// encoded already, whoever is inside decides; the write under way is interrupted
// for that.
func (c *Conn) withdraw(o *outgoing, err error) {
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	switch o.phase {
	case outWaiting:
		q := w.waits()
		for i, other := range q.queue {
			if other == o {
				q.queue = append(q.queue[:i], q.queue[i+1:]...)
				w.due.Add(-1)
				break
			}
		}
		o.settle(err)
	case outTaken:
		o.phase, o.err = outWithdrawn, err
		w.withdrawn.Add(1)
		w.canceler.Interrupt()
	}
}

// forgiveWithdrawal is called when o is about to be settled. The interruption of
// the last withdrawal must not meet a write that it was not meant for.
func (w *writer) forgiveWithdrawal(o *outgoing) {
	if o.phase == outWithdrawn && w.withdrawn.Add(-1) == 0 {
		w.canceler.Resume()
	}
}

// reconsider is called when a write was interrupted: by the end of ctx, or by a
// caller that withdrew its frame. Frames of which nothing is on the wire are
// taken back; those whose callers gave up are settled, the others wait again. What
// stands before a Close frame cannot be taken back without it, and is sent: the
// deadline of closing bounds that. It reports whether the caller of flush goes on, and
// with which context.
func (c *Conn) reconsider(ctx context.Context, o *outgoing) (context.Context, bool) {
	w := &c.out
	w.canceler.Resume()
	gone := ctx.Err()
	w.mu.Lock()
	// Nothing of a frame from keep on is on the wire.
	var lost error
	keep := len(w.taken)
	for keep > 0 && w.taken[keep-1].begin >= max(w.sent, w.committed) {
		keep--
	}
	for _, t := range w.taken[:keep] {
		switch {
		case t.begin >= w.sent:
			if t.phase == outWithdrawn {
				w.forgiveWithdrawal(t)
				t.phase, t.err = outTaken, nil
			}
			if t == o && gone != nil {
				ctx, gone = context.Background(), nil
			}
		case t == o && gone != nil:
			lost = gone
		case t.phase == outWithdrawn:
			lost = t.err
		}
	}
	if lost != nil {
		w.mu.Unlock()
		c.writeFailed(conn.Break, fmt.Errorf("write given up in the middle of a frame or message: %w", lost))
		return ctx, false
	}
	var again []*outgoing
	for i, t := range w.taken[keep:] {
		if i == 0 {
			c.cutOff(t)
		}
		switch {
		case t == o && gone != nil:
			w.forgiveWithdrawal(t)
			t.settle(gone)
		case t.phase == outWithdrawn:
			w.forgiveWithdrawal(t)
			t.settle(t.err)
		default:
			t.phase = outWaiting
			if t != &w.own {
				again = append(again, t)
			}
		}
	}
	w.taken = w.taken[:keep]
	if len(again) > 0 {
		q := w.waits()
		q.queue = append(again, q.queue...)
	}
	w.due.Add(int32(len(again)))
	if o != nil && gone != nil && o.phase == outWaiting && o != &w.own {
		w.mu.Unlock()
		c.withdraw(o, gone)
		return ctx, false
	}
	if o != nil && gone != nil && o.phase == outWaiting {
		o.settle(gone)
	}
	w.mu.Unlock()
	return ctx, gone == nil && (o == nil || o.phase != outSettled)
}

// errInterrupted says that a write stopped where it can go on: see reconsider.
var errInterrupted = errors.New("write interrupted, to be reconsidered")

// interruption makes errInterrupted of err, which a write has returned, if the write
// was interrupted by us. It is called before anything clears the interruption.
//
// A write that timed out of itself is tried again, since a deadline may have been set
// by others, and reconsider removes it. If that was in vain, twice in a row without a
// byte between, err stays as it is: the timeout is the stream's own. crypto/tls, for
// one, has a write that was interrupted once fail for ever.
func (w *writer) interruption(err error, nothing, vain bool) (_ error, inVain bool) {
	switch {
	case err == nil, err == errInterrupted, errors.Is(err, transport.ErrWriteCut):
		return err, false
	case w.canceler.Caused(err):
		return errInterrupted, false
	case !transport.Interrupted(err), nothing && vain:
		return err, false
	}
	return errInterrupted, nothing
}

// keepBuffer is called when a write was cut. The stream may go on reading buf: a stream of
// smux does, after a timeout. So buf is not lent again, or the peer could get what
// belongs to another connection. TLS does not, and the pump has a copy.
func (c *Conn) keepBuffer() {
	if c.transport.Traits().Has(transport.RetainsBuffers) {
		c.out.kept = true
	}
}

// whoCut adds to transport.ErrWriteCut the error of the context because of which it was, in place
// of the transport's.
func (c *Conn) whoCut(ctx context.Context, err error) error {
	w := &c.out
	if !errors.Is(err, transport.ErrWriteCut) {
		return err
	}
	c.keepBuffer()
	gone := ctx.Err()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.taken {
		if gone == nil && t.phase == outWithdrawn {
			gone = t.err
		}
	}
	if gone == nil {
		return err
	}
	return fmt.Errorf("%w: %w", transport.ErrWriteCut, gone)
}

// cutOff drops what is encoded from t on.
func (c *Conn) cutOff(t *outgoing) {
	w := &c.out
	w.encoded = t.begin
	w.end = w.start + int(w.encoded-w.sent)
	w.tail = nil
	w.message.Store(t.before)
}
