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
)

// requests are lent for the duration of a handshake.
var requests = sync.Pool{New: func() any { return new(handshake.Request) }}

func returnRequest(r *handshake.Request) {
	r.Reset()
	requests.Put(r)
}

// Upgrade performs the opening handshake as the server straight on a connection,
// without net/http: it reads the request, judges it as [Accept] does, and answers.
// Octets that the client sent behind its request are kept. A tls.Conn does its own
// handshake first.
//
// On an error, an [*AcceptError], the client was answered if that was possible, and
// nc is closed. [Timeouts.Handshake] bounds it all, [Limits.HeaderBytes] and
// [Limits.HeaderFields] what the client may send.
func Upgrade(nc net.Conn, opts *AcceptOptions) (*Conn, error) {
	if opts == nil {
		opts = &AcceptOptions{}
	}
	// On a goroutine of its own: a handshake needs some 4 KiB of stack, and the
	// caller, who is likely to serve the connection, would keep them for good.
	type result struct {
		c     *Conn
		err   error
		panic any
	}
	done := make(chan result, 1)
	go func() {
		r := result{err: errHandshakeLeft} // by runtime.Goexit
		defer func() {
			if r.panic = recover(); r.c == nil {
				_ = nc.Close()
			}
			done <- r
		}()
		r.c, r.err = opts.upgrade(nc)
	}()
	r := <-done
	if r.panic != nil {
		panic(r.panic) // of OnRequest: the caller's, as if there were no goroutine
	}
	return r.c, r.err
}

var errHandshakeLeft = &AcceptError{Err: errors.New("OnRequest did not return")}

func (o *AcceptOptions) upgrade(nc net.Conn) (*Conn, error) {
	if d := orDefault(o.Timeouts.Handshake, defaultHandshakeTimeout); d > 0 {
		_ = nc.SetDeadline(time.Now().Add(d))
	}
	req := requests.Get().(*handshake.Request)
	defer returnRequest(req)
	var buf readBuffer
	defer buf.discard()

	accepted, rest, err := o.readRequest(nc, &buf, req)
	if err != nil {
		return nil, turnAway(nc, err)
	}
	extra, err := extraFields(o.HTTPHeader)
	if err == nil {
		err = switchProtocols(nc, accepted, extra, o.Timeouts.Handshake)
	}
	if err != nil {
		_ = nc.Close()
		return nil, &AcceptError{Err: err}
	}
	_ = nc.SetDeadline(time.Time{})
	return o.newConn(nc, &accepted, rest)
}

// readRequest reads the head of the request and judges it. rest is what came
// behind it.
func (o *AcceptOptions) readRequest(nc net.Conn, buf *readBuffer, req *handshake.Request) (a handshake.Acceptance, rest []byte, err error) {
	policy, err := o.policy("Upgrade")
	if err != nil {
		return a, nil, err
	}
	parser := handshake.RequestParser{Limits: handshake.Limits{HeaderBytes: o.Limits.HeaderBytes, Fields: o.Limits.HeaderFields}}
	_, overTLS := nc.(*tls.Conn)
	head := buf.room()[:0]
	for {
		if len(head) == cap(head) { // a limit above the buffer: doubled as octets arrive
			head = append(head, make([]byte, len(head))...)[:len(head)]
		}
		n, err := nc.Read(head[len(head):cap(head)])
		head = head[:len(head)+n]
		if n == 0 && err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return a, nil, err
		}
		end, refusal := parser.Parse(head, req)
		if refusal != nil {
			return a, nil, refusal
		}
		if end > 0 {
			rest = head[end:]
			break
		}
	}
	if o.Registry != nil && o.Registry.closed() {
		return a, nil, refusedByShutdown
	}
	req.TLS = overTLS
	a, refusal := policy.Accept(req)
	if refusal != nil {
		return a, nil, refusal
	}
	if o.OnRequest != nil {
		if err := o.OnRequest(req); err != nil {
			if refusal, ok := errors.AsType[*handshake.Refusal](err); ok {
				return a, nil, refusal
			}
			return a, nil, &handshake.Refusal{Status: http.StatusForbidden, Reason: err.Error()}
		}
	}
	return a, rest, nil
}

// turnAway answers a client that is refused, and closes the connection.
func turnAway(nc net.Conn, err error) error {
	defer nc.Close()
	refusal, ok := errors.AsType[*handshake.Refusal](err)
	if !ok {
		return &AcceptError{Err: err}
	}
	if _, err := nc.Write(handshake.AppendRefusal(nil, refusal)); err != nil {
		return &AcceptError{Err: errors.Join(refusal, err)}
	}
	// Octets of the client's that stay unread would make TCP reset the connection,
	// and the reset could take the answer with it. A client that does not close
	// in return is not waited for long.
	if half, ok := nc.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_ = nc.SetReadDeadline(time.Now().Add(refusalLinger))
		_, _ = io.CopyN(io.Discard, nc, refusalDrain)
	}
	return &AcceptError{Status: refusal.Status, Err: refusal}
}

const (
	refusalLinger = 500 * time.Millisecond
	refusalDrain  = 64 << 10 // bytes
)
