package websocket

import (
	"net"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/eventloop"
	"github.com/hawser-ws/websocket/internal/transport"
)

// acceptedConn is a connection that a Loop has accepted: one piece of memory.
type acceptedConn struct {
	Conn
	served loopConn
}

// loopHandshake is the opening handshake of such a connection, in turns. It is
// [Upgrade], but that nothing waits.
type loopHandshake struct {
	*upgrade
	loop  *eventloop.Loop
	lc    *loopConn
	limit eventloop.Entry
	waits bool        // limit is set: the first turn did not find the whole request
	late  atomic.Bool // the time is up
}

// Expired is called when the time is up.
func (h *loopHandshake) Expired(*eventloop.Entry) {
	h.late.Store(true)
	h.lc.member.Kick()
}

// acceptSocket has an event loop perform the handshake on s.
func (l *Loop) acceptSocket(s transport.Accepted) {
	a := new(acceptedConn)
	lc := &a.served
	lc.c, lc.loop, lc.phase = &a.Conn, l, loopHandshaking
	lc.socket.InitAccepted(s, lc)
	a.Conn.transport = &lc.socket
	loop := l.lightest()
	if loop == nil || !l.begin() {
		lc.closeSocket()
		return
	}
	h := &loopHandshake{upgrade: upgrades.Get().(*upgrade), loop: loop, lc: lc}
	h.opts, h.prepare = &l.AcceptOptions, l.Prepare
	h.expect()
	h.limit.Owner = h
	lc.shaking = h
	if err := loop.Add(s.FD, &lc.member, lc); err != nil {
		lc.dropHandshake()
	}
}

// wait limits the time, from the first turn that has to wait.
func (h *loopHandshake) wait() {
	d := orDefault(h.opts.Timeouts.Handshake, defaultHandshakeTimeout)
	if d > 0 && !h.waits {
		h.waits = true
		h.loop.After(d, &h.limit)
	}
}

// requestBytes is the socket of a loopConn, as far as a request is read from it.
type requestBytes loopConn

func (r *requestBytes) Fill(b *transport.Buffer) (int, error) { return r.socket.TryFill(b) }
func (r *requestBytes) Read(p []byte) (int, error)            { return r.socket.TryRead(p) }

// shake goes on with the handshake. It reports whether the connection is open now.
func (lc *loopConn) shake() bool {
	h := lc.shaking
	err := h.read((*requestBytes)(lc))
	switch {
	case err == transport.ErrAgain && h.late.Load():
		err = os.ErrDeadlineExceeded
	case err == transport.ErrAgain && lc.loop.isShutDown():
		err = refusedByShutdown
	case err == transport.ErrAgain:
		h.wait()
		return false
	}
	if err == nil {
		err = h.setPolicy("Loop.Serve")
	}
	if err == nil {
		err = h.judge()
	}
	if err != nil {
		lc.refuse(err)
		return false
	}
	if err := lc.opened(); err != nil {
		lc.loop.reportRefused(lc, err)
		lc.dropHandshake()
		return false
	}
	return true
}

// opened answers a request that is accepted, and makes the connection.
func (lc *loopConn) opened() error {
	h, c := lc.shaking, lc.c
	response, err := h.switching(nil)
	if err != nil {
		return &AcceptError{Err: err}
	}
	if _, err := lc.socket.Write(response, nil); err != nil { // there is room: it is the first
		return &AcceptError{Err: err}
	}
	h.loop.Stop(&h.limit)
	c.served.Store(lc)
	lc.phase = loopOpening
	open := h.prepared
	if open == nil {
		open = lc.loop.Open
	}
	err = h.open(c, h.trailing(c))
	h.free()
	lc.shaking = nil
	lc.nowPolled()
	if err != nil { // the Registry is shut down, and c closed
		lc.phase = loopEnded
		return nil
	}
	if done := lc.begin(open); done != nil {
		lc.depart(done)
	}
	return nil
}

// refuse answers a request that failed with err, and lets the client read the answer: see
// upgrade.reject.
func (lc *loopConn) refuse(err error) {
	h := lc.shaking
	answer, refused := h.refusal(err)
	if answer != nil {
		refused.Status = answer.Status
		lc.socket.TryWrite(handshake.AppendRefusal(nil, answer))
	}
	lc.loop.reportRefused(lc, refused)
	if answer == nil || !lc.socket.CloseWrite() {
		lc.dropHandshake()
		return
	}
	lc.phase = loopRefused
	h.loop.After(refusalLinger, &h.limit)
	lc.linger()
}

// linger drops what a client sends that was refused.
func (lc *loopConn) linger() {
	var dropped [512]byte
	for !lc.shaking.late.Load() {
		if _, err := lc.socket.TryRead(dropped[:]); err == transport.ErrAgain {
			return
		} else if err != nil {
			break
		}
	}
	lc.dropHandshake()
}

// dropHandshake ends a connection that is not open.
func (lc *loopConn) dropHandshake() {
	h := lc.shaking
	h.loop.Stop(&h.limit)
	h.free()
	lc.shaking = nil
	lc.phase = loopOver
	lc.closeSocket()
	lc.loop.end()
}

// closeSocket closes a socket that nobody uses any more.
func (lc *loopConn) closeSocket() {
	_ = lc.socket.Close()
	lc.socket.FreeRead()
	lc.socket.FreeWrite()
}

// reportRefused reports a connection that was not made.
func (l *Loop) reportRefused(lc *loopConn, err error) {
	tell(l.OnError, nil, refusalOf(lc.socket.NetConn().RemoteAddr(), err))
}

// abandonHandshake is called when Prepare or OnRequest has not returned.
func (lc *loopConn) abandonHandshake(p any, stack []byte) {
	remote := lc.socket.NetConn().RemoteAddr()
	defer lc.dropHandshake() // also if OnError does not return
	switch p {
	case nil: // runtime.Goexit
		tell(lc.loop.OnError, nil, refusalOf(remote, errHandshakeLeft))
	case http.ErrAbortHandler:
	default:
		lc.loop.reportPreparePanic(remote, p, stack)
	}
}

func (l *Loop) reportPreparePanic(remote net.Addr, p any, stack []byte) {
	e := refusalOf(remote, panicError(p))
	e.Stack, e.ordinary = stack, false
	tell(l.OnError, nil, e)
}
