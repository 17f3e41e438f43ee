package websocket

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"runtime"
	"sync/atomic"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// callbacks are functions of the application. Whoever reads calls them, inside the read
// gate, so only one runs at a time.
type callbacks struct {
	onPing  func(context.Context, []byte) bool
	onPong  func(context.Context, []byte)
	running atomic.Bool
}

// ping reports whether the ping is to be answered. It fails if the callback panics.
func (c *callbacks) ping(ctx context.Context, payload []byte) (answer bool, err error) {
	if c == nil || c.onPing == nil {
		return true, nil
	}
	return runCallback(ctx, c, frame.Ping, payload)
}

// pong fails if the callback panics.
func (c *callbacks) pong(ctx context.Context, payload []byte) error {
	if c == nil || c.onPong == nil {
		return nil
	}
	_, err := runCallback(ctx, c, frame.Pong, payload)
	return err
}

// runCallback runs a callback. If it panics, runCallback logs that and fails: the callback
// may run on a goroutine of this package, and must not end the program. runCallback must not
// be inlined, because onStack looks for it on the stack.
//
//go:noinline
func runCallback(ctx context.Context, c *callbacks, op frame.Opcode, payload []byte) (answer bool, err error) {
	c.running.Store(true)
	defer func() {
		c.running.Store(false)
		if p := recover(); p != nil {
			logPanic(ctx, p)
			err = fmt.Errorf("panic in a callback: %v", p)
		}
	}()
	if op == frame.Ping {
		return c.onPing(ctx, payload), nil
	}
	c.onPong(ctx, payload)
	return false, nil
}

// onStack reports whether the current goroutine is inside a callback. Waiting for the read
// there would deadlock, because the read waits for the callback. In the rare case that
// callbacks of two connections run at once, one is mistaken for the other.
//
// Go gives goroutines no identity to compare, so onStack searches the stack. That is slow,
// and happens only while a callback runs.
func (c *callbacks) onStack() bool {
	if c == nil || !c.running.Load() {
		return false
	}
	callers := make([]uintptr, 64)
	n := runtime.Callers(2, callers)
	for n == len(callers) {
		callers = make([]uintptr, 2*n)
		n = runtime.Callers(2, callers)
	}
	entry := reflect.ValueOf(runCallback).Pointer()
	frames := runtime.CallersFrames(callers[:n])
	for {
		f, more := frames.Next()
		if f.Entry == entry {
			return true
		}
		if !more {
			return false
		}
	}
}

// inCallbackError is the error of a method that would deadlock inside a callback.
func inCallbackError(method string) error {
	return &UsageError{method, "called inside OnPingReceived or OnPongReceived; it would wait for the read that runs the callback. Call it on another goroutine"}
}

// Trace is a set of functions that are called when something happens on a connection, like
// those of [net/http/httptrace]. Each may be nil. One Trace may serve any number of
// connections. The goroutine that reads or writes calls them, so they must be quick. They
// may call these methods of the connection and no other: NetConn, Role, Subprotocol,
// Compression, Latency. A panic in one is logged.
type Trace struct {
	// HandshakeDone is called before all others, when the opening handshake is done.
	HandshakeDone func(c *Conn)
	// FrameRead is called for every frame received, when its header by itself is valid.
	// The order of frames and the limits are judged afterwards.
	FrameRead func(c *Conn, f FrameInfo)
	// FrameWritten is called for every frame when it takes its place in the outgoing
	// stream. It is called again if the frame was taken back from there and is sent later.
	FrameWritten func(c *Conn, f FrameInfo)
	// StateChanged is called when the connection goes from one state to the next. Two changes
	// that different goroutines make at once may be reported in either order, even after
	// Closed.
	StateChanged func(c *Conn, from, to conn.State)
	// Closed is called once, when the connection has ended, with the error that every
	// method returns from then on.
	Closed func(c *Conn, err *ClosedError)
}

// survive logs a panic of the function that defers it, and stops it.
func survive() {
	if p := recover(); p != nil {
		logPanic(context.Background(), p)
	}
}

// The functions below call those of a Trace. A nil Trace costs one comparison. Tracing must
// not change what it observes, and most calls are on goroutines of this package. So panics
// are logged and go no further.

func (c *Conn) traceHandshake() {
	if t := c.trace(); t != nil && t.HandshakeDone != nil {
		defer survive()
		t.HandshakeDone(c)
	}
}

func (c *Conn) traceRead(h frame.Header) {
	if t := c.trace(); t != nil && t.FrameRead != nil {
		defer survive()
		t.FrameRead(c, frameInfo(h))
	}
}

func (c *Conn) traceWritten(h frame.Header) {
	if t := c.trace(); t != nil && t.FrameWritten != nil {
		defer survive()
		t.FrameWritten(c, frameInfo(h))
	}
}

func (c *Conn) traceState(from, to conn.State) {
	if t := c.trace(); t != nil && t.StateChanged != nil && from != to {
		defer survive()
		t.StateChanged(c, from, to)
	}
}

func (c *Conn) traceClosed(err *ClosedError) {
	if t := c.trace(); t != nil && t.Closed != nil {
		defer survive()
		t.Closed(c, err)
	}
}

// FrameInfo describes a frame to [Trace].
type FrameInfo struct {
	Opcode frame.Opcode
	FIN    bool
	RSV1   bool // compressed
	Masked bool
	Length int64 // of the payload, in bytes as on the wire
}

// LogValue makes a FrameInfo one group of attributes.
func (f FrameInfo) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("opcode", f.Opcode.String()),
		slog.Bool("fin", f.FIN),
		slog.Bool("rsv1", f.RSV1),
		slog.Bool("masked", f.Masked),
		slog.Int64("length", f.Length),
	)
}

func frameInfo(h frame.Header) FrameInfo {
	return FrameInfo{Opcode: h.Opcode, FIN: h.FIN, RSV1: h.RSV1, Masked: h.Masked, Length: int64(h.Length)}
}
