package websocket

import (
	"context"
	"time"

	"github.com/hawser-ws/websocket/handshake"
)

// Limits bound what a peer may make this end hold or count. The zero value of a
// field is its default, a negative value means no limit. The peer that exceeds
// one is closed with StatusMessageTooBig and the read fails with a [*LimitError].
type Limits struct {
	// Message is the size of a message in bytes, after decompression.
	// Default: 1 MiB. [Conn.SetReadLimit] changes it later.
	Message int64
	// Frame is the size of one frame's payload in bytes, as on the wire.
	// Default: as large as the message may be; a compressed message may take an eighth
	// more and 64 KiB, all its frames together.
	Frame int64
	// Fragments is how many frames a message may have, the empty ones too.
	// Default: 131,072.
	Fragments int
	// HeaderBytes is the size in bytes of the head of the request that [Upgrade]
	// reads (default: 16 KiB), or of the response that [Dial] reads with what is
	// informational before it (default: 64 KiB).
	HeaderBytes int
	// HeaderFields is how many header fields the request may have. Default: 100.
	HeaderFields int
}

// Timeouts bound what waits for the peer. The zero value of a field is its
// default.
type Timeouts struct {
	// Handshake bounds the opening handshake, from dialing or the first byte of
	// the request to the end of the response. Default: 30 s, besides the context. A
	// negative value leaves it to the context.
	Handshake time.Duration
	// Close bounds everything from the beginning of the closing handshake to the
	// end of the TCP connection. Default: 5 s, also for a negative value: closing
	// is always bounded.
	Close time.Duration
	// Write bounds every write to the network. A large message needs many: the peer has
	// this time again for each 32 KiB that it takes. A write that takes longer costs the
	// connection, with [ErrWriteTimeout] as its cause. Default: no bound but the
	// context.
	Write time.Duration
}

// KeepAlive makes a connection ping its peer at intervals, also while the
// application is not reading. The zero value does not.
type KeepAlive struct {
	// Interval between pings. Zero: no keepalive.
	Interval time.Duration
	// Timeout is how long to wait for a sign of life after a ping: any byte counts. A
	// peer that gives none costs the connection, with [ErrKeepAlive] as its cause.
	// Default: Interval. While messages wait for the application to read them the peer
	// is not blamed.
	//
	// The time begins when the ping has been handed to the network. A ping that has to
	// wait for a large message does so for as long as the peer takes any of that within
	// Timeout. What the network holds by then, up to some megabytes, the peer reads before
	// the ping: choose a Timeout in which a slow one can.
	Timeout time.Duration
}

// The defaults, each with its reason.
const (
	// Enough for nearly every protocol, small enough that 1,000 hostile peers
	// cannot take more than 1 GB.
	defaultMessageLimit = 1 << 20
	// The finest cut in use is Autobahn's: 4 MiB by 64 octets, and an empty fragment
	// at the end. An endless one is cut off while its cost is only time.
	defaultFragments = 1 << 17

	defaultHandshakeTimeout = 30 * time.Second
	// As long as other libraries wait; a live peer answers within a round trip.
	defaultCloseTimeout = 5 * time.Second
)

// ConnOptions are the options of [NewConn]. Nil means the defaults.
type ConnOptions struct {
	// Subprotocol is what the two ends agreed on.
	Subprotocol string
	// Buffered is what was already read from the stream.
	Buffered []byte
	// Deflate is what the two ends agreed on for permessage-deflate (RFC 7692). Nil:
	// messages are not compressed.
	Deflate *handshake.Deflate
	// CompressionThreshold is as in [AcceptOptions], CompressionLevel as the Level of
	// [CompressionOptions]; a larger one is 9.
	CompressionThreshold int
	CompressionLevel     int

	Limits    Limits
	Timeouts  Timeouts
	KeepAlive KeepAlive
	// Trace is called at what happens on the connection. Nil: nothing is.
	Trace *Trace

	// OnPingReceived is called when a ping arrives, by the call that reads. If it
	// returns false no pong is sent. The payload is valid during the call.
	//
	// The read waits for it. It may write and close: [Conn.Close] does not wait for the
	// peer there. A read or [Conn.Ping] fails at once with a [*UsageError].
	OnPingReceived func(ctx context.Context, payload []byte) bool
	// OnPongReceived is called when a pong arrives, by the call that reads. The
	// payload is valid during the call. It may do what OnPingReceived may.
	OnPongReceived func(ctx context.Context, payload []byte)
}

// orDefault resolves an option: zero is the default, negative no limit.
func orDefault[T int | int64 | time.Duration](v, standard T) T {
	switch {
	case v == 0:
		return standard
	case v < 0:
		return 0
	}
	return v
}
