package websocket

import "github.com/hawser-ws/websocket/handshake"

// CompressionMode says whether and how permessage-deflate (RFC 7692) is offered
// and accepted. This version negotiates it off, whatever the mode.
type CompressionMode int

const (
	// CompressionDisabled does not negotiate compression.
	CompressionDisabled CompressionMode = iota

	// CompressionContextTakeover keeps the sliding window from one message to the
	// next. It compresses better and costs memory for as long as the connection
	// lives.
	CompressionContextTakeover

	// CompressionNoContextTakeover compresses each message on its own.
	CompressionNoContextTakeover
)

// CompressionOptions refine a CompressionMode that is not CompressionDisabled. The
// zero value of a field is its default.
type CompressionOptions struct {
	// Send and Receive are the modes of the two directions, where they are to
	// differ. Default: CompressionMode.
	Send, Receive CompressionMode
	// SendWindowBits and ReceiveWindowBits bound the windows of the two directions
	// to 1<<bits bytes, 8 to 15. The peer may ask for less. Default: 15.
	SendWindowBits, ReceiveWindowBits int
	// Level is how hard to try: 1, the fastest, to 9, the smallest. Default: 1.
	Level int
	// Memory bounds what an idle connection keeps for compression, in bytes: window
	// bits and context takeover are negotiated so that it suffices. Default: no
	// bound but the windows.
	Memory int
}

// Compression returns what the opening handshake agreed on; ok is false if
// messages are not compressed.
func (c *Conn) Compression() (terms handshake.Deflate, ok bool) { return handshake.Deflate{}, false }
