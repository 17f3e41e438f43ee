package websocket

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/ledger"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Upgrade performs the opening handshake as the server straight on a connection,
// without net/http: it reads the request, judges it as [Accept] does, and answers.
// Octets that the client sent behind its request are kept. A tls.Conn does its own
// handshake first. nc then belongs to the Conn: see [Conn.NetConn].
//
// On an error, an [*AcceptError], the client was answered if that was possible, and
// nc is closed. [Timeouts.Handshake] bounds it all, [Limits.HeaderBytes] and
// [Limits.HeaderFields] what the client may send.
func Upgrade(nc net.Conn, opts *AcceptOptions) (*Conn, error) {
	if opts == nil {
		opts = &noOptions
	}
	u := upgrades.Get().(*upgrade)
	u.opts, u.nc = opts, nc
	if u.keepsStack() {
		u.finished.Add(1)
		go u.apart()
		u.finished.Wait()
	} else {
		u.do()
	}
	c, err := u.conn, u.err
	if u.panic != nil {
		panic(u.panic) // of OnRequest: the caller's, as if there were no goroutine
	}
	u.free()
	return c, err
}

var (
	noOptions AcceptOptions
	upgrades  = ledger.NewPool("upgrades", func() any {
		u := new(upgrade)
		u.apart = u.runApart
		return u
	})
)

// upgrade is one opening handshake of a server and the memory it needs, which is
// lent: nothing stays but the Conn. It holds no channel, because that would belong to
// the synctest bubble in which it was made.
type upgrade struct {
	handshaking
	nc   net.Conn
	buf  transport.Buffer
	head []byte // what was read, in buf or, if that is too small, in memory of its own
	end  int    // of the request in head

	conn *Conn
	err  error
	late *time.Timer // bounds the handshake where nc refuses deadlines; nil: nothing does

	apart    func() // runApart, bound once
	finished sync.WaitGroup
	panic    any
}

// handshaking is what any opening handshake of a server needs.
type handshaking struct {
	opts     *AcceptOptions
	request  handshake.Request
	parser   handshake.RequestParser
	policy   handshake.Policy
	deflate  handshake.Deflate // of policy
	accepted handshake.Acceptance
	response [512]byte // room for it

	prepare func(*http.Request) (ServeFunc, error) // of a RequestHandler, and
	serve   ServeFunc                              // what it returned
}

// clear drops what belongs to others.
func (h *handshaking) clear() {
	h.request.Reset()
	h.opts, h.prepare, h.serve = nil, nil, nil
	h.policy.Subprotocols, h.policy.OriginPatterns = nil, nil
	h.accepted = handshake.Acceptance{}
}

// free is not called when there was a panic.
func (u *upgrade) free() {
	u.clear()
	u.buf.Discard()
	u.nc, u.head, u.conn, u.err, u.late = nil, nil, nil, nil, nil
	upgrades.Put(u)
}

// keepsStack reports whether the stack of the goroutine that serves the connection is
// worth keeping small. A goroutine begins with 2 KiB, of which some 1.2 KiB can be
// used. On a socket or TLS an idle connection needs no more; a handshake does, and
// what has grown stays. On any other stream an idle connection has a buffer that makes
// the stack look small.
//
// OnRequest is the application's, and may do what it likes to its goroutine.
func (u *upgrade) keepsStack() bool {
	switch u.nc.(type) {
	case *net.TCPConn, *net.UnixConn, *tls.Conn:
		return true
	}
	return u.opts.OnRequest != nil
}

// leave sees to it that the stream does not outlive a handshake that failed.
func (u *upgrade) leave(t transport.Transport) {
	if u.late != nil {
		u.late.Stop()
	}
	if u.conn == nil {
		_ = t.Close()
	}
}

// bound bounds the handshake: by one deadline for it all, since each costs a timer, or
// by closing nc if that refuses deadlines.
func (u *upgrade) bound(d time.Duration) {
	if d <= 0 || u.nc.SetDeadline(time.Now().Add(d)) == nil {
		return
	}
	nc := u.nc
	u.late = time.AfterFunc(d, func() { _ = nc.Close() })
}

// runApart works on a goroutine of its own.
func (u *upgrade) runApart() {
	defer u.finished.Done()
	defer func() { u.panic = recover() }()
	u.err = errHandshakeLeft // by runtime.Goexit
	u.do()
}

var errHandshakeLeft = &AcceptError{Err: errors.New("OnRequest did not return")}

// do is shallow, as is what it calls: a goroutine of its own need not have its stack
// grow either, where SHA-1 alone takes 600 octets of it.
func (u *upgrade) do() {
	c := new(Conn)
	c.transport = transport.New(u.nc, &c.socket)
	defer u.leave(c.transport)
	err := u.opts.policy("Upgrade", &u.handshaking)
	if err == nil {
		u.bound(orDefault(u.opts.Timeouts.Handshake, defaultHandshakeTimeout))
		err = u.read(c.transport)
	}
	if err == nil {
		err = u.judge()
	}
	if err != nil {
		u.err = turnAway(u.nc, err)
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
	if u.err = u.opts.open(c, &u.accepted, u.glued(c)); u.err == nil {
		u.conn = c
	}
}

// read reads the head of the request.
func (u *upgrade) read(t transport.Transport) error {
	limits := &u.opts.Limits
	u.parser = handshake.RequestParser{
		Limits:    handshake.Limits{HeaderBytes: limits.HeaderBytes, Fields: limits.HeaderFields},
		RulesOnly: u.opts.OnRequest == nil,
	}
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

func (u *upgrade) readMore(t transport.Transport) error {
	if !u.buf.Full() {
		u.buf.Shrink() // a client that stops in the middle of its request holds little
		u.head = nil   // what it was in may be another's now
		_, err := t.Fill(&u.buf)
		u.head = u.buf.Bytes()
		return err
	}
	if len(u.head) == cap(u.head) { // a limit above the buffer: doubled as octets arrive
		u.head = append(u.head, make([]byte, len(u.head))...)[:len(u.head)]
	}
	n, err := t.Read(u.head[len(u.head):cap(u.head)])
	u.head = u.head[:len(u.head)+n]
	return err
}

func (u *upgrade) judge() error {
	o := u.opts
	if o.Registry != nil && o.Registry.closed() {
		return refusedByShutdown
	}
	_, u.request.TLS = u.nc.(*tls.Conn)
	if refusal := u.policy.AcceptInto(&u.accepted, &u.request); refusal != nil {
		return refusal
	}
	if o.OnRequest != nil {
		return u.ask()
	}
	return nil
}

// ask asks the application.
func (u *upgrade) ask() error {
	if err := u.opts.OnRequest(&u.request); err != nil {
		return deny("OnRequest", err)
	}
	return nil
}

// send sends the response. A new connection has room for all of it.
func (u *upgrade) send(t transport.Transport, response []byte) error {
	n := t.TryWrite(response)
	if n == len(response) {
		return nil
	}
	_, err := u.nc.Write(response[n:])
	return err
}

// glued is what came behind the request. What is in buf goes to the connection as it
// is.
func (u *upgrade) glued(c *Conn) []byte {
	if len(u.head) > u.buf.Buffered() { // in memory of its own
		return u.head[u.end:]
	}
	u.buf.Consume(u.end)
	if u.buf.Buffered() > 0 {
		c.in.buf, u.buf = u.buf, transport.Buffer{}
	}
	return nil
}

// turnAway answers a client that is refused, and closes the connection.
func turnAway(nc net.Conn, err error) error {
	defer nc.Close()
	refusal, ok := errors.AsType[*Refusal](err)
	if denied, byApplication := errors.AsType[*denial](err); byApplication {
		refusal, err, ok = denied.answer, denied.err, true
	}
	if !ok {
		return &AcceptError{Err: err}
	}
	if _, failed := nc.Write(handshake.AppendRefusal(nil, refusal)); failed != nil {
		return &AcceptError{Err: errors.Join(err, failed)}
	}
	// Octets of the client's that stay unread would make TCP reset the connection,
	// and the reset could take the answer with it. A client that does not close
	// in return is not waited for long.
	half, ok := nc.(interface{ CloseWrite() error })
	if ok && half.CloseWrite() == nil && nc.SetReadDeadline(time.Now().Add(refusalLinger)) == nil {
		_, _ = io.CopyN(io.Discard, nc, refusalDrain)
	}
	return &AcceptError{Status: refusal.Status, Err: err}
}

const (
	refusalLinger = 500 * time.Millisecond
	refusalDrain  = 64 << 10 // bytes
)
