package session

import (
	"io"
	"os"
	"time"

	"github.com/hawser-ws/websocket/internal/h2"
)

// sending says how the write stands that waits.
type sending uint8

const (
	sendingNone  sending = iota
	sendingWaits         // not all is on the wire
	sendingDone
)

// writeLimit is when the writes of a stream are late.
type writeLimit struct {
	at    time.Time // zero: never
	timer *time.Timer
}

func (l *writeLimit) stop() {
	if l != nil {
		l.at = time.Time{}
		l.timer.Stop()
	}
}

func (l *writeLimit) passed() bool { return l != nil && !l.at.IsZero() && !time.Now().Before(l.at) }

// Write sends head and then tail. It returns when all of it is in the buffer of the session
// or, if it has to wait for that, on the wire.
func (x *Stream) Write(head, tail []byte) (n int, err error) {
	s := x.s
	s.mu.Lock()
	defer s.leave()
	if err := x.stopped(); err != nil {
		return 0, err
	}
	s.lend()
	if n = s.ep.TrySend(x.st, head, tail); n == len(head)+len(tail) {
		return n, nil
	}
	rest := &h2.Chunk{Owner: x, Head: head, Tail: tail}
	if n < len(head) {
		rest.Head = head[n:]
	} else {
		rest.Head, rest.Tail = nil, tail[n-len(head):]
	}
	if !s.ep.Send(x.st, rest) {
		return n, h2.ErrStreamOver
	}
	x.sending = sendingWaits
	for s.flush(); x.sending == sendingWaits; x.changed.Wait() {
		if err = x.stopped(); err != nil {
			n += s.ep.Retract(rest)
			x.sending = sendingNone
			if rest.Framed() == rest.Size() && x.writeErr == nil {
				return n, nil
			}
			return n, err
		}
	}
	x.sending = sendingNone
	return n + rest.Size(), nil
}

// chunkSent notes that all of what a write waits with is on the wire.
func (x *Stream) chunkSent() {
	if x.sending == sendingWaits {
		x.sending = sendingDone
		x.changed.Broadcast()
	}
}

// stopped returns why nothing may be sent now; nil: it may.
func (x *Stream) stopped() error {
	switch {
	case x.writeErr != nil:
		return x.writeErr
	case x.writing == interrupted || x.limit.passed():
		return os.ErrDeadlineExceeded
	}
	return nil
}

// TryWrite sends as much of p as the windows and the buffer of the session have room for.
func (x *Stream) TryWrite(p []byte) int {
	n := 0
	x.s.mu.Lock()
	if x.writeErr == nil && x.writing == flowing {
		x.s.lend()
		n = x.s.ep.TrySend(x.st, p, nil)
	}
	x.s.leave()
	return n
}

// InterruptWrite makes Write fail with os.ErrDeadlineExceeded until it is called with false.
func (x *Stream) InterruptWrite(on bool) {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.writing = flowIf(on)
	x.changed.Broadcast()
}

// LimitWrite makes Write fail with os.ErrDeadlineExceeded once t has passed. The zero time is
// no limit.
func (x *Stream) LimitWrite(t time.Time) {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	switch {
	case x.closing == closed:
	case t.IsZero():
		x.limit.stop()
	case x.limit == nil:
		x.limit = &writeLimit{at: t, timer: time.AfterFunc(time.Until(t), x.lookAgain)}
	default:
		x.limit.at = t
		x.limit.timer.Reset(time.Until(t))
	}
}

// lookAgain has a write see whether it is late.
func (x *Stream) lookAgain() {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.changed.Broadcast()
}

// CloseWrite sends END_STREAM. It fails if our direction has ended.
func (x *Stream) CloseWrite() bool {
	x.s.mu.Lock()
	defer x.s.leave()
	if x.writeErr != nil || !x.s.ep.End(x.st) {
		return false
	}
	x.writeErr = h2.ErrStreamOver
	return true
}

// AbortRequest ends the peer's direction, if ours has ended: by RST_STREAM with NO_ERROR, behind
// which no client may discard the response (RFC 9113 §8.1). Reads return io.EOF.
func (x *Stream) AbortRequest() {
	x.s.mu.Lock()
	defer x.s.leave()
	if x.closing == closed || x.readErr != nil || x.st.State() != h2.HalfClosedLocal {
		return
	}
	x.s.ep.Reset(x.st, h2.NoError)
	x.endReading(io.EOF)
}
