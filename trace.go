package websocket

import (
	"context"
	"log/slog"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// Trace is a set of functions that are called when something happens on a connection, like
// those of [net/http/httptrace]. Each may be nil. One Trace may serve any number of
// connections. The goroutine that reads or writes calls them, so they must be quick. They
// may call these methods of the connection and no other: NetConn, Role, Subprotocol,
// Compression, Latency. A panic in one is logged.
type Trace struct {
	// HandshakeDone is called before all others, when the opening handshake is done.
	HandshakeDone func(c *Conn)
	// FrameRead is called for every frame received, when its header is accepted.
	FrameRead func(c *Conn, f FrameInfo)
	// FrameWritten is called for every frame when it takes its place in the outgoing
	// stream. It is called again if the frame was taken back from there and is sent later.
	FrameWritten func(c *Conn, f FrameInfo)
	// StateChanged is called when the connection goes from one state to the next.
	StateChanged func(c *Conn, from, to conn.State)
	// Closed is called once, when the connection has ended, with the error that every
	// method returns from then on.
	Closed func(c *Conn, err *ClosedError)
}

// A nil Trace costs one comparison. Tracing must not change what it observes, and most calls
// are on goroutines of this package, so panics are logged and go no further.

func (c *Conn) traceHandshake() {
	if t := c.trace; t != nil && t.HandshakeDone != nil {
		defer survive()
		t.HandshakeDone(c)
	}
}

func (c *Conn) traceRead(h frame.Header) {
	if t := c.trace; t != nil && t.FrameRead != nil {
		defer survive()
		t.FrameRead(c, frameInfo(h))
	}
}

func (c *Conn) traceWritten(h frame.Header) {
	if t := c.trace; t != nil && t.FrameWritten != nil {
		defer survive()
		t.FrameWritten(c, frameInfo(h))
	}
}

func (c *Conn) traceState(from, to conn.State) {
	if t := c.trace; t != nil && t.StateChanged != nil && from != to {
		defer survive()
		t.StateChanged(c, from, to)
	}
}

func (c *Conn) traceClosed(err *ClosedError) {
	if t := c.trace; t != nil && t.Closed != nil {
		defer survive()
		t.Closed(c, err)
	}
}

// survive logs a panic of the function that defers it, and stops it.
func survive() {
	if p := recover(); p != nil {
		logPanic(context.Background(), p)
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
