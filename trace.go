package websocket

import (
	"context"
	"log/slog"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// Trace is a set of functions to call at what happens on a connection, in the
// manner of [net/http/httptrace]. Each may be nil. They are called by the
// goroutine that reads or writes, so they must be quick and must not call the
// connection's methods. A panic in one is logged.
type Trace struct {
	// FrameRead is called for every frame received, when its header is accepted.
	FrameRead func(FrameInfo)
	// FrameWritten is called for every frame, when it takes its place in the
	// outgoing stream.
	FrameWritten func(FrameInfo)
	// StateChanged is called when the connection goes from one state to the next.
	StateChanged func(from, to conn.State)
	// Closed is called once, when the connection has ended, with what every method
	// returns from then on.
	Closed func(*ClosedError)
}

// guarded returns a Trace whose panics are logged and go no further: it looks, and
// must not change what it looks at. Most of its calls come from goroutines of ours.
func (t *Trace) guarded() *Trace {
	if t == nil {
		return nil
	}
	g := *t
	if g.FrameRead != nil {
		g.FrameRead = func(f FrameInfo) { defer survive(); t.FrameRead(f) }
	}
	if g.FrameWritten != nil {
		g.FrameWritten = func(f FrameInfo) { defer survive(); t.FrameWritten(f) }
	}
	if g.StateChanged != nil {
		g.StateChanged = func(from, to conn.State) { defer survive(); t.StateChanged(from, to) }
	}
	if g.Closed != nil {
		g.Closed = func(e *ClosedError) { defer survive(); t.Closed(e) }
	}
	return &g
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
