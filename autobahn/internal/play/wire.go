package play

import "github.com/hawser-ws/websocket/autobahn/internal/mux"

// A Wire is how a case uses HTTP/2.
type Wire struct {
	// Window is what the peer may send on the stream before it was read; nil means mux.Usual.
	Window *uint32
	// Shape is how the suite sends DATA.
	Shape mux.Shape
	// Before is called before the suite sends its header block. It may be nil.
	Before func(x *mux.Stream)
}
