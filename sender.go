package websocket

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/gate"
	"github.com/hawser-ws/websocket/internal/transport"
)

// sender is the sending half of a connection: it turns frames into bytes. Its [conn.Outbox]
// knows the order of the stream and what may be taken back; the sender knows who waits.
//
//	            gate is open                      gate is taken
//	Write ───▶ inline frame ──▶ Outbox       ───▶ queue, by ticket
//	                               │                 │ encodeDue, by whoever is inside
//	                               ▼                 ▼
//	                            transport ◀─────── Outbox
//
// The goroutine inside the gate encodes its own frame and all that wait into one buffer,
// and writes them together. So concurrent writers share system calls, and no goroutine
// exists only to write. A caller must not change its payload until its frame is complete.
type sender struct {
	gate gate.Gate
	frameWriter

	seldom atomic.Pointer[seldom] // made by the first who needs it
}

// seldom is what most connections never need.
type seldom struct {
	// For messages in fragments.
	writers gate.Gate   // held by the messageWriter that is open
	opened  uint32      // inside writers: the number of the last messageWriter
	ended   gate.Wakeup // wakes one caller that waits for a fragmented message to end

	// For what runs without a caller; inside the gate of the sender.
	finish func()      // flushAndLeave, bound once: each binding would allocate
	timer  *time.Timer // of held messages; nil before the first
}

// seldomUsed returns s.seldom, which it makes on first use.
func (s *sender) seldomUsed() *seldom {
	if s.seldom.Load() == nil {
		s.seldom.CompareAndSwap(nil, &seldom{})
	}
	return s.seldom.Load()
}

// wakeFragmented wakes a caller that waits for a fragmented message to end.
func (s *sender) wakeFragmented() {
	if x := s.seldom.Load(); x != nil {
		x.ended.Wake()
	}
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

// sendInline sends the inline frame and leaves the gate. complete is false if the frame
// must wait for a fragmented message to end.
//
// Stack use matters here: a goroutine whose stack has once grown beyond 2 KiB keeps it, and
// every connection has such a goroutine. So the functions on the path to the system call
// have small stack frames.
func (s *sender) sendInline(ctx context.Context) (do conn.Action, complete bool, err error) {
	s.placeInline()
	s.flush(ctx, &s.inline)
	do, complete, err = s.takeInline()
	s.leave()
	return do, complete, err
}

// enqueue puts a copy of f into the queue and waits until it is complete.
func (s *sender) enqueue(ctx context.Context, f *outFrame) (conn.Action, error) {
	s.mu.Lock()
	queued := s.waits().join(f)
	s.due.Add(1)
	s.mu.Unlock()
	s.await(ctx, queued)
	do, err := queued.do, queued.err
	s.mu.Lock()
	s.waiting.reuse(queued)
	s.mu.Unlock()
	return do, err
}

// await waits until f is complete. Another writer may complete it, or this caller does when
// it gets the gate.
func (s *sender) await(ctx context.Context, f *outFrame) {
	giveUp := ctx.Done()
	for {
		again := s.gate.WaitC()
		if s.gate.TryLockOrQueue() {
			s.flush(ctx, f)
			if f.phase == outWaiting { // a fragmented message must end before it
				again = s.seldomUsed().ended.C()
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

// flush writes what is due. It returns when f is complete or, if f is nil, when everything
// that was due at the start is on the wire; no caller serves the others for ever. It
// returns earlier if ctx ends (f is then taken back if possible) or if f must wait for a
// fragmented message to end. Inside the gate.
func (s *sender) flush(ctx context.Context, f *outFrame) {
	if f != nil && f.phase == outComplete {
		return
	}
	s.borrow()
	if f == nil || f.phase != outEncoded || ctx.Err() == nil { // a frame that will be taken back stays the last
		s.encodeDue(f)
	}
	vain := 0 // consecutive writes that timed out on their own and sent nothing
	for _, due := s.box.Offsets(); s.box.Unsent(); s.encodeDue(f) {
		if f != nil && s.coalesce.state().admits(f.hold) && ctx.Err() == nil && s.holdBack(f) {
			return
		}
		before, _ := s.box.Offsets()
		outcome, err := s.writeSome(ctx, f)
		sent, _ := s.box.Offsets()
		if vain++; outcome != writeTimedOut || sent != before {
			vain = 0
		}
		if outcome == writeFailed || vain > 1 {
			s.failWrite(ctx, err)
			return
		}
		s.settleSent()
		switch {
		case outcome == writePosted:
			return
		case outcome != writeDone, s.canceled.Load() != 0:
			var goOn bool
			if ctx, goOn = s.retractCanceled(ctx, f); !goOn {
				return
			}
		case f != nil && f.phase == outComplete, f == nil && sent >= due:
			return
		}
	}
}

// writeSome writes what is pending, or one part of it if there is a pace. f is the frame that
// a caller waits for, or nil.
func (s *sender) writeSome(ctx context.Context, f *outFrame) (writeOutcome, error) {
	if s.posts() {
		if outcome, ok := s.trySend(f); ok {
			return outcome, nil
		}
	}
	if err := arm(ctx, &s.canceler, s.host); err != nil || s.canceled.Load() != 0 {
		return writeInterrupted, nil // as if the write had been interrupted at once
	}
	if s.pace != nil {
		err := s.writePart()
		return s.outcomeOf(err), err
	}
	head, tail := s.box.Pending()
	n, err := s.canceler.Transport().Write(head, tail)
	s.advance(n)
	return s.outcomeOf(err), err
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
	case left == leftAdrift && s.posts():
		if s.due.Load() == 0 {
			s.leavePosted()
			return
		}
		s.gate.WakeOne() // there is somebody who waits anyway
		s.wakeFragmented()
		return
	case left == leftAdrift:
		go s.finishWriting() // pongs and the like: their writer was cancelled
		return
	case left == leftOwned, s.due.Load() > 0 && s.message.Load() == 0:
		s.gate.WakeOne()
		s.wakeFragmented()
	}
	if (s.pongsDue.Load() > 0 || s.coalesce.state()&flushWanted != 0) && s.gate.TryLock() {
		s.handOver() // the caller does not wait for a peer that does not read
	}
}

// leaveHeld is leave where a message was just held and nothing else is unsent.
func (s *sender) leaveHeld() {
	s.gate.Unlock()
	if c := s.coalesce.state(); conn.State(s.state.Load()) == conn.Open && c < flushWanted && s.due.Load() == 0 && s.pongsDue.Load() == 0 {
		return // nearly always
	}
	if s.gate.TryLock() {
		s.leave()
	}
}

// handOver starts a goroutine that inherits the gate and writes what is due. Where frames
// are posted, it needs none.
func (s *sender) handOver() {
	if s.posts() {
		s.flushAndLeave()
		return
	}
	x := s.seldomUsed()
	if x.finish == nil {
		x.finish = s.flushAndLeave
	}
	go x.finish()
}

// flushAndLeave writes what is due, for no particular caller. Inside the gate.
func (s *sender) flushAndLeave() {
	s.flush(context.Background(), nil)
	s.leave()
}

// finishWriting enters the gate and writes what is due, for no particular caller.
func (s *sender) finishWriting() {
	s.gate.Lock(nil, nil)
	s.flushAndLeave()
}

// queuePong queues the answer to a ping. It does not wait for the network: a peer that does
// not read must not stop us from reading.
func (s *sender) queuePong(payload []byte) {
	s.mu.Lock()
	pongs := &s.waits().pongs
	pongs.Add(payload)
	s.pongsDue.Store(int32(pongs.Len()))
	full := pongs.Len() == conn.MaxPongs
	s.mu.Unlock()
	if s.reader == readInTurn && !full && s.host.inLoop() { // asked last: see goAlone
		return // the turn sends all of them together
	}
	s.sendPongs()
}

// sendPongs sends the pongs that are due, or leaves them to whoever is inside the gate.
func (s *sender) sendPongs() {
	if s.pongsDue.Load() > 0 && s.gate.TryLock() {
		s.handOver()
	}
}

// owes reports whether anything still has to be sent or is being sent.
func (s *sender) owes() bool {
	if !s.gate.TryLock() {
		return true
	}
	owes := s.unsent() || s.due.Load() > 0 || s.pongsDue.Load() > 0
	s.leave()
	return owes
}

// retire is called when the connection has ended. If nobody is inside the gate, it returns
// the memory that the sender holds and fails the frames that wait. Otherwise whoever is
// inside calls it from leave.
func (s *sender) retire() {
	if !s.gate.TryLock() {
		return
	}
	s.canceler.Reset()
	s.borrow()
	s.failEncoded()
	s.encodeDue(nil) // completes what is in the queue: nothing can be sent any more
	s.giveBack()
	if d, ok := s.canceler.Transport().(transport.Driven); ok {
		d.FreeWrite()
	}
	s.gate.Unlock()
}
