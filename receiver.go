package websocket

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/gate"
	"github.com/hawser-ws/websocket/internal/poolcheck"
	"github.com/hawser-ws/websocket/internal/transport"
)

// receiver is the receiving half of a connection: it turns bytes into messages. Its
// [conn.Decoder] interprets the bytes; the receiver waits for them, and provides the memory
// for messages.
//
//	transport ──▶ buffer ──▶ Decoder ──▶ control frames: the host
//	    │                      │
//	    │                      └───────▶ messages: Read, Reader, Messages
//	    └─── long payload, straight to its destination ───▶
//
// It is used inside its gate by whoever drives the reading: a read of the application, or
// Ping, keepalive and Close while the application is not reading. A cancelled read leaves
// everything in its place, and the next read continues there.
type receiver struct {
	gate     gate.Gate
	canceler transport.Canceler
	buf      transport.Buffer
	// What an inline loop had pinned of buf, if it could not enter the gate again. The
	// next caller inside the gate unpins it: see takeOrphan.
	orphan  atomic.Pointer[[]byte]
	decoder conn.Decoder

	*standing
	host  receiveHost
	terms *terms

	partial   *[]byte        // of the message under way: what a cancelled read had received; nil: nothing
	stream    *messageReader // the message under way is being read through this
	inflating *inflating     // a compressed message is under way

	limit   atomic.Int64  // Message of conn.Limits
	drivers atomic.Int32  // how many callers wait for a pong, and would drive the reading
	heard   atomic.Uint32 // counts arrivals, for keepalive
	lent    atomic.Uint32 // see lend
}

// readerKind says who reads the messages of a connection.
type readerKind uint8

const (
	readByCaller readerKind = iota // Read, Messages and so on
	readByLoop                     // a Loop
	readInTurn                     // a Loop, which is inside the gate and does not wait
)

// inTurn reports whether a turn of a Loop is inside the gate.
func (r *receiver) inTurn() bool { return r.reader == readInTurn }

// receiveHost is the connection as its receiver sees it.
type receiveHost interface {
	// interrupts returns ctx.Done(). It returns nil if the end of ctx need not interrupt a
	// read, because ctx never ends, or ends only with the connection.
	interrupts(ctx context.Context) <-chan struct{}
	// beforeWait sends held messages as far as possible without waiting, because the peer
	// may be waiting for them.
	beforeWait()
	// control handles a control frame. It returns an error if there is nothing to read any
	// more.
	control(ctx context.Context, op frame.Opcode, payload []byte) error
	// frameRead is called for every frame, if traced.
	frameRead(h frame.Header)
	// refused ends the connection because of what the peer sent; err is an error of the
	// Decoder. refused, streamEnded and streamBroke return what the read in progress
	// returns.
	refused(ctx context.Context, err error) error
	// streamEnded is called when the peer's direction has ended.
	streamEnded(ctx context.Context, cause error) error
	// streamBroke is called when the transport has failed.
	streamBroke(cause error) error
	closedError() error
	// givenUp returns the error of a call whose ctx has ended, or nil if ctx has not
	// ended.
	givenUp(ctx context.Context) error
	// inCallback reports whether this goroutine runs a callback, called by control. It
	// must not wait for the gate then.
	inCallback() bool
	// driveAgain is called when a read has ended, so that one of the drivers reads next.
	driveAgain()
	// isOnLoop reports whether a Loop reads.
	isOnLoop() bool
	// wakeLoop has the loop look whether there is something to read.
	wakeLoop()
	// inflater returns the decompressor of the connection.
	inflater() *conn.Inflater
}

// limits returns the limits for the next frame.
func (r *receiver) limits() conn.Limits {
	return conn.Limits{Frame: r.terms.frameLimit, Message: r.limit.Load(), Fragments: r.terms.fragments}
}

func (r *receiver) stateIs(s conn.State) bool { return conn.State(r.state.Load()) == s }

// canReceive reports whether frames from the peer are still processed.
func (r *receiver) canReceive() bool { return conn.State(r.state.Load()).CanReceive() }

// enter takes the gate for a call, of the method that an error names. It fails if ctx ends
// first, if there is nothing to read any more, or if a loop reads.
func (r *receiver) enter(ctx context.Context, method string) error {
	if !r.tryLock() {
		if err := r.waitForGate(ctx, method); err != nil {
			return err
		}
	}
	if !r.canReceive() {
		r.leave()
		return r.host.closedError()
	}
	if r.reader != readByCaller && method != loopMethod {
		r.leave()
		return onLoopError(method)
	}
	return nil
}

func onLoopError(method string) error {
	return &UsageError{method, "a Loop reads this connection: its Receiver gets the messages"}
}

// enterTurn takes the gate for a turn of the loop, if nobody is inside and there may be
// something to read.
func (r *receiver) enterTurn() bool {
	if !r.tryLock() {
		return false
	}
	r.reader = readInTurn
	if !r.canReceive() {
		r.leave()
		return false
	}
	return true
}

// loopMethod is what a Loop calls itself when it enters.
const loopMethod = "Loop"

// waitForGate waits for the gate, unless there is nothing to read any more: endTransport
// may be inside then, until the peer ends its side.
func (r *receiver) waitForGate(ctx context.Context, method string) error {
	switch {
	case r.host.inCallback():
		return inCallbackError(method)
	case method != loopMethod && r.host.isOnLoop():
		return onLoopError(method)
	}
	switch r.gate.LockWhile(ctx, r.canReceive, r.host.beforeWait) {
	case nil:
		r.takeBack()
		return nil
	case gate.ErrUnusable:
		return r.host.closedError()
	}
	return r.host.givenUp(ctx)
}

// leave returns the read buffer if it is empty, and leaves the gate. If that is not the end
// of a turn of the loop, the loop may have missed something meanwhile.
func (r *receiver) leave() {
	r.canceler.Park()
	r.buf.Release()
	idle, missed := !r.atData(), r.reader == readByLoop
	if r.inTurn() {
		r.reader = readByLoop
	}
	r.gate.Unlock()
	if missed {
		r.host.wakeLoop()
	}
	if r.stateIs(conn.Terminated) {
		r.retire()
	}
	if r.drivers.Load() != 0 && idle {
		r.host.driveAgain()
	}
}

// retire returns what the receiver holds, if nobody is inside. Two callers try: whoever
// ends the connection, after the state is terminal, and whoever leaves the gate, after it
// is open. One of them succeeds.
func (r *receiver) retire() {
	if r.tryLock() {
		r.canceler.Reset()
		r.takeOrphan()
		r.buf.Discard()
		r.partial = nil
		r.dropInflation()
		if d, ok := r.canceler.Transport().(transport.Driven); ok {
			d.FreeRead()
		}
		r.gate.Unlock()
	}
}

// atData reports whether the next thing in the stream is for the application.
func (r *receiver) atData() bool {
	return !r.decoder.AtHeader() || r.stream != nil || r.partial != nil
}

// atStart reports whether the buffer is empty and no message is under way.
func (r *receiver) atStart() bool {
	return r.buf.Buffered() == 0 && r.decoder.Message() == frame.Continuation && r.partial == nil
}

// needsMore reports whether a read has to wait for the network.
func (r *receiver) needsMore() bool {
	return r.buf.Buffered() == 0 && r.stream == nil && (r.decoder.AtHeader() || r.decoder.Left() > 0)
}

// inflating is what the receiver borrows while a compressed message is under way.
type inflating struct {
	engine conn.InflateEngine
	output conn.InflateBuffer // for a Reader
}

var inflatings = poolcheck.NewPool("inflate engines", func() any { return new(inflating) })

// inflation returns r.inflating, which it borrows when a compressed message begins.
func (r *receiver) inflation() *inflating {
	if r.inflating == nil {
		r.inflating = inflatings.Get().(*inflating)
		r.decoder.Lend(&r.inflating.engine, r.host.inflater())
	}
	return r.inflating
}

// dropInflation returns r.inflating to the pool.
func (r *receiver) dropInflation() {
	if z := r.inflating; z != nil {
		r.inflating = nil
		r.decoder.Release()
		z.output.Reset()
		inflatings.Put(z)
	}
}

// fill waits until more bytes are in the buffer. What was read before stays there, also if
// fill fails.
func (r *receiver) fill(ctx context.Context) error {
	_, err := r.wait(ctx, nil, nil)
	return err
}

// wait waits for bytes from the network. It puts them into p, or into the buffer if p is
// nil. If loop is not nil, wait calls it instead, and it waits.
func (r *receiver) wait(ctx context.Context, p []byte, loop func() error) (n int, err error) {
	if r.coalesce.state().anyHeld() { // to look costs less than the call
		r.host.beforeWait()
	}
	r.takeOrphan()
	for {
		if arm(ctx, &r.canceler, r.host) != nil {
			return 0, r.host.givenUp(ctx)
		}
		switch {
		case loop != nil:
			err = loop()
		case r.inTurn():
			n, err = r.try(p)
		case p != nil:
			n, err = r.canceler.Transport().Read(p)
		default:
			n, err = r.canceler.Transport().Fill(&r.buf)
		}
		if err == nil {
			if n > 0 {
				r.noteArrival()
			}
			return n, nil
		}
		if err == transport.ErrAgain {
			return 0, err // the next turn goes on
		}
		if err := r.failed(ctx, err); err != nil {
			return 0, err
		}
	}
}

// try reads what is there, in a turn.
func (r *receiver) try(p []byte) (n int, err error) {
	d := r.canceler.Transport().(transport.Driven)
	if p == nil {
		return d.TryFill(&r.buf)
	}
	return d.TryRead(p)
}

// noteArrival counts an arrival for keepalive.
func (r *receiver) noteArrival() { r.heard.Add(1) }

// failed turns an error of the transport into what the call returns; nil means that the
// call tries again. A timeout that this package did not cause is the stream's own, such as
// an idle timeout, and ends the connection as any other error does.
func (r *receiver) failed(ctx context.Context, err error) error {
	if !r.stateIs(conn.Terminated) && r.canceler.ResumeAfter(err) {
		return r.host.givenUp(ctx) // nil: the context was that of an earlier call
	}
	if errors.Is(err, io.EOF) {
		if !r.decoder.AtHeader() || r.buf.Buffered() > 0 || r.decoder.Message() != frame.Continuation {
			err = io.ErrUnexpectedEOF
		}
		return r.host.streamEnded(ctx, err)
	}
	return r.host.streamBroke(err)
}
