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

// receiver is the receiving half of a connection: messages out of bytes. Its
// [conn.Decoder] says what the bytes are; the receiver waits for them, and finds a
// place for what they say.
//
//	transport ──▶ buffer ──▶ Decoder ──▶ control frames: the host
//	    │                      │
//	    │                      └───────▶ messages: Read, Reader, Messages
//	    └─── long payload, straight to its destination ───▶
//
// It is used inside its gate, by whoever drives the reading: the application's read, or
// Ping, keepalive and Close where the application is not reading. A read that is
// cancelled leaves everything in its place, and the next one goes on there.
type receiver struct {
	gate     gate.Gate
	canceler transport.Canceler
	buf      transport.Buffer
	// What the body of a loop had of buf, where the loop could not enter the gate again:
	// it is for whoever is inside next.
	orphan  atomic.Pointer[[]byte]
	decoder conn.Decoder

	beneath *transport.Transport // where the connection has its transport
	host    receiveHost
	state   *atomic.Uint32 // the conn.State of the connection

	partial   []byte         // of the message under way: what a cancelled read had received
	stream    *messageReader // the message under way is being read through this
	inflating *inflating     // a compressed message is under way

	// The small fields stand together: there is one of these for every connection.
	limit      atomic.Int64  // Message of conn.Limits
	frameLimit int64         // Limits.Frame
	fragments  int32         // Limits.Fragments
	drivers    atomic.Int32  // how many callers would drive the reading if they could
	heard      atomic.Uint32 // counts arrivals, if counting
	counting   bool          // keepalive wants to know of arrivals
	traced     bool          // the host wants to know of every frame
}

// receiveHost is what a receiver needs of its connection.
type receiveHost interface {
	// interrupts returns what is closed when ctx ends, if that has to interrupt a read. It is
	// nil for a context that never ends, or only with the connection.
	interrupts(ctx context.Context) <-chan struct{}
	// beforeWait sends what waits for more to leave with it, as far as that goes without
	// waiting: the peer may be waiting for it.
	beforeWait()
	// control deals with a control frame. It fails if there is nothing to read any more.
	control(ctx context.Context, op frame.Opcode, payload []byte) error
	// frameRead is told of every frame if traced.
	frameRead(h frame.Header)
	// refused ends the connection because of what the peer sent: err is of the Decoder. This
	// and the two that follow return what the read that met it returns.
	refused(ctx context.Context, err error) error
	// streamEnded is called when the peer's direction has ended.
	streamEnded(ctx context.Context, cause error) error
	// streamBroke is called when the transport has failed.
	streamBroke(cause error) error
	closedError() error
	// givenUp is what a call returns because ctx has ended, nil if it has not.
	givenUp(ctx context.Context) error
	// inCallback reports whether the caller is called by control, so that it must not wait
	// for the gate.
	inCallback() bool
	// driveAgain is called when a read has ended and drivers wait to drive the next.
	driveAgain()
	// inflater is what a compressed message is decompressed by.
	inflater() *conn.Inflater
}

// limits are those of the frame that comes next.
func (r *receiver) limits() conn.Limits {
	return conn.Limits{Frame: r.frameLimit, Message: r.limit.Load(), Fragments: int(r.fragments)}
}

func (r *receiver) stateIs(s conn.State) bool { return conn.State(r.state.Load()) == s }

// canReceive reports whether frames from the peer still mean something.
func (r *receiver) canReceive() bool { return conn.State(r.state.Load()).CanReceive() }

// enter takes the gate for a call, unless ctx ends first or there is nothing to read any
// more.
func (r *receiver) enter(ctx context.Context) error {
	if !r.gate.TryLock() {
		if err := r.waitForGate(ctx); err != nil {
			return err
		}
	}
	if !r.canReceive() {
		r.leave()
		return r.host.closedError()
	}
	return nil
}

// waitForGate waits for the gate. When there is nothing to read any more it does not:
// endTransport may be inside until the peer ends its side.
func (r *receiver) waitForGate(ctx context.Context) error {
	if r.host.inCallback() {
		return inCallbackError("Conn.Read")
	}
	switch r.gate.LockWhile(ctx, r.canReceive, r.host.beforeWait) {
	case nil:
		return nil
	case gate.ErrUnusable:
		return r.host.closedError()
	}
	return r.host.givenUp(ctx)
}

// leave ends the call.
func (r *receiver) leave() {
	r.canceler.Park()
	r.buf.Release()
	idle := !r.atData()
	r.gate.Unlock()
	if r.stateIs(conn.Terminated) {
		r.retire()
	}
	if r.drivers.Load() != 0 && idle {
		r.host.driveAgain()
	}
}

// retire gives back what the receiver holds, once nobody is inside. Whoever ends the
// connection calls it, and whoever leaves the gate after that: each after its own step
// (the state is terminal, the gate is open), so that one of them finds the other's done.
func (r *receiver) retire() {
	if r.gate.TryLock() {
		r.canceler.Reset()
		r.takeOrphan()
		r.buf.Discard()
		r.partial = nil
		r.dropInflation()
		r.gate.Unlock()
	}
}

// takeOrphan gives back, inside the gate, what a loop could not give back outside. There is
// never more than one: a loop runs inline only after the one before has left, and takes
// first what that left.
func (r *receiver) takeOrphan() {
	if r.orphan.Load() == nil {
		return
	}
	if pinned := r.orphan.Swap(nil); pinned != nil {
		r.buf.Unpin(pinned)
	}
}

// abandonBuffer leaves what was pinned of the buffer to whoever is inside next. It is
// called outside the gate.
func (r *receiver) abandonBuffer(pinned *[]byte) {
	r.orphan.Store(pinned)
	if r.stateIs(conn.Terminated) {
		r.retire() // whoever has retired it before did not know of this
	}
}

// atData reports whether the next thing in the stream is for the application.
func (r *receiver) atData() bool {
	return !r.decoder.AtHeader() || r.stream != nil || r.partial != nil
}

// atStart reports whether a message begins next, of which nothing is there.
func (r *receiver) atStart() bool {
	return r.buf.Buffered() == 0 && r.decoder.Message() == frame.Continuation && r.partial == nil
}

// needsMore reports whether nothing can be had without bytes from the network.
func (r *receiver) needsMore() bool {
	return r.buf.Buffered() == 0 && r.stream == nil && (r.decoder.AtHeader() || r.decoder.Left() > 0)
}

// inflating is what the reading half needs while a compressed message is under way.
type inflating struct {
	engine conn.InflateEngine

	// For a Reader, which takes what the message says piece by piece. What it has
	// taken stays for as long as the message may refer to it.
	output []byte
	taken  int // output[:taken]
}

var inflatings = poolcheck.NewPool("inflate engines", func() any { return new(inflating) })

// inflation returns the state of the compressed message under way.
func (r *receiver) inflation() *inflating {
	if r.inflating == nil {
		r.inflating = inflatings.Get().(*inflating)
		r.decoder.Lend(&r.inflating.engine, r.host.inflater())
	}
	return r.inflating
}

// dropInflation gives the state back.
func (r *receiver) dropInflation() {
	if z := r.inflating; z != nil {
		r.inflating = nil
		r.decoder.Release()
		z.taken, z.output = 0, z.output[:0]
		inflatings.Put(z)
	}
}
