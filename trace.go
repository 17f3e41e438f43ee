package websocket

import (
	"context"
	"log/slog"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// Trace is a set of functions to call at what happens on a connection, in the
// manner of [net/http/httptrace]. Each may be nil; one Trace may serve any number of
// connections. They are called by the goroutine that reads or writes, so they must be
// quick, and of the connection's methods only those may be called that look:
// NetConn, Role, Subprotocol, Compression, Latency. A panic in one is logged.
type Trace struct {
	// HandshakeDone is called first, when the opening handshake is done.
	HandshakeDone func(c *Conn)
	// FrameRead is called for every frame received, when its header is accepted.
	FrameRead func(c *Conn, f FrameInfo)
	// FrameWritten is called for every frame, when it takes its place in the outgoing
	// stream; again if it was taken back from there, and sent later after all.
	FrameWritten func(c *Conn, f FrameInfo)
	// StateChanged is called when the connection goes from one state to the next.
	StateChanged func(c *Conn, from, to conn.State)
	// Closed is called once, when the connection has ended, with what every method
	// returns from then on.
	Closed func(c *Conn, err *ClosedError)
}

// Tracing: a nil Trace costs a comparison. What it looks at it must not change, and
// most calls come from goroutines of ours, so panics are logged and go no further.

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

func (c *Conn) traceClosed() {
	if t := c.trace; t != nil && t.Closed != nil {
		defer survive()
		t.Closed(c, c.closedError())
	}
}

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
