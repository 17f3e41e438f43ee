package websocket

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/gate"
	"github.com/hawser-ws/websocket/internal/maskkey"
	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// defaultWriteBufferSize is the largest payload of a fragment, in bytes, where a program
// does not say.
const defaultWriteBufferSize = 4096

// sender is the writing half of a connection. Its locks are taken in the order in which
// they stand here. A message of one small frame needs none but the wire: see writeSingle.
type sender struct {
	message sync.Mutex     // held while another message, or a part of one, is made and sent
	writer  *messageWriter // the open one; under message
	busy    atomic.Bool    // message is held, or writer is open; set under message

	turn   gate.Gate // held by the one who waits for the wire and gets it next
	wire   gate.Gate // held while bytes go to the network
	number uint32    // what the Outbox says of the message under way; inside wire

	mu       sync.Mutex
	deadline time.Time   // of data messages; under mu
	limited  atomic.Bool // there is a deadline; set under mu
	err      error       // sticky; set inside wire and under mu, read inside either
	broken   atomic.Bool // there is an error; set under mu

	frameSize  int        // WriteBufferSize
	singleSize int        // bytes of the largest message that writeSingle takes
	pool       BufferPool // nil: writeBuffers
}

func (s *sender) init(p connParams) {
	s.frameSize, s.pool = p.writeBufferSize, p.writePool
	if s.frameSize <= 0 {
		s.frameSize = defaultWriteBufferSize
	}
	s.singleSize = conn.MaxCopiedPayload
	if p.role.Masks() {
		s.singleSize = min(s.singleSize, s.frameSize)
	}
}

// SetWriteDeadline sets the deadline of the writes that begin from now on, except those
// that have one of their own. A write that has timed out is the last one: all that follow
// fail with its error. The zero time is no deadline.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.deadline = t
	c.out.limited.Store(!t.IsZero())
	return nil
}

// limit returns the deadline of data messages.
func (s *sender) limit() time.Time {
	if !s.limited.Load() {
		return time.Time{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deadline
}

// failed returns the error if nothing can be sent, outside the wire.
func (s *sender) failed() error {
	if !s.broken.Load() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// begin locks message.
func (s *sender) begin() {
	s.message.Lock()
	if !s.busy.Load() {
		s.busy.Store(true)
	}
}

// end unlocks message.
func (s *sender) end() {
	if s.writer == nil {
		s.busy.Store(false)
	}
	s.message.Unlock()
}

// fail makes err the error of all writes, unless there is one.
func (s *sender) fail(err error) error {
	err = lasting(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
		s.broken.Store(true)
	}
	return err
}

// loan is what a write borrows.
type loan struct {
	box   conn.Outbox
	frame conn.OutFrame
}

var loans = poolcheck.NewPool("outboxes of the drop-in", func() any { return new(loan) })

// borrow returns a loan, inside the wire.
func (c *Conn) borrow() *loan {
	l := loans.Get().(*loan)
	l.box.Init(c.role, c.out.number)
	return l
}

// giveBack returns a loan from which all has been sent. If a write has failed, it stays
// away from the pool: the stream may still be looking at that memory.
func (l *loan) giveBack() {
	l.box.Reset()
	loans.Put(l)
}

// flush sends what is encoded.
func (c *Conn) flush(l *loan, deadline time.Time) error {
	_ = c.nc.SetWriteDeadline(deadline)
	c.out.number = l.box.Message()
	for l.box.Unsent() {
		head, tail := l.box.Pending()
		n, err := c.stream.Write(head, tail)
		if l.box.Advance(n); err != nil {
			return c.out.fail(err)
		}
	}
	l.frame = conn.OutFrame{}
	l.giveBack()
	return nil
}

// key returns a masking key if this end needs one.
func (c *Conn) key() frame.Key {
	if c.role.Masks() {
		return maskkey.New()
	}
	return 0
}

// outgoing is what is to be sent of a message.
type outgoing struct {
	header  frame.Header // of the next frame; FIN: what is here ends the message
	payload []byte
	size    int // bytes of payload in a frame; 0 or less: all
}

// message is the number by which the Outbox knows the message under way. There is never
// more than one.
const message = 1

// send sends m, as one frame or more.
func (c *Conn) send(m outgoing) error {
	if m.size <= 0 {
		m.size = len(m.payload)
	}
	for done := false; !done; {
		var err error
		if done, err = c.sendSome(&m); err != nil {
			return err
		}
	}
	return nil
}

// sendSome sends as many frames of m as leave together. Control frames may go between
// these and the rest.
func (c *Conn) sendSome(m *outgoing) (done bool, err error) {
	c.out.enter()
	defer c.out.wire.Unlock()
	if c.out.err != nil {
		return false, c.out.err
	}
	op := m.header.Opcode
	l := c.borrow()
	for first := true; !done && (first || l.box.Fits(min(m.size, len(m.payload)))); first = false {
		done = m.append(l, c.key())
	}
	return done, c.sent(op, c.flush(l, c.out.limit()))
}

// sent is told how a write has ended. RFC 6455 §5.5.1: nothing follows a Close frame.
func (c *Conn) sent(op frame.Opcode, err error) error {
	if err == nil && op == frame.Close {
		_ = c.out.fail(ErrCloseSent)
	}
	return err
}

// enter locks the wire, behind those who wait for it. A goroutine
// that writes without a pause would otherwise have it again before they are awake.
func (s *sender) enter() {
	if !s.tryEnter() {
		s.await(nil)
	}
}

// tryEnter locks the wire if nobody has it or waits for it.
func (s *sender) tryEnter() bool { return !s.turn.Held() && s.wire.TryLock() }

// await locks the wire, unless tooLate is closed before.
func (s *sender) await(tooLate <-chan struct{}) bool {
	if !s.turn.Lock(tooLate, nil) {
		return false
	}
	defer s.turn.Unlock()
	return s.wire.Lock(tooLate, nil)
}

// append encodes the next frame of m, and reports whether it was the last.
func (m *outgoing) append(l *loan, key frame.Key) (done bool) {
	n := min(m.size, len(m.payload))
	done = n == len(m.payload)
	h := m.header
	h.FIN = h.FIN && done
	l.frame = conn.OutFrame{Header: h, Payload: m.payload[:n]}
	if !h.FIN || h.Opcode == frame.Continuation {
		l.frame.Message = message
	}
	l.box.Append(&l.frame, key)
	m.payload = m.payload[n:]
	m.header.Opcode, m.header.RSV1 = frame.Continuation, false
	return done
}
