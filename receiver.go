package websocket

import (
	"context"
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
	lent    atomic.Uint32 // see lend
}

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
	// mayGoOn takes a cost from the budget of the turn that reads. It reports whether there
	// was enough.
	mayGoOn(cost uint8) bool
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

// lend leaves what is in the buffer to a loop: see messages_lend.go. The buffer must be pinned,
// and the gate is opened next.
func (r *receiver) lend() { r.lent.Store(1) }

// take has the loop own the next n bytes, outside the gate. used is what it has taken before.
// It fails if somebody has entered.
func (r *receiver) take(used, n int) bool {
	return r.lent.CompareAndSwap(uint32(1+used), uint32(1+used+n))
}

// takeBack ends what lend began. Inside the gate.
func (r *receiver) takeBack() {
	if r.lent.Load() != 0 {
		r.buf.Consume(int(r.lent.Swap(0)) - 1)
	}
}

// tryLock takes the gate if nobody is inside.
func (r *receiver) tryLock() bool {
	if !r.gate.TryLock() {
		return false
	}
	r.takeBack()
	return true
}

// lock waits for the gate, as [gate.Gate.Lock] does.
func (r *receiver) lock(giveUp, ended <-chan struct{}) bool {
	if !r.gate.Lock(giveUp, ended) {
		return false
	}
	r.takeBack()
	return true
}

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
	case method != loopMethod && r.host.isOnLoop() && r.canReceive():
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
	idle, missed := !r.atData(), r.reader == readByLoop || r.reader == readLooking
	if r.reader > readByLoop {
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

// takeOrphan unpins, inside the gate, what a loop could not unpin outside. There is one at
// most: a loop runs inline only after the loop before it has left, and first takes what
// that one left.
func (r *receiver) takeOrphan() {
	if r.orphan.Load() != nil { // hardly ever
		r.unpinOrphan()
	}
}

func (r *receiver) unpinOrphan() {
	if pinned := r.orphan.Swap(nil); pinned != nil {
		r.buf.Unpin(pinned)
	}
}

// abandonBuffer leaves what was pinned of the buffer to the next caller inside the gate. It
// is called outside the gate.
func (r *receiver) abandonBuffer(pinned *[]byte) {
	r.orphan.Store(pinned)
	if r.stateIs(conn.Terminated) {
		r.retire() // an earlier retire did not see this
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
