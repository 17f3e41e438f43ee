package websocket

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// life is the lifecycle of a connection: the one value that says what state it is
// in, and why. Only [Conn.event] changes it.
type life struct {
	state     atomic.Uint32 // machine.State(), for those who only look
	concluded atomic.Bool   // conclude has begun

	closeTimeout time.Duration

	mu      sync.Mutex
	machine *conn.Lifecycle // nil: Open, and nothing ever happened
	cause   error           // of leaving Open, or of the first loss after that
	timer   *time.Timer     // reports Expire at the machine's deadline
	done    atomic.Value    // chan struct{}, made by the first who asks for it; closed at the end: see conclude
	over    atomic.Bool     // done is closed, or about to be, or would be if it were made
	written atomic.Bool     // all of our Close frame is on the wire
	onEnd   *endCall        // started then: a list

	registry *Registry // to be told at Terminated
}

// state returns where the connection stands.
func (c *Conn) state() conn.State { return conn.State(c.life.state.Load()) }

// event reports what happened. It alone changes the state, with eventUnless behind it,
// and it does what entering the new state calls for: the deadline of closing,
// and at the end the release of everything. The action is for the caller.
//
// cause is kept if it is the first. ok is false if the event has no meaning in
// the present state; nothing was changed then.
func (c *Conn) event(e conn.Event, body conn.CloseBody, cause error) (do conn.Action, ok bool) {
	return c.eventUnless(conn.Terminated, e, body, cause) // where none has a meaning
}

// eventUnless is event, without a meaning in one state more.
func (c *Conn) eventUnless(not conn.State, e conn.Event, body conn.CloseBody, cause error) (do conn.Action, ok bool) {
	l := &c.life
	l.mu.Lock()
	from := c.state()
	if from == not {
		l.mu.Unlock()
		return conn.Nothing, false
	}
	if l.machine == nil {
		l.machine = &conn.Lifecycle{CloseTimeout: l.closeTimeout}
	}
	unwritten := l.givesUpClose(e) // which is a write that fails
	if unwritten {
		do, ok = l.machine.Handle(conn.BreakWrite, conn.CloseBody{}, time.Now())
	}
	if l.machine.State() != conn.Terminated || !unwritten {
		do, ok = l.machine.Handle(e, body, time.Now())
	}
	if !ok {
		l.mu.Unlock()
		return do, false
	}
	to := l.machine.State()
	l.state.Store(uint32(to))
	if l.cause == nil && (from != conn.Acknowledged || unwritten) { // after a clean ending nothing is amiss
		l.cause = cause
	}
	if d := l.machine.Deadline(); from == conn.Open && !d.IsZero() {
		l.timer = time.AfterFunc(time.Until(d), func() { c.event(conn.Expire, conn.CloseBody{}, ErrCloseTimeout) })
	}
	if to == conn.Terminated && l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()

	c.traceState(from, to)
	if from.CanSend() && !to.CanSend() && c.deflate != nil {
		c.deflate.turn.WakeOne() // those who wait to compress wait in vain
	}
	if to == conn.Terminated {
		c.terminate()
	}
	return do, true
}

// because keeps the cause of an ending that is about to come, so that a write which
// fails meanwhile is not taken for it. A connection that has ended already ended for
// another reason: a read that was pending finds the end of a stream that we have closed.
func (l *life) because(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause == nil && conn.State(l.state.Load()) != conn.Terminated {
		l.cause = cause
	}
}

// givesUpClose reports whether e ends the connection while our Close frame waits to be
// written: the peer does not get it, and the record has to say so. A write that takes
// its last octet at that moment may not have told so yet: it counts as unwritten. Under mu.
func (l *life) givesUpClose(e conn.Event) bool {
	if e != conn.Expire && e != conn.Abandon || l.written.Load() || l.ending().Sent.Code == 0 {
		return false
	}
	to, _, _ := conn.Next(l.machine.State(), e)
	return to == conn.Terminated && l.machine.State() != conn.Terminated
}

// terminate releases what the connection holds. Whoever is inside a gate finds
// the transport closed, and releases the rest when it leaves.
func (c *Conn) terminate() {
	c.in.canceler.Retire()
	_ = c.transport.Close()
	c.keepAlive.stop()
	c.retireRead()
	c.out.retire()
	l := &c.life
	l.mu.Lock()
	registry := l.registry
	l.mu.Unlock()
	if registry != nil {
		registry.remove(c)
	}
	c.conclude()
}

// conclude tells those who wait that the connection has ended. For a server that
// is so already when a Close frame has gone each way and its direction of TCP is
// closed: nothing but the client's FIN is to come, and a client may take its time.
func (c *Conn) conclude() {
	if !c.life.concluded.CompareAndSwap(false, true) {
		return
	}
	c.traceClosed()
	l := &c.life
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over.Store(true)
	if done, made := l.done.Load().(chan struct{}); made {
		close(done)
	}
	for l.onEnd != nil {
		go l.onEnd.f()
		l.unlist(l.onEnd)
	}
}

// done returns a channel that is closed when the connection has ended.
func (c *Conn) done() <-chan struct{} {
	if done, made := c.life.done.Load().(chan struct{}); made {
		return done
	}
	return c.makeDone()
}

func (c *Conn) makeDone() <-chan struct{} {
	l := &c.life
	l.mu.Lock()
	defer l.mu.Unlock()
	if done, made := l.done.Load().(chan struct{}); made {
		return done
	}
	done := make(chan struct{})
	if l.over.Load() {
		close(done)
	}
	l.done.Store(done)
	return done
}

// isDone reports whether done is what done returns, if that was ever asked for.
func (l *life) isDone(done <-chan struct{}) bool {
	own, made := l.done.Load().(chan struct{})
	return made && done == own
}

// ended reports whether done is closed.
func (c *Conn) ended() bool {
	if done, made := c.life.done.Load().(chan struct{}); made {
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
	return c.life.over.Load()
}

// enrol has r told when the connection has ended. ok is false if it has.
func (c *Conn) enrol(r *Registry) (ok bool) {
	l := &c.life
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.state() == conn.Terminated {
		return false
	}
	l.registry = r
	return true
}

// endCall is a function to be started when the connection has ended. A context made of
// a [serveContext] is one: there may be very many, which come and go in any order.
type endCall struct {
	f         func()
	next      *endCall
	at        **endCall  // what points to it in the list; nil when it is not there
	closeRead *closeRead // if f is its cancel, see there; otherwise nil
}

// list puts call into the list of what is started at the end. A reading of
// [Conn.CloseRead] is looked for, so it comes first. Under mu.
func (l *life) list(call *endCall) {
	at := &l.onEnd
	if call.closeRead == nil && *at != nil && (*at).closeRead != nil {
		at = &(*at).next
	}
	if call.next = *at; call.next != nil {
		call.next.at = &call.next
	}
	call.at, *at = at, call
}

// unlist takes call out, and reports whether it was there. Under mu.
func (l *life) unlist(call *endCall) bool {
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
func (c *Conn) onEnd(f func()) (stop func() bool) {
	l := &c.life
	call := &endCall{f: f}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.ended() {
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

// ending is the record of how the connection ended, as far as it has. Under mu.
func (l *life) ending() conn.Ending {
	if l.machine == nil {
		return conn.Ending{}
	}
	return l.machine.Ending()
}

// sentClose reports whether our Close frame has its place in the stream.
func (c *Conn) sentClose() bool {
	l := &c.life
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ending().Sent.Code != 0
}

// closedError tells how the connection ended, as far as it has.
func (c *Conn) closedError() *ClosedError {
	l := &c.life
	l.mu.Lock()
	defer l.mu.Unlock()
	ending := l.ending()
	if ending.Broken {
		ending.Sent = conn.CloseBody{}
	}
	return &ClosedError{
		Sent:     closeError(ending.Sent),
		Received: closeError(ending.Received),
		Began:    ending.Began,
		Cause:    l.cause,
	}
}
