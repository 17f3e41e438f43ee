package websocket

import (
	"context"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/gate"
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
	gate gate.Gate
	frameWriter

	writers gate.Gate   // held by the messageWriter that is open
	opened  uint32      // inside writers: the number of the last messageWriter
	between gate.Wakeup // rings for those who wait for a fragmented message to end

	// Inside the gate, made by the first to need them.
	finish  func()      // flushAndLeave
	limiter *time.Timer // calls holdExpired
}

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
			s.cancel(f, s.host.givenUp(ctx))
		}
	}
}

// flush writes what is due, until f is complete, or, if f is nil, until what was due
// at first is on the wire: nobody serves the others for ever. It returns sooner when
// ctx has ended, whose frame is then taken back if it can be, and when f cannot go
// before a fragmented message has ended. Inside the gate.
func (s *sender) flush(ctx context.Context, f *outFrame) {
	if f != nil && f.phase == outComplete {
		return
	}
	s.borrow()
	if f == nil || f.phase != outEncoded || ctx.Err() == nil { // what is to be taken back stays the last
		s.encodeDue(f)
	}
	vain := 0 // writes in a row that timed out of themselves, with nothing written
	for _, due := s.box.Offsets(); s.box.Unsent(); s.encodeDue(f) {
		if f != nil && s.coalesce.state().admits(f.hold) && ctx.Err() == nil && s.holdBack(f) {
			return
		}
		before, _ := s.box.Offsets()
		outcome, err := s.writeSome(ctx)
		sent, _ := s.box.Offsets()
		if vain++; outcome != timedOut || sent != before {
			vain = 0
		}
		s.settleSent()
		switch {
		case outcome == failed, vain > 1:
			s.fail(conn.BreakWrite, s.withCancelCause(ctx, err))
			return
		case outcome != written, s.canceled.Load() != 0:
			var goOn bool
			if ctx, goOn = s.retractCanceled(ctx, f); !goOn {
				return
			}
		case f != nil && f.phase == outComplete, f == nil && sent >= due:
			return
		}
	}
}

// leave leaves the gate and takes over work that no other goroutine will pick up.
func (s *sender) leave() {
	s.canceler.Park()
	var left remainder
	if s.loan != nil {
		left = s.giveBack()
	}
	s.gate.Unlock()
	switch {
	case conn.State(s.state.Load()) == conn.Terminated:
		s.retire()
		return
	case left == adrift:
		go s.finishWriting() // pongs and the like: their writer was cancelled
		return
	case left == owned, s.due.Load() > 0 && s.message.Load() == 0:
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

// queuePong answers a ping without waiting for the network: a peer that does not
// read must not keep us from reading.
func (s *sender) queuePong(payload []byte) {
	s.mu.Lock()
	pongs := &s.waits().pongs
	pongs.Add(payload)
	s.pongsDue.Store(int32(pongs.Len()))
	s.mu.Unlock()
	if s.gate.TryLock() {
		s.handOver()
	}
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
