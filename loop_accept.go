package websocket

import (
	"errors"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/hawser-ws/websocket/internal/transport"
)

// acceptFrom accepts until the listener fails.
func (l *Loop) acceptFrom(listener net.Listener) error {
	behind := transport.NewAcceptor(listener)
	if behind != nil {
		defer behind.Close()
	}
	pause := time.Duration(0)
	for {
		nc, err := listener.Accept()
		if err == nil {
			err = l.acceptConn(nc, behind)
		}
		switch {
		case err == nil:
			pause = 0
		case !isTemporary(err):
			return err
		default: // out of descriptors, for example
			pause = min(max(2*pause, minAcceptPause), maxAcceptPause)
			time.Sleep(pause)
		}
	}
}

// acceptLull is how long acceptConn waits for the next. For as long Serve may be late to notice
// that the listener was closed.
const acceptLull = 50 * time.Millisecond

// How long acceptFrom waits before it tries again. They are those of net/http.
const (
	minAcceptPause = 5 * time.Millisecond
	maxAcceptPause = time.Second
)

func isTemporary(err error) bool {
	e, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && e.Temporary() || errors.Is(err, transport.ErrAcceptLater)
}

// acceptConn has a connection served. Its handshake is performed on an event loop, if there is
// one for it. Then those that come behind it are accepted as well, with less garbage,
// until nobody comes for a while. behind may be nil.
func (l *Loop) acceptConn(nc net.Conn, behind *transport.Acceptor) error {
	if !l.shakesInTurns() {
		go l.upgrade(nc)
		return nil
	}
	fd, err := transport.Detach(nc)
	if err != nil { // another kind of connection, or no descriptor is left
		go l.upgrade(nc)
		return nil
	}
	l.acceptSocket(transport.Adopt(fd))
	if behind == nil {
		return nil
	}
	for {
		s, err := behind.Accept(acceptLull)
		switch err {
		case nil:
			l.acceptSocket(s)
		case transport.ErrAgain:
			return nil
		default:
			return err
		}
	}
}

// shakesInTurns reports whether handshakes are performed on event loops. A head that is
// larger than a read buffer needs a goroutine.
func (l *Loop) shakesInTurns() bool {
	return l.Limits.HeaderBytes <= maxHeadInTurns && l.lightest() != nil
}

const maxHeadInTurns = 16 << 10

// upgrade performs the opening handshake on nc and serves the connection.
func (l *Loop) upgrade(nc net.Conn) {
	s, ok := l.beginShaking(nc)
	if !ok {
		_ = nc.Close()
		return
	}
	defer l.endShaking(s)
	remote := nc.RemoteAddr()
	defer l.survivePrepare(remote)
	c, open, err := upgradeConn(nc, &l.AcceptOptions, l.Prepare)
	if open == nil {
		open = l.Open
	}
	if err == nil {
		err = l.add(&loopConn{c: c, loop: l}, open, s)
	}
	if err != nil {
		e := refusalOf(remote, err)
		e.ordinary = e.ordinary || l.isShutDown() // which has closed nc
		tell(l.OnError, nil, e)
	}
}

// survivePrepare reports a panic of Prepare or OnRequest. The connection is closed then.
func (l *Loop) survivePrepare(remote net.Addr) {
	if p := recover(); p != nil && p != http.ErrAbortHandler {
		l.reportPreparePanic(remote, p, debug.Stack())
	}
}

func (l *Loop) reportPreparePanic(remote net.Addr, p any, stack []byte) {
	e := refusalOf(remote, panicError(p))
	e.Stack, e.ordinary = stack, false
	tell(l.OnError, nil, e)
}

// refusalOf is the report of a connection that was not made.
func refusalOf(remote net.Addr, err error) *HandlerError {
	e := &HandlerError{Err: err, refused: true, ordinary: true}
	if remote != nil {
		e.RemoteAddr = remote.String()
	}
	if refused, ok := errors.AsType[*AcceptError](err); ok {
		e.ordinary = errors.Is(err, refusedByShutdown) || refused.byApplication || refused.plain ||
			refused.Status == 0 && isTransport(refused.Err)
	}
	return e
}
