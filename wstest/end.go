package wstest

import (
	"io"
	"net"
	"sync/atomic"
	"time"
)

// end is one end of a pipe: it reads from one stream and writes to the other.
type end struct {
	in, out       *stream
	local, remote addr
	reset         atomic.Bool // Close resets the connection
}

func (e *end) Read(p []byte) (int, error) {
	n, err := e.in.read(p)
	if err != nil && err != io.EOF {
		err = e.fault("read", err)
	}
	return n, err
}

func (e *end) Write(p []byte) (int, error) {
	n, err := e.out.write(p)
	if err != nil {
		err = e.fault("write", err)
	}
	return n, err
}

// Close ends both directions. The peer can still read what was written before.
func (e *end) Close() error {
	var fault error
	if e.reset.Load() {
		fault = errReset
	}
	if !e.in.abandon(fault) {
		return e.fault("close", net.ErrClosed)
	}
	e.out.end(fault)
	return nil
}

// CloseWrite ends the direction that this end writes to.
func (e *end) CloseWrite() error {
	if e.in.abandoned() {
		return e.fault("close", net.ErrClosed)
	}
	e.out.end(nil)
	return nil
}

// SetLinger makes Close reset the connection if sec is 0. Other values have no effect: in
// memory, nothing is left to send after Close.
func (e *end) SetLinger(sec int) error {
	e.reset.Store(sec == 0)
	return nil
}

func (e *end) LocalAddr() net.Addr  { return e.local }
func (e *end) RemoteAddr() net.Addr { return e.remote }

func (e *end) SetDeadline(t time.Time) error {
	if err := e.SetReadDeadline(t); err != nil {
		return err
	}
	return e.SetWriteDeadline(t)
}

func (e *end) SetReadDeadline(t time.Time) error {
	if e.in.abandoned() {
		return e.fault("set", net.ErrClosed)
	}
	e.in.setDeadline(&e.in.readBy, t)
	return nil
}

func (e *end) SetWriteDeadline(t time.Time) error {
	if e.in.abandoned() {
		return e.fault("set", net.ErrClosed)
	}
	e.out.setDeadline(&e.out.writeBy, t)
	return nil
}

func (e *end) fault(op string, err error) error {
	return &net.OpError{Op: op, Net: e.local.Network(), Source: e.local, Addr: e.remote, Err: err}
}

// addr is the name of an end.
type addr string

func (addr) Network() string  { return "wstest" }
func (a addr) String() string { return "wstest:" + string(a) }
