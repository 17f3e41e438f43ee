package websocket

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/poolcheck"
	"github.com/hawser-ws/websocket/internal/transport"
)

// frameWriter is the part of a sender that works inside its gate: it encodes the frames
// that wait, writes them, and tells their callers what became of them. Outside the gate
// only the atomic fields and those under mu are used.
type frameWriter struct {
	canceler transport.Canceler
	host     sendHost
	*standing
	*loan // nil while there is nothing to send

	mu       sync.Mutex
	waiting  *waiting     // nil: nothing has ever waited; under mu
	due      atomic.Int32 // how many frames are in its queue
	pongsDue atomic.Int32 // how many pongs wait
	canceled atomic.Int32 // how many encoded frames have callers that gave up

	message atomic.Uint32 // number of the fragmented message under way, as in the Outbox; 0: none
}

// sendHost is the connection as its sender sees it.
type sendHost interface {
	// inLoop reports whether an event loop waits for the turn that reads, and so what is held
	// leaves with its end.
	inLoop() bool
	// beginClose reports that the Close frame f takes its place in the stream. It reports
	// false, and nothing has changed, if no such frame may be sent.
	beginClose(f *outFrame) (conn.Action, bool)
	// closeWritten reports that our Close frame is on the wire.
	closeWritten()
	// sendFailed reports that nothing more can be sent, and why.
	sendFailed(e conn.Event, cause error)
	// frameWritten is called for every frame that is encoded, if traced.
	frameWritten(h frame.Header)
	closedError() *ClosedError
	// givenUp returns the error of a call whose ctx has ended, or nil if ctx has not
	// ended.
	givenUp(ctx context.Context) error
	// mayPong reports whether pings are still answered.
	mayPong() bool
	// interrupts returns ctx.Done(). It returns nil if the end of ctx need not interrupt a
	// write, because ctx never ends, or ends only with the connection.
	interrupts(ctx context.Context) <-chan struct{}
	// done is closed when the connection has ended.
	done() <-chan struct{}
}

// loan is what a sender borrows while it has something to send.
type loan struct {
	box     conn.Outbox
	inline  outFrame // frame of the caller that found the gate open
	tainted bool     // never returned to the pool: see taint
}

var loans = poolcheck.NewPool("outboxes", func() any {
	l := &loan{inline: outFrame{phase: outComplete}}
	l.inline.Owner = &l.inline
	return l
})

// borrow takes a loan from the pool unless there is one.
func (w *frameWriter) borrow() {
	if w.loan == nil {
		w.loan = loans.Get().(*loan)
		w.box.Init(w.role, w.message.Load())
	}
}

// remainder says what is unsent when somebody leaves the gate.
type remainder uint8

const (
	leftNothing remainder = iota
	leftOwned             // frames whose callers wait, and continue the write
	leftHeld              // small messages that wait for more to leave with them
	leftAdrift            // bytes that nobody waits for
)

// giveBack returns the loan if everything is sent. Otherwise it says what is left.
func (w *frameWriter) giveBack() remainder {
	switch {
	case len(w.box.Frames()) > 0:
		return leftOwned
	case !w.box.Unsent():
	case w.box.Holding() && w.coalesce.state() != holdNoMore:
		return leftHeld
	default:
		return leftAdrift
	}
	if w.tainted {
		poolcheck.Lose(loans, w.loan)
	} else {
		w.box.Reset()
		loans.Put(w.loan)
	}
	w.loan = nil
	return leftNothing
}

// waits returns w.waiting, which it makes on first use. Under mu.
func (w *frameWriter) waits() *waiting {
	if w.waiting == nil {
		w.waiting = &waiting{}
	}
	return w.waiting
}

// canSend reports whether the state allows a data frame, ping or pong.
func (w *frameWriter) canSend() bool { return conn.State(w.state.Load()).CanSend() }

// unsent reports whether something is encoded and not on the wire. Inside the gate.
func (w *frameWriter) unsent() bool { return w.loan != nil && w.box.Unsent() }

// setInline makes f the inline frame.
func (w *frameWriter) setInline(f *outFrame) {
	w.inline = *f
	w.inline.Owner = &w.inline
}

// placeInline puts the inline frame behind the frames that wait already, and before those
// that come later. A ping goes ahead of all: see join.
func (w *frameWriter) placeInline() {
	if w.due.Load() == 0 || w.inline.Header.Opcode == frame.Ping {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inline.ticket = w.waits().tickets
}

// takeInline empties the inline frame and returns its outcome.
func (w *frameWriter) takeInline() (do conn.Action, complete bool, err error) {
	f := &w.inline
	do, complete, err = f.do, f.phase == outComplete, f.err
	*f = outFrame{phase: outComplete}
	f.Owner = f
	return do, complete, err
}

// advance records that n pending bytes are on the wire.
func (w *frameWriter) advance(n int) {
	w.box.Advance(n)
	w.noteGone()
}

// noteGone records that nothing is held any more.
func (w *frameWriter) noteGone() {
	if w.coalesce.state().anyHeld() { // looking is cheaper than storing
		w.coalesce.on(haveWritten)
	}
}

// settleSent completes the frames that are entirely on the wire.
func (w *frameWriter) settleSent() { w.settle(w.box.Done()) }

// settle completes frames that their callers need not wait for any more.
func (w *frameWriter) settle(done []*conn.OutFrame) {
	if len(done) == 0 {
		return
	}
	if len(done) == 1 && done[0] == &w.inline.OutFrame {
		w.reportIfClose(&w.inline)
		w.inline.complete(nil)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range done {
		f := ownerOf(d)
		w.forgive(f)
		w.reportIfClose(f)
		f.complete(nil)
	}
}

// forgive undoes the cancellation of f, if its caller gave up. When that was the last one,
// it also ends the interruption, which must not hit a write that it was not meant for.
// Under mu.
func (w *frameWriter) forgive(f *outFrame) {
	if f.phase != outCanceled {
		return
	}
	f.phase, f.err = outEncoded, nil
	if w.canceled.Add(-1) == 0 {
		w.canceler.Resume()
	}
}

// reportIfClose reports FlushClose if f, which is entirely on the wire, is our Close frame.
func (w *frameWriter) reportIfClose(f *outFrame) {
	if f.Header.Opcode == frame.Close {
		w.host.closeWritten()
	}
}

// fail reports that nothing more can be sent, and fails the frames that are encoded.
func (w *frameWriter) fail(e conn.Event, cause error) {
	w.host.sendFailed(e, cause)
	w.failEncoded()
}

// failEncoded fails the frames that are encoded and not complete, and empties the Outbox.
func (w *frameWriter) failEncoded() {
	lost := w.box.Clear()
	w.message.Store(0)
	w.noteGone()
	if len(lost) == 0 {
		return
	}
	err := w.host.closedError()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range lost {
		f := ownerOf(d)
		w.forgive(f)
		f.complete(err)
	}
}
