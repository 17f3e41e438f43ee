package websocket

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// lifetime is the life of a connection: the one value that knows its state, why it left
// Open, and who waits for its end. Only handle changes the state.
//
//	handle(event) ──▶ conn.Lifecycle ──▶ stateChanged
//	                        │ Terminated
//	                        ▼
//	                    releaseAll ──▶ notifyEnded ──▶ the Registry, done, onEnd
//
// A connection notifies earlier when both Close frames have gone: see
// closing.endTransport.
type lifetime struct {
	state atomic.Uint32 // of machine, for those who only look
	end   atomic.Uint32 // an endPhase

	closeTimeout time.Duration
	host         lifetimeHost

	mu        sync.Mutex
	machine   *conn.Lifecycle // nil: Open, and nothing ever happened
	cause     error           // of leaving Open, or of the first loss after that
	timer     *time.Timer     // reports Expire at the machine's deadline
	doneC     atomic.Value    // chan struct{}, made by the first who asks for it
	calls     *endCall        // to be made at the end: a list
	closeRead *closeRead      // the last reading of Conn.CloseRead
}

// lifetimeHost is a connection as its lifetime sees it. It is called without a lock.
type lifetimeHost interface {
	// stateChanged is called after every event that was handled; from may be to.
	stateChanged(from, to conn.State)
	// releaseAll closes the transport, and releases what the two halves hold. It is
	// called once, at Terminated.
	releaseAll()
	// traceEnded is called once, before anybody else is told of the end.
	traceEnded()
}

// handle reports what happened. It alone changes the state, and it does what entering
// the new state calls for: the deadline of closing, and at the end the release of
// everything. The action is for the caller.
//
// cause is kept if it is the first. ok is false if the event has no meaning in
// the present state; nothing was changed then.
func (l *lifetime) handle(e conn.Event, body conn.CloseBody, cause error) (do conn.Action, ok bool) {
	l.mu.Lock()
	if l.machine == nil {
		l.machine = &conn.Lifecycle{CloseTimeout: l.closeTimeout}
	}
	from := l.machine.State()
	if do, ok = l.machine.Handle(e, body, time.Now()); !ok {
		l.mu.Unlock()
		return do, false
	}
	to := l.machine.State()
	l.state.Store(uint32(to))
	if l.cause == nil && !l.isOrderly(from, e) {
		l.cause = cause
	}
	if d := l.machine.Deadline(); from == conn.Open && !d.IsZero() {
		l.timer = time.AfterFunc(time.Until(d), l.expire)
	}
	if to == conn.Terminated && l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()

	l.host.stateChanged(from, to)
	if to == conn.Terminated {
		l.host.releaseAll()
		l.notifyEnded()
	}
	return do, true
}

// expire ends a closing handshake that takes too long.
func (l *lifetime) expire() { l.handle(conn.Expire, conn.CloseBody{}, ErrCloseTimeout) }

// current returns the state.
func (l *lifetime) current() conn.State { return conn.State(l.state.Load()) }

// isOrderly reports whether nothing is amiss although e, which was handled in from, may
// have ended the connection: a Close frame went each way, or the peer has sent its own
// and does not wait for our reply. Under mu.
func (l *lifetime) isOrderly(from conn.State, e conn.Event) bool {
	return from == conn.Acknowledged && (e == conn.BreakWrite || l.ending().Clean())
}

// keepCause keeps the cause of an ending that is about to come, so that a write which
// fails meanwhile is not taken for it. A connection that has ended already ended for
// another reason: a read that was pending finds the end of a stream that we have closed.
func (l *lifetime) keepCause(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause == nil && l.current() != conn.Terminated {
		l.cause = cause
	}
}

// ending is the record of how the connection ended, as far as it has. Under mu.
func (l *lifetime) ending() conn.Ending {
	if l.machine == nil {
		return conn.Ending{}
	}
	return l.machine.Ending()
}

// sentClose reports whether our Close frame has its place in the stream, and is not lost.
func (l *lifetime) sentClose() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ending().Sent.Code != 0
}

// closedError tells how the connection ended, as far as it has.
func (l *lifetime) closedError() *ClosedError {
	l.mu.Lock()
	defer l.mu.Unlock()
	ending := l.ending()
	return &ClosedError{
		Sent:     closeError(ending.Sent),
		Received: closeError(ending.Received),
		Began:    ending.Began,
		Cause:    l.cause,
	}
}

// endPhase is how far the end of a connection has come to the notice of others.
type endPhase = uint32

const (
	notEnded endPhase = iota
	ending            // notifyEnded has begun
	ended             // done is closed, or about to be, or would be if it were made
)

// notifyEnded tells those who wait that the connection has ended. That is so already when
// a Close frame has gone each way, and at a server its direction of TCP is closed: nothing
// but the peer's FIN is to come, and a peer may take its time.
func (l *lifetime) notifyEnded() {
	if !l.end.CompareAndSwap(notEnded, ending) {
		return
	}
	l.host.traceEnded()
	l.callInline()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end.Store(ended)
	if done, made := l.doneC.Load().(chan struct{}); made {
		close(done)
	}
	for l.calls != nil {
		go l.calls.f()
		l.unlist(l.calls)
	}
}

// callInline makes the calls that come before done is closed.
func (l *lifetime) callInline() {
	var inline []func()
	l.mu.Lock()
	for call := l.calls; call != nil; {
		next := call.next
		if call.when == beforeDone {
			inline = append(inline, call.f)
			l.unlist(call)
		}
		call = next
	}
	l.mu.Unlock()
	for _, f := range inline {
		f()
	}
}

// done returns a channel that is closed when the connection has ended.
func (l *lifetime) done() <-chan struct{} {
	if done, made := l.doneC.Load().(chan struct{}); made {
		return done
	}
	return l.makeDone()
}

func (l *lifetime) makeDone() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if done, made := l.doneC.Load().(chan struct{}); made {
		return done
	}
	done := make(chan struct{})
	if l.end.Load() == ended {
		close(done)
	}
	l.doneC.Store(done)
	return done
}

// isDone reports whether done is what done returns, if that was ever asked for.
func (l *lifetime) isDone(done <-chan struct{}) bool {
	own, made := l.doneC.Load().(chan struct{})
	return made && done == own
}

// givenUp is what a call returns because ctx has ended, nil if it has not. The end of the
// connection may have ended ctx (see [Conn.Context]), and says more.
func (l *lifetime) givenUp(ctx context.Context) error {
	err := ctx.Err()
	if err != nil && l.hasEnded() {
		return l.closedError()
	}
	return err
}

// hasEnded reports whether done is closed.
func (l *lifetime) hasEnded() bool {
	if done, made := l.doneC.Load().(chan struct{}); made {
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
	return l.end.Load() == ended
}

// endCall is a function to be called when the connection has ended. A context made of
// [Conn.Context] is one: there may be very many, which come and go in any order.
type endCall struct {
	f    func()
	next *endCall
	at   **endCall // what points to it in the list; nil when it is not there
	when endTime
}

// endTime says when an endCall is made.
type endTime uint8

const (
	afterDone  endTime = iota // on a goroutine of its own
	beforeDone                // on that of notifyEnded: who sees done closed sees what f did
)

// list puts call into the list of what is called at the end. Under mu.
func (l *lifetime) list(call *endCall) {
	if call.next = l.calls; call.next != nil {
		call.next.at = &call.next
	}
	call.at, l.calls = &l.calls, call
}

// unlist takes call out, and reports whether it was there. Under mu.
func (l *lifetime) unlist(call *endCall) bool {
	if call.at == nil {
		return false
	}
	if *call.at = call.next; call.next != nil {
		call.next.at = call.at
	}
	call.next, call.at = nil, nil
	return true
}

// onEnd starts f when the connection has ended, or now if it has. stop prevents
// that, and reports whether it could.
func (l *lifetime) onEnd(f func()) (stop func() bool) {
	call := &endCall{f: f}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hasEnded() {
		go f()
		return func() bool { return false }
	}
	l.list(call)
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.unlist(call)
	}
}

// register has f called before anybody sees done closed. It reports false, and does not
// call f, if the connection has ended or is just about to.
func (l *lifetime) register(f func()) (ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end.Load() != notEnded {
		return false
	}
	l.list(&endCall{f: f, when: beforeDone})
	return true
}
