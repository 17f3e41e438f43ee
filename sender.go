package websocket

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/gate"
	"github.com/hawser-ws/websocket/internal/ledger"
	"github.com/hawser-ws/websocket/internal/transport"
)

// sender is the sending half of a connection: bytes out of frames. Its [conn.Outbox]
// knows the order of the stream and what may be taken back; the sender knows who waits.
//
//	            gate is open                      gate is taken
//	Write ───▶ inline frame ──▶ Outbox       ───▶ queue, by ticket
//	                               │                 │ encodeDue, by whoever is inside
//	                               ▼                 ▼
//	                            transport ◀─────── Outbox
//
// Whoever is inside the gate encodes its own frame and all that wait into one buffer and
// writes them together. So concurrent writers share system calls, and no goroutine
// serves them. A caller keeps its payload unchanged until its frame is complete.
type sender struct {
	gate     gate.Gate
	canceler transport.Canceler
	stream   *transport.Transport // where the connection has its transport
	host     sendHost
	state    *atomic.Uint32 // the conn.State of the connection
	role     conn.Role
	*loan    // inside the gate; nil while nothing is on its way
	pace     *pace
	trace    func(frame.Header) // told of every frame that is encoded; may be nil

	coalesce coalescer
	message  atomic.Uint32 // the fragmented message that is under way, as in the Outbox; 0: none

	writers gate.Gate   // held by the messageWriter that is open
	opened  uint32      // inside writers: the number of the last messageWriter
	between gate.Wakeup // rings for those who wait for a fragmented message to end

	mu       sync.Mutex
	waiting  *waiting     // nil: nothing ever has; under mu
	due      atomic.Int32 // how many frames are in its queue
	pongsDue atomic.Int32 // how many pongs wait
	canceled atomic.Int32 // how many encoded frames have callers that gave up

	// Inside the gate, made by the first to need them.
	finish  func()      // flushAndLeave
	limiter *time.Timer // calls holdExpired
}

// sendHost is what a sender needs of its connection.
type sendHost interface {
	// beginClose reports that the Close frame f takes its place in the stream. It reports
	// false, and nothing has changed, if no such frame may be sent.
	beginClose(f *outFrame) (conn.Action, bool)
	// closeWritten reports that our Close frame is on the wire.
	closeWritten()
	// sendFailed reports that nothing more can be sent, and why.
	sendFailed(e conn.Event, cause error)
	closedError() *ClosedError
	// mayPong reports whether pings are still answered.
	mayPong() bool
	// interrupts returns what is closed when ctx ends, if that has to interrupt a write. It is
	// nil for a context that never ends, or only with the connection.
	interrupts(ctx context.Context) <-chan struct{}
	// done is closed when the connection has ended.
	done() <-chan struct{}
}

// loan is what a sender borrows while something is on its way.
type loan struct {
	box     conn.Outbox
	inline  outFrame // of a caller that found the gate open
	tainted bool     // the memory is not lent again: see taint
}

var loans = ledger.NewPool("outboxes", func() any {
	l := &loan{inline: outFrame{phase: outComplete}}
	l.inline.Owner = &l.inline
	return l
})

// borrow makes sure that there is a loan.
func (s *sender) borrow() {
	if s.loan == nil {
		s.loan = loans.Get().(*loan)
		s.box.Init(s.role, s.message.Load())
	}
}

// giveBack returns the loan if nothing is on its way.
func (s *sender) giveBack() {
	if s.loan == nil || !s.box.Empty() {
		return
	}
	if !s.tainted {
		s.box.Reset()
		loans.Put(s.loan)
	}
	s.loan = nil
}

// canSend reports whether the state allows a data frame, ping or pong.
func (s *sender) canSend() bool { return conn.State(s.state.Load()).CanSend() }

// arm makes ctx able to interrupt the write that comes next.
func (s *sender) arm(ctx context.Context) error {
	if !ofConnection(ctx) { // the common cases, without a call of the host
		done := ctx.Done()
		if done == nil {
			s.canceler.Disarm()
			return nil
		}
		if s.canceler.IsArmed(done) {
			return s.canceler.Arm(ctx, done)
		}
	}
	done := s.host.interrupts(ctx)
	if done == nil {
		s.canceler.Disarm()
		return nil
	}
	return s.canceler.Arm(ctx, done)
}

// unsent reports whether something is encoded and not on the wire. Inside the gate.
func (s *sender) unsent() bool { return s.loan != nil && s.box.Unsent() }

// submit sends a frame. It returns when the frame is handed to the transport, has
// failed, or has been taken back because ctx ended before any of it was sent.
func (s *sender) submit(ctx context.Context, f *outFrame) (conn.Action, error) {
	if s.gate.TryLock() {
		s.borrow()
		s.setInline(f)
		if do, complete, err := s.sendInline(ctx); complete {
			return do, err
		}
	}
	return s.enqueue(ctx, f)
}

// setInline makes f the inline frame.
func (s *sender) setInline(f *outFrame) {
	s.inline = *f
	s.inline.Owner = &s.inline
}

// sendInline sends the inline frame, inside the gate, and leaves. It is not complete if
// a fragmented message must end before it.
//
// What a write to the network needs of the stack counts here: a goroutine whose
// stack has grown beyond 2 KiB once keeps it, and there is one for every
// connection. So the functions on the way to the system call keep their frames
// small.
func (s *sender) sendInline(ctx context.Context) (do conn.Action, complete bool, err error) {
	s.placeInline()
	s.flush(ctx, &s.inline)
	do, complete, err = s.takeInline()
	s.leave()
	return do, complete, err
}

// placeInline gives the inline frame its place: behind the frames that wait already,
// before those that come later. A ping goes before them all: see join.
func (s *sender) placeInline() {
	if s.due.Load() == 0 || s.inline.Header.Opcode == frame.Ping {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inline.ticket = s.waits().tickets
}

// takeInline empties the inline frame and returns how it ended.
func (s *sender) takeInline() (do conn.Action, complete bool, err error) {
	f := &s.inline
	do, complete, err = f.do, f.phase == outComplete, f.err
	*f = outFrame{phase: outComplete}
	f.Owner = f
	return do, complete, err
}

// enqueue is submit for a frame that has to wait.
func (s *sender) enqueue(ctx context.Context, f *outFrame) (conn.Action, error) {
	s.mu.Lock()
	queued := s.waits().join(f)
	s.due.Add(1)
	s.mu.Unlock()
	s.await(ctx, queued)
	do, err := queued.do, queued.err
	s.reuse(queued)
	return do, err
}

// await waits until f is complete: by another writer, or by the caller when its
// turn at the gate comes.
func (s *sender) await(ctx context.Context, f *outFrame) {
	giveUp := ctx.Done()
	for {
		again := s.gate.WaitC()
		if s.gate.TryLockOrQueue() {
			s.flush(ctx, f)
			if f.phase == outWaiting { // a fragmented message must end before it
				again = s.between.C()
			}
			s.leave()
		}
		select {
		case <-f.completed:
			return
		case <-again:
		case <-giveUp:
			giveUp = nil
			s.cancel(f, ctx.Err())
		}
	}
}

// leave leaves the gate and takes over work that no other goroutine will pick up.
func (s *sender) leave() {
	s.canceler.Park()
	s.giveBack()
	unsent := s.unsent()
	owned := s.loan != nil && len(s.box.Frames()) > 0 // their callers go on where this one stopped
	holding := unsent && s.box.Holding() && s.coalesce.state() != streamEnded
	s.gate.Unlock()
	switch {
	case conn.State(s.state.Load()) == conn.Terminated:
		s.retire()
		return
	case unsent && !owned && !holding:
		go s.finishWriting() // pongs and the like: their writer was cancelled
		return
	case owned, s.due.Load() > 0 && s.message.Load() == 0:
		s.gate.WakeOne()
		s.between.Wake()
	}
	if (s.pongsDue.Load() > 0 || s.coalesce.state()&flushWanted != 0) && s.gate.TryLock() {
		s.handOver() // a peer that does not read it is not the caller's concern
	}
}

// handOver leaves what is due, and the gate, to a goroutine.
func (s *sender) handOver() {
	if s.finish == nil {
		s.finish = s.flushAndLeave // bound once, so that it costs nothing for every batch
	}
	go s.finish()
}

// flushAndLeave writes what is due on nobody's behalf. Its caller has entered the gate.
func (s *sender) flushAndLeave() {
	s.flush(context.Background(), nil)
	s.leave()
}

// finishWriting enters the gate and writes what is due on nobody's behalf.
func (s *sender) finishWriting() {
	s.gate.Lock(nil, nil)
	s.flushAndLeave()
}

// owes reports whether something is to be sent, or being sent.
func (s *sender) owes() bool {
	if !s.gate.TryLock() {
		return true
	}
	owes := s.unsent() || s.due.Load() > 0 || s.pongsDue.Load() > 0
	s.leave()
	return owes
}

// retire gives back what the sender holds, and fails what waits, once the connection has
// ended and nobody is inside.
func (s *sender) retire() {
	if !s.gate.TryLock() {
		return
	}
	s.canceler.Reset()
	s.borrow()
	s.failEncoded()
	s.encodeDue(nil) // completes what is in the queue: nothing can be sent any more
	s.giveBack()
	s.gate.Unlock()
}
