package websocket

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/poolcheck"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Upgrade performs the opening handshake as the server on a network connection, without
// net/http. It reads the request, checks it as [Accept] does, and answers it. Bytes that
// the client sent behind its request are kept. A tls.Conn performs its own handshake first.
// Afterwards nc belongs to the Conn: see [Conn.NetConn]. opts may be nil.
//
// Every error is an [*AcceptError]. The client was then answered if that was possible, and
// nc is closed. [Timeouts.Handshake] bounds the whole call. [Limits.HeaderBytes] and
// [Limits.HeaderFields] bound the request.
func Upgrade(nc net.Conn, opts *AcceptOptions) (*Conn, error) {
	c, _, err := upgradeConn(nc, opts, nil, nil)
	return c, err
}

// upgradeConn is Upgrade. If prepare is not nil, it is called in place of OnRequest, and what
// it has returned is returned. If answering is not nil, it is called before a request is
// accepted; it returns an error to prevent that.
func upgradeConn(nc net.Conn, opts *AcceptOptions, prepare prepareFunc, answering func() error) (*Conn, OpenFunc, error) {
	if opts == nil {
		opts = &noOptions
	}
	u := upgrades.Get().(*upgrade)
	u.opts, u.nc, u.prepare, u.answering = opts, nc, prepare, answering
	if u.needsOwnStack() {
		u.finished.Add(1)
		go u.onOwnStack()
		u.finished.Wait()
	} else {
		u.do()
	}
	c, open, err := u.conn, u.prepared, u.err
	if u.panic != nil {
		panic(u.panic) // OnRequest panicked: let the caller see it as without the goroutine
	}
	u.free()
	return c, open, err
}

var upgrades = poolcheck.NewPool("upgrades", func() any {
	u := new(upgrade)
	u.onOwnStack = u.runOnOwnStack
	return u
})

// upgrade is one opening handshake of [Upgrade], with the memory it needs. It comes from a
// pool, so an established connection keeps nothing of it. It holds no channel, because a
// channel would belong to the synctest bubble in which it was made.
type upgrade struct {
	serverHandshake
	prepare   prepareFunc  // of a Loop, in place of OnRequest; nil: none
	prepared  OpenFunc     // what it has returned
	answering func() error // called before the request is accepted; nil: nothing is
	parser    handshake.RequestParser
	nc        net.Conn
	buf       transport.Buffer
	head      []byte // what was read: in buf, or in memory of its own if buf is too small
	end       int    // where the request ends in head

	conn *Conn
	err  error
	late *time.Timer // closes nc when time is up, if nc refuses deadlines; else nil

	onOwnStack func() // runOnOwnStack, bound once
	finished   sync.WaitGroup
	panic      any
}

// free returns u to its pool. It is not called after a panic.
func (u *upgrade) free() {
	u.clear()
	u.buf.Discard()
	u.nc, u.head, u.conn, u.err, u.late = nil, nil, nil, nil, nil
	u.prepare, u.prepared, u.answering = nil, nil, nil
	upgrades.Put(u)
}

// needsOwnStack reports whether the handshake should run on a goroutine of its own, so that
// the caller's stack does not grow. A goroutine starts with a stack of 2 KiB, of which some
// 1.2 KiB can be used. An idle connection on a socket or TLS needs no more. A handshake
// does, and a stack that has grown stays large. On any other stream an idle connection has
// a buffer that is larger than the stack.
//
// OnRequest gets a goroutine of its own on any stream, since it may do anything to the stack.
func (u *upgrade) needsOwnStack() bool {
	switch u.nc.(type) {
	case *net.TCPConn, *net.UnixConn, *tls.Conn:
		return true
	}
	return u.asks()
}

// asks reports whether the application decides about requests.
func (u *upgrade) asks() bool { return u.prepare != nil || u.opts.OnRequest != nil }

// leave ends the handshake: it closes the stream if there is no connection.
func (u *upgrade) leave(t transport.Transport) {
	if u.late != nil {
		u.late.Stop()
	}
	if u.conn == nil {
		_ = t.Close()
	}
}

// limitTime bounds the handshake. It sets one deadline for reading and writing together,
// because each deadline costs a timer. If nc refuses deadlines, nc is closed when time is up.
func (u *upgrade) limitTime(d time.Duration) {
	if d <= 0 || u.nc.SetDeadline(time.Now().Add(d)) == nil {
		return
	}
	nc := u.nc
	u.late = time.AfterFunc(d, func() { _ = nc.Close() })
}

// runOnOwnStack performs the handshake on a goroutine of its own.
func (u *upgrade) runOnOwnStack() {
	defer u.finished.Done()
	defer func() { u.panic = recover() }()
	u.err = errHandshakeLeft // stays after runtime.Goexit
	u.do()
}

var errHandshakeLeft = &AcceptError{Err: errors.New("OnRequest did not return")}

// do performs the handshake. It and what it calls have small frames, so that the stack of
// its goroutine need not grow either: SHA-1 alone takes 600 bytes of it.
func (u *upgrade) do() {
	c := connOver(u.nc)
	defer u.leave(c.transport)
	err := u.setPolicy("Upgrade")
	if err == nil {
		u.limitTime(orDefault(u.opts.Timeouts.Handshake, defaultHandshakeTimeout))
		u.expect()
		err = u.read(c.transport)
	}
	if err == nil {
		err = u.judge()
	}
	if err == nil && u.answering != nil {
		err = u.answering()
	}
	if err != nil {
		u.err = u.reject(err)
		return
	}
	response, err := u.switching(nil)
	if err == nil {
		err = u.send(c.transport, response)
	}
	if err != nil {
		u.err = &AcceptError{Err: err}
		return
	}
	_ = u.nc.SetDeadline(time.Time{})
	if u.err = u.open(c, u.trailing(c)); u.err == nil {
		u.conn = c
	}
}

// expect prepares to read a request.
func (u *upgrade) expect() {
	limits := &u.opts.Limits
	u.parser = handshake.RequestParser{
		Limits:    handshake.Limits{HeaderBytes: limits.HeaderBytes, Fields: limits.HeaderFields},
		RulesOnly: !u.asks(),
	}
}

// requestSource is a stream, as far as a request is read from it.
type requestSource interface {
	Fill(b *transport.Buffer) (int, error)
	Read(p []byte) (int, error)
}

// read reads the request, which is a head without a body. It goes on after an error such as
// [transport.ErrAgain].
func (u *upgrade) read(t requestSource) error {
	for {
		if err := u.readMore(t); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		end, refusal := u.parser.Parse(u.head, &u.request)
		if refusal != nil {
			return refusal
		}
		if end > 0 {
			u.end = end
			return nil
		}
	}
}

// readMore appends to u.head what one read brings.
func (u *upgrade) readMore(t requestSource) error {
	if !u.buf.Full() {
		u.buf.Shrink() // so that a client that stops in the middle of its request holds little
		u.head = nil   // its memory may be another's now
		_, err := t.Fill(&u.buf)
		u.head = u.buf.Bytes()
		return err
	}
	if len(u.head) == cap(u.head) { // the limit is larger than the buffer: double as bytes arrive
		u.head = append(u.head, make([]byte, len(u.head))...)[:len(u.head)]
	}
	n, err := t.Read(u.head[len(u.head):cap(u.head)])
	u.head = u.head[:len(u.head)+n]
	return err
}

// judge applies the rules of the handshake, then those of the application.
func (u *upgrade) judge() error {
	o := u.opts
	if o.Registry != nil && o.Registry.closed() {
		return refusedByShutdown
	}
	_, u.request.TLS = u.nc.(*tls.Conn)
	if refusal := u.policy.AcceptInto(&u.accepted, &u.request); refusal != nil {
		return refusal
	}
	if u.asks() {
		return u.ask()
	}
	return nil
}

// ask calls Prepare or OnRequest. It returns nil if the request is accepted.
func (u *upgrade) ask() (err error) {
	if u.prepare != nil {
		if u.prepared, err = u.prepare(&u.request); err != nil {
			return deny("Loop.Prepare", err)
		}
		if u.prepared == nil {
			return misuse("Loop.Prepare", "it returned neither an OpenFunc nor an error")
		}
		return nil
	}
	if err := u.opts.OnRequest(&u.request); err != nil {
		return deny("OnRequest", err)
	}
	return nil
}

// send sends the response. The socket of a new connection has room for all of it.
func (u *upgrade) send(t transport.Transport, response []byte) error {
	n := t.TryWrite(response)
	if n == len(response) {
		return nil
	}
	_, err := u.nc.Write(response[n:])
	return err
}

// trailing returns what came behind the request. If that is in buf, it hands the buffer
// itself to c and returns nil.
func (u *upgrade) trailing(c *Conn) []byte {
	if len(u.head) > u.buf.Buffered() { // in memory of its own
		return u.head[u.end:]
	}
	u.buf.Consume(u.end)
	if u.buf.Buffered() > 0 {
		c.in.buf, u.buf = u.buf, transport.Buffer{}
	}
	return nil
}

// reject answers a client that is refused, and closes the connection.
func (u *upgrade) reject(err error) error {
	nc := u.nc
	defer nc.Close()
	refusal, refused := u.refusal(err)
	if refusal == nil {
		return refused
	}
	if _, failed := nc.Write(handshake.AppendRefusal(nil, refusal)); failed != nil {
		refused.Err = errors.Join(refused.Err, failed)
		return refused
	}
	// If bytes of the client stayed unread, TCP would reset the connection, and the client
	// could lose the answer. So read what it sends until it closes, for a limited time.
	half, ok := nc.(interface{ CloseWrite() error })
	if ok && half.CloseWrite() == nil && nc.SetReadDeadline(time.Now().Add(refusalLinger)) == nil {
		_, _ = io.CopyN(io.Discard, nc, refusalDrain)
	}
	refused.Status = refusal.Status
	return refused
}

const (
	refusalLinger = 500 * time.Millisecond
	refusalDrain  = 64 << 10 // bytes
)
