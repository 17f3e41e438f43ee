package websocket

import (
	"context"
	"net/http"
)

// endPhase is how far the end of a connection has come to the notice of others.
type endPhase = uint32

const (
	notEnded endPhase = iota
	ending            // notifyEnded has begun
	ended             // done is closed, or about to be, or would be if it were made
)

// notifyEnded tells those who wait that the connection has ended. For a server that
// is so already when a Close frame has gone each way and its direction of TCP is
// closed: nothing but the client's FIN is to come, and a client may take its time.
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

// closeRead is the reading that calls of [Conn.CloseRead] share.
type closeRead struct {
	ctx    context.Context // ends when the reading does
	cancel context.CancelFunc
	end    *endCall // nil if the connection had ended
	calls  int      // those whose contexts have not ended; under lifetime.mu
}

// joinCloseRead returns the reading under way, or a new one that the caller is to start.
func (l *lifetime) joinCloseRead(ctx context.Context) (r *closeRead, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.closeRead; r != nil && r.ctx.Err() == nil {
		r.calls++
		return r, false
	}
	r = &closeRead{calls: 1}
	// Other values may be of a request that ends before the reading does.
	server := context.WithValue(context.Background(), http.ServerContextKey, ctx.Value(http.ServerContextKey))
	r.ctx, r.cancel = context.WithCancel(server)
	if !l.hasEnded() {
		r.end = &endCall{f: r.cancel}
		l.list(r.end)
		l.closeRead = r
	}
	return r, true
}

// leaveCloseRead is called when the context of a call has ended. The last of them ends
// the reading.
func (l *lifetime) leaveCloseRead(r *closeRead) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.calls--; r.calls > 0 {
		return
	}
	if r.end != nil {
		l.unlist(r.end)
	}
	if l.closeRead == r {
		l.closeRead = nil
	}
	r.cancel()
}
