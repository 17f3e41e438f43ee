package websocket

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// lifetime knows the state of a connection, why it left Open, and who waits for its end.
// Only handle changes the state.
//
//	handle(event) ──▶ conn.Lifecycle ──▶ stateChanged
//	                        │ Terminated
//	                        ▼
//	                    releaseAll ──▶ notifyEnded ──▶ the Registry, done, onEnd
//
// A connection notifies earlier when both Close frames have gone: see
// closing.endTransport.
type lifetime struct {
	standing
	host lifetimeHost

	mu      sync.Mutex
	leaving *leaving                // nil: Open, and no event has happened
	watched atomic.Pointer[watched] // made by the first who asks for its channel
	calls   *endCall                // to be made at the end: a linked list
}

// watched is what a connection needs whose end somebody waits for.
type watched struct {
	done      chan struct{} // closed when the connection has ended
	closeRead *closeRead    // the last read loop of Conn.CloseRead; under mu
}

// closeRead is the read loop that calls of [Conn.CloseRead] share.
type closeRead struct {
	ctx    context.Context // ends when the loop does
	cancel context.CancelFunc
	left   chan struct{} // closed when the goroutine has returned
	end    *endCall      // nil if the connection had ended
	calls  int           // those whose contexts have not ended; under lifetime.mu
}

// leaving is what a connection needs from its first event on. An open one that is idle has
// none.
type leaving struct {
	machine conn.Lifecycle
	cause   error     // of leaving Open, or of the first loss after that
	limit   timeLimit // reports Expire at the machine's deadline; nil: not set
}

// timeLimit is something that happens later, unless it is stopped before: a [time.Timer], or an
// entry in the wheel of an event loop.
type timeLimit interface{ Stop() bool }

// leaves returns l.leaving, which it makes on first use. Under mu.
func (l *lifetime) leaves() *leaving {
	if l.leaving == nil {
		l.leaving = &leaving{machine: conn.Lifecycle{CloseTimeout: l.host.closeTimeout()}}
	}
	return l.leaving
}

// lifetimeHost is the connection as its lifetime sees it. It is called without a lock, unless it says otherwise.
type lifetimeHost interface {
	// closeTimeout is Timeouts.Close, above zero. It is called under mu.
	closeTimeout() time.Duration
	// expireIn has expire called in d. It is called under mu.
	expireIn(d time.Duration) timeLimit
	// stateChanged is called after every event that was handled. from and to may be equal.
	stateChanged(from, to conn.State)
	// releaseAll closes the transport, and releases what the two halves hold. It is called
	// once, at Terminated.
	releaseAll()
	// traceEnded is called once, before anybody else is told of the end.
	traceEnded()
	// ended is called once, when everybody can see the end.
	ended()
}

// handle reports an event. It alone changes the state, and it does what the new state calls
// for: it sets the deadline of closing, and at the end it releases everything. The action
// do is left to the caller.
//
// The first cause is kept. ok is false if the event has no meaning in the present state;
// nothing was changed then.
func (l *lifetime) handle(e conn.Event, body conn.CloseBody, cause error) (do conn.Action, ok bool) {
	l.mu.Lock()
	x := l.leaves()
	from := x.machine.State()
	if do, ok = x.machine.Handle(e, body, time.Now()); !ok {
		l.mu.Unlock()
		return do, false
	}
	to := x.machine.State()
	l.state.Store(uint32(to))
	if x.cause == nil && !l.isOrderly(from, e) {
		x.cause = cause
	}
	if d := x.machine.Deadline(); from == conn.Open && !d.IsZero() {
		x.limit = l.host.expireIn(time.Until(d))
	}
	if to == conn.Terminated && x.limit != nil {
		x.limit.Stop()
	}
	l.mu.Unlock()

	l.host.stateChanged(from, to)
	if to == conn.Terminated {
		l.host.releaseAll()
		l.notifyEnded()
	}
	return do, true
}

// report is handle for events without a Close frame. It returns Nothing for one that has no
// meaning in the present state.
func (l *lifetime) report(e conn.Event, cause error) conn.Action {
	do, _ := l.handle(e, conn.CloseBody{}, cause)
	return do
}

// expire ends a closing handshake that takes too long.
func (l *lifetime) expire() { l.report(conn.Expire, ErrCloseTimeout) }

// giveUp ends a connection whose closing this end has asked for: it takes too long, or the
// call has ended. Where the end of the stream is the cause already, it is not our doing.
func (l *lifetime) giveUp(cause error) {
	e := conn.GiveUp
	l.mu.Lock()
	if l.leaves().cause != nil {
		e = conn.Expire
	}
	l.mu.Unlock()
	l.report(e, cause)
}

// current returns the state.
func (l *lifetime) current() conn.State { return conn.State(l.state.Load()) }

// isOrderly reports whether the closing handshake was complete, so that the error behind e,
// handled in state from, is not the cause. It is complete if a Close frame went each way,
// or if only our reply failed to be written. Under mu.
func (l *lifetime) isOrderly(from conn.State, e conn.Event) bool {
	return from == conn.Acknowledged && (e == conn.BreakWrite || e == conn.CutWrite || l.ending().Clean())
}

// keepCause records why the connection is about to end. A write that fails in the meantime
// does not replace it. Once the connection has ended, keepCause does nothing: a pending
// read may find the end of a stream that we have closed ourselves.
func (l *lifetime) keepCause(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if x := l.leaves(); x.cause == nil && l.current() != conn.Terminated {
		x.cause = cause
	}
}

// ending returns the record of how the connection ended, as far as it has. Under mu.
func (l *lifetime) ending() conn.Ending { return l.leaves().machine.Ending() }

// sentClose reports whether our Close frame has its place in the stream and is not lost.
func (l *lifetime) sentClose() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leaving != nil && l.ending().Sent.Code != 0
}

// closedError returns how the connection ended, as far as it has.
func (l *lifetime) closedError() *ClosedError {
	l.mu.Lock()
	defer l.mu.Unlock()
	ending := l.ending()
	return &ClosedError{
		Sent:     closeError(ending.Sent),
		Received: closeError(ending.Received),
		Began:    ending.Began,
		Cause:    l.leaves().cause,
	}
}

// endPhase says how far the notification of the end has come.
type endPhase = uint32

const (
	endNotBegun endPhase = iota
	endBegun             // notifyEnded has begun
	endDone              // done is closed, is about to be, or will be closed when it is made
)

// notifyEnded tells everybody who waits that the connection has ended. It is called as soon
// as a Close frame has gone each way and, at a server, its direction of TCP is closed: only
// the peer's FIN is missing then, and a peer may take its time.
func (l *lifetime) notifyEnded() {
	if !l.end.CompareAndSwap(endNotBegun, endBegun) {
		return
	}
	l.host.traceEnded()
	l.callBeforeDone()
	defer l.host.ended()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end.Store(endDone)
	if w := l.watched.Load(); w != nil {
		close(w.done)
	}
	for l.calls != nil {
		go l.calls.f()
		l.unlist(l.calls)
	}
}

// callBeforeDone makes the calls that come before done is closed.
func (l *lifetime) callBeforeDone() {
	var calls []func()
	l.mu.Lock()
	for call := l.calls; call != nil; {
		next := call.next
		if call.when == beforeDone {
			calls = append(calls, call.f)
			l.unlist(call)
		}
		call = next
	}
	l.mu.Unlock()
	for _, f := range calls {
		f()
	}
}

// done returns a channel that is closed when the connection has ended.
func (l *lifetime) done() <-chan struct{} {
	if w := l.watched.Load(); w != nil {
		return w.done
	}
	return l.makeDone()
}

func (l *lifetime) makeDone() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.watch().done
}

// watch returns l.watched, which it makes on first use. Under mu.
func (l *lifetime) watch() *watched {
	w := l.watched.Load()
	if w == nil {
		w = &watched{done: make(chan struct{})}
		if l.end.Load() == endDone {
			close(w.done)
		}
		l.watched.Store(w)
	}
	return w
}

// isDone reports whether done is the channel that the method done has returned.
func (l *lifetime) isDone(done <-chan struct{}) bool {
	w := l.watched.Load()
	return w != nil && done == w.done
}

// givenUp returns the error of a call whose ctx has ended, or nil if ctx has not ended. If
// the connection has ended, too, that is the ClosedError, which says more: ctx may derive
// from [Conn.Context].
func (l *lifetime) givenUp(ctx context.Context) error {
	err := ctx.Err()
	if err != nil && l.hasEnded() {
		return l.closedError()
	}
	return err
}

// hasEnded reports whether done is closed.
func (l *lifetime) hasEnded() bool {
	if w := l.watched.Load(); w != nil {
		select {
		case <-w.done:
			return true
		default:
			return false
		}
	}
	return l.end.Load() == endDone
}
