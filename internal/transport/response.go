package transport

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// ResponseStream is a stream of HTTP/2 or HTTP/3 as a handler of net/http has it: the body of
// the request in, the body of the response out. Its end is the return of the handler: that
// sends END_STREAM.
//
// A read waits in the body itself, at no memory but a few hundred bytes. Only when a context
// comes that can interrupt it ([ResponseStream.ExpectInterrupt]) a goroutine begins to read
// ahead: a deadline that passes would end the reading for ever. A write is interrupted by a
// deadline, which resets the stream.
type ResponseStream struct {
	first   [168]byte // what Fill waits with: most messages fit in it
	body    io.Reader
	w       io.Writer
	control ResponseControl
	request context.Context // ends with the stream, and before the handler's w is anybody else's

	Remote string   // address of the client
	Local  net.Addr // address of the server; may be nil

	ahead atomic.Pointer[readAhead] // nil: reads wait in the body
	writeTurn
	closed atomic.Bool // set under writeMu

	// After the handler has returned w and control are net/http's again, which gives them to
	// another request. So the stream is released when it is closed and nobody is inside any more.
	// Both under writeMu.
	inside    uint8         // how many writes are inside w
	releasedC chan struct{} // made by the first who waits for it
}

// ResponseControl is what a ResponseStream needs of an http.ResponseController.
type ResponseControl interface {
	Flush() error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// NewResponseStream drives the stream of a request whose response has been sent. w is
// net/http's own writer, request the context of the request.
func NewResponseStream(request context.Context, body io.Reader, w io.Writer, control ResponseControl) *ResponseStream {
	t := &ResponseStream{body: body, w: w, control: control, request: request}
	t.writeTurn.cutter = t
	return t
}

// Released is closed when the stream was closed and nothing uses what belongs to the handler any
// more: the handler may return. A write that were still inside net/http would damage the response
// to another request.
func (t *ResponseStream) Released() <-chan struct{} {
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	if t.releasedC == nil {
		t.releasedC = make(chan struct{})
		t.release()
	}
	return t.releasedC
}

// release tells that the stream is released, if it is. It is called when it may have become so.
// Under writeMu.
func (t *ResponseStream) release() {
	if t.isReleased() && t.releasedC != nil {
		close(t.releasedC)
	}
}

func (t *ResponseStream) isReleased() bool { return t.closed.Load() && t.inside == 0 }

// Finish closes the stream, and waits until it is released. The handler calls it last.
func (t *ResponseStream) Finish() {
	_ = t.Close()
	<-t.Released()
}

// ExpectInterrupt is called before a read that InterruptRead may interrupt. From then on a
// goroutine reads ahead.
func (t *ResponseStream) ExpectInterrupt() {
	if t.ahead.Load() == nil {
		ahead := new(readAhead)
		ahead.init(streamBody{t})
		t.ahead.Store(ahead)
		if t.closed.Load() {
			ahead.close()
		}
	}
}

// streamBody is the body of a stream, for whoever reads ahead.
type streamBody struct{ t *ResponseStream }

func (b streamBody) Read(p []byte) (int, error) {
	n, err := b.t.body.Read(p)
	return n, b.t.readFailed(err)
}

// Fill waits with a little memory of its own, so that an idle connection holds no buffer.
func (t *ResponseStream) Fill(b *Buffer) (int, error) {
	if ahead := t.ahead.Load(); ahead != nil {
		return ahead.Fill(b)
	}
	return fillAfter(t, b, t.first[:])
}

func (t *ResponseStream) Read(p []byte) (int, error) {
	if ahead := t.ahead.Load(); ahead != nil {
		return ahead.Read(p)
	}
	if t.closed.Load() {
		return 0, net.ErrClosed
	}
	n, err := readSome(t.body, p, emptyReads)
	return n, t.readFailed(err)
}

// readFailed says what an error of the body is. Where a write was cut it is a consequence of
// that: [ErrWriteCut], and the write knows why.
func (t *ResponseStream) readFailed(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	err = ofStream("read", err)
	if t.writeWasCut() {
		return fmt.Errorf("%w: %w", ErrWriteCut, err)
	}
	return err
}

// errStreamEnded: by the client, the network, or the return of the handler.
var errStreamEnded = fmt.Errorf("the stream has ended: %w", net.ErrClosed)

// ofStream makes an error of net/http's stream one of the network, for those who ask whether
// the connection was lost: its own types are not exported.
func ofStream(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "stream", Err: err}
}

func (t *ResponseStream) InterruptRead(on bool) {
	if ahead := t.ahead.Load(); ahead != nil {
		ahead.InterruptRead(on)
	}
}

func (t *ResponseStream) Write(head, tail []byte) (n int, err error) {
	if err := t.beginWrite(); err != nil {
		return 0, err
	}
	n, err = t.writeBoth(head, tail)
	return n, t.endWrite(err)
}

func (t *ResponseStream) writeBoth(head, tail []byte) (n int, err error) {
	if err := t.enter(); err != nil {
		return 0, err
	}
	defer t.exit()
	defer func() {
		if recover() != nil {
			err = net.ErrClosed
		}
	}()
	for _, p := range [...][]byte{head, tail} {
		if len(p) == 0 {
			continue
		}
		m, err := t.w.Write(p)
		if n += m; err != nil {
			return n, ofStream("write", err)
		}
	}
	return n, ofStream("write", t.control.Flush())
}

// enter begins a use of w, which exit ends, or says why w may not be used.
//
// Accept cannot hold its caller in the handler. net/http panics if it meets a write after the
// handler has returned; the context has ended by then.
func (t *ResponseStream) enter() error {
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	switch {
	case t.closed.Load():
		return net.ErrClosed
	case t.request.Err() != nil:
		return ofStream("write", errStreamEnded)
	}
	t.inside++
	return nil
}

func (t *ResponseStream) exit() {
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	t.inside--
	t.release()
}

// cutWrite resets the stream: nothing else ends a write that waits for the peer's window.
func (t *ResponseStream) cutWrite() { t.reset(t.control.SetWriteDeadline) }

// reset passes a deadline, unless control is no longer ours. Under writeMu.
func (t *ResponseStream) reset(setDeadline func(time.Time) error) {
	if !t.isReleased() && t.request.Err() == nil {
		defer func() { _ = recover() }() // as in writeBoth
		_ = setDeadline(past)
	}
}

// TryWrite sends nothing: net/http does not tell what the peer's window is.
func (t *ResponseStream) TryWrite([]byte) int { return 0 }

// CloseWrite does nothing: only the handler's return ends our direction, and that ends the
// peer's as well.
func (t *ResponseStream) CloseWrite() bool { return false }

// Close ends what waits. A write under way costs the stream. What was written before is sent.
func (t *ResponseStream) Close() error {
	if t.close() {
		if ahead := t.ahead.Load(); ahead != nil {
			ahead.close()
		}
	}
	return nil
}

// close closes the stream, once.
func (t *ResponseStream) close() bool {
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	if t.closed.Load() {
		return false
	}
	t.stopWrites()
	t.reset(t.control.SetReadDeadline)
	t.closed.Store(true)
	t.release()
	return true
}

// Addresses returns the two ends of the network connection.
func (t *ResponseStream) Addresses() (local net.Addr, remote string) { return t.Local, t.Remote }

// AbortRequest does nothing: net/http does it when the handler returns.
func (t *ResponseStream) AbortRequest() {}

// NetConn returns nil: others share the connection.
func (t *ResponseStream) NetConn() net.Conn { return nil }

// Traits: after a write that was cut net/http may still read what it was given.
func (t *ResponseStream) Traits() Traits { return RetainsBuffers }
