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

// frameWriter is what a sender does inside its gate: it encodes the frames that wait, writes
// them, and tells their callers what became of them. Only what is atomic or under mu is used
// outside the gate as well.
type frameWriter struct {
	canceler transport.Canceler
	stream   *transport.Transport // where the connection has its transport
	host     sendHost
	state    *atomic.Uint32 // the conn.State of the connection
	role     conn.Role
	traits   transport.Traits // of stream
	*loan                     // nil while nothing is on its way
	pace     *pace
	trace    func(frame.Header) // told of every frame that is encoded; may be nil

	coalesce coalescer
	message  atomic.Uint32 // the fragmented message that is under way, as in the Outbox; 0: none

	mu       sync.Mutex
	waiting  *waiting     // nil: nothing ever has; under mu
	due      atomic.Int32 // how many frames are in its queue
	pongsDue atomic.Int32 // how many pongs wait
	canceled atomic.Int32 // how many encoded frames have callers that gave up
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
	// givenUp is what a call returns because ctx has ended, nil if it has not.
	givenUp(ctx context.Context) error
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

var loans = poolcheck.NewPool("outboxes", func() any {
	l := &loan{inline: outFrame{phase: outComplete}}
	l.inline.Owner = &l.inline
	return l
})

// borrow makes sure that there is a loan.
func (w *frameWriter) borrow() {
	if w.loan == nil {
		w.loan = loans.Get().(*loan)
		w.box.Init(w.role, w.message.Load())
	}
}

// remainder is what is still on its way when somebody leaves the gate.
type remainder uint8

const (
	allSent  remainder = iota
	owned              // frames whose callers wait, and go on where this one stopped
	withheld           // small messages that wait for more to leave with them
	adrift             // bytes that nobody waits for
)

// giveBack returns the loan if nothing is on its way.
func (w *frameWriter) giveBack() remainder {
	switch {
	case len(w.box.Frames()) > 0:
		return owned
	case !w.box.Unsent():
	case w.box.Holding() && w.coalesce.state() != streamEnded:
		return withheld
	default:
		return adrift
	}
	if !w.tainted {
		w.box.Reset()
		loans.Put(w.loan)
	}
	w.loan = nil
	return allSent
}

// waits returns waiting, and makes it if need be. Under mu.
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

// placeInline gives the inline frame its place: behind the frames that wait already,
// before those that come later. A ping goes before them all: see join.
func (w *frameWriter) placeInline() {
	if w.due.Load() == 0 || w.inline.Header.Opcode == frame.Ping {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inline.ticket = w.waits().tickets
}

// takeInline empties the inline frame and returns how it ended.
func (w *frameWriter) takeInline() (do conn.Action, complete bool, err error) {
	f := &w.inline
	do, complete, err = f.do, f.phase == outComplete, f.err
	*f = outFrame{phase: outComplete}
	f.Owner = f
	return do, complete, err
}

// advance notes that n bytes of what is pending are on the wire.
func (w *frameWriter) advance(n int) {
	w.box.Advance(n)
	w.noteGone()
}

// noteGone notes that nothing is held any more.
func (w *frameWriter) noteGone() {
	if w.coalesce.state().anyHeld() { // to look is cheaper than to store
		w.coalesce.on(haveWritten)
	}
}

// settleSent completes the frames that are on the wire whole.
func (w *frameWriter) settleSent() {
	done := w.box.Done()
	if len(done) == 0 {
		return
	}
	if len(done) == 1 && done[0] == &w.inline.OutFrame {
		w.noteWritten(&w.inline)
		w.inline.complete(nil)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range done {
		f := ownerOf(d)
		w.forgive(f)
		w.noteWritten(f)
		f.complete(nil)
	}
}

// forgive forgets that the caller of f gave up, if it did. The interruption for the last
// such caller must not meet a write that it was not meant for. Under mu.
func (w *frameWriter) forgive(f *outFrame) {
	if f.phase != outCanceled {
		return
	}
	f.phase, f.err = outEncoded, nil
	if w.canceled.Add(-1) == 0 {
		w.canceler.Resume()
	}
}

// noteWritten notes that a frame is on the wire whole.
func (w *frameWriter) noteWritten(f *outFrame) {
	if f.Header.Opcode == frame.Close {
		w.host.closeWritten()
	}
}

// fail reports that nothing more can be sent, and fails what is under way.
func (w *frameWriter) fail(e conn.Event, cause error) {
	w.host.sendFailed(e, cause)
	w.failEncoded()
}

// failEncoded fails the frames that are encoded and not complete.
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
