package websocket

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Limits bound what a peer can make this end store or count. The zero value of a field
// means its default, a negative value no limit. If the peer exceeds a limit, the connection
// is closed with StatusMessageTooBig and the read fails with a [*LimitError].
type Limits struct {
	// Message is the size of a message in bytes, after decompression.
	// Default: 1 MiB. [Conn.SetReadLimit] changes it later.
	Message int64
	// Frame is the size of one frame's payload in bytes, as on the wire.
	// Default: what the message may have. The frames of a compressed message may together
	// have an eighth more, and 64 KiB.
	Frame int64
	// Fragments is how many frames a message may have, including empty ones.
	// Default: 131,072.
	Fragments int
	// HeaderBytes is the size in bytes of the request that [Upgrade] reads (default:
	// 16 KiB), or of the head of the response that [Dial] reads, with the informational
	// responses before it (default: 64 KiB).
	HeaderBytes int
	// HeaderFields is how many header fields the request that [Upgrade] reads may have.
	// Default: 100.
	HeaderFields int
}

// Timeouts bound what waits for the peer. The zero value of a field means its default.
type Timeouts struct {
	// Handshake bounds the opening handshake: the whole of [Dial], in addition to its
	// context, or the whole of [Upgrade]. Behind net/http it bounds only the sending of the
	// response; see [http.Server.ReadHeaderTimeout] for the request. Default: 30 s. A
	// negative value means no bound but the context.
	Handshake time.Duration
	// Close bounds the time from the beginning of the closing handshake to the end of the
	// TCP connection. Default: 5 s, also for a negative value, because closing is always
	// bounded.
	Close time.Duration
	// Write bounds every write to the network. A large message is written in parts,
	// and the peer has this time for each 32 KiB. A write that takes longer ends the
	// connection with [ErrWriteTimeout] as the cause. Default, also for a negative value: no bound but
	// the context.
	Write time.Duration
}

// KeepAlive makes a connection ping its peer at intervals, even while the application is
// not reading. The zero value means no pings.
type KeepAlive struct {
	// Interval is the time between pings. Zero or less: no keepalive.
	Interval time.Duration
	// Timeout is how long to wait for the peer after a ping. Any byte received counts. If
	// none arrives, the connection ends with [ErrKeepAlive] as the cause, unless messages
	// wait for the application to read them. Default, also for a negative value: Interval.
	//
	// The time begins when the ping is handed to the transport. A ping may have to wait
	// behind a large message. Meanwhile the peer must take some of that message within each
	// Timeout; 32 KiB if the transport is not itself a TCP or Unix socket. The network may
	// hold some megabytes that the peer has to read before the ping. Choose a Timeout in
	// which a slow peer can read that much.
	Timeout time.Duration
}

// The defaults, each with its reason.
const (
	// Enough for nearly every protocol, small enough that 1,000 hostile peers
	// cannot take more than 1 GB.
	defaultMessageLimit = 1 << 20
	// The smallest fragments in use are Autobahn's: 4 MiB in 64 bytes each, and an empty one
	// at the end. An endless message is refused while its cost is only time.
	defaultFragments = 1 << 17

	// The size of a message in bytes from which on compressing it pays. With takeover there
	// is more to refer to.
	thresholdTakeover   = 128
	thresholdNoTakeover = 512

	defaultHandshakeTimeout = 30 * time.Second
	// As long as other libraries wait; a live peer answers within a round trip.
	defaultCloseTimeout = 5 * time.Second
)

// ConnOptions are the options of [NewConn]. Nil means the defaults.
//
// CompressionThreshold and the fields below it apply to every connection: [AcceptOptions]
// and [DialOptions] have the same fields.
type ConnOptions struct {
	// Subprotocol is what the two ends agreed on. Empty: none.
	Subprotocol string
	// Buffered is what was already read from the stream behind the handshake. Nil: nothing.
	Buffered []byte
	// Deflate is what the two ends agreed on for permessage-deflate (RFC 7692). Nil:
	// messages are not compressed.
	Deflate *handshake.Deflate
	// CompressionLevel is as [CompressionOptions.Level]. A value above 9 means 9.
	CompressionLevel int

	// CompressionThreshold is the size in bytes from which on messages are compressed.
	// Default: 128 with context takeover (CompressionContextTakeover), 512 without it
	// (CompressionNoContextTakeover). A negative value compresses every message.
	CompressionThreshold int

	// OnPingReceived is called when a ping arrives, on the goroutine that reads and with
	// the context of that read. If it returns false no pong is sent. The payload is valid
	// during the call. Nil: every ping is answered.
	//
	// The read goes on when the function returns, so there is at most one call at a time on
	// a connection. The function may write and close; [Conn.Close] does not wait for the peer
	// there. A read or [Conn.Ping] in it fails at once with a [*UsageError].
	OnPingReceived func(ctx context.Context, payload []byte) bool
	// OnPongReceived is called when a pong arrives. What is said of OnPingReceived holds for
	// it, too. Nil: nothing is called.
	OnPongReceived func(ctx context.Context, payload []byte)

	// The zero values of Limits, Timeouts and KeepAlive mean their defaults.
	Limits    Limits
	Timeouts  Timeouts
	KeepAlive KeepAlive
	// Trace is told what happens on the connection. Nil: no tracing.
	Trace *Trace
}

// settings are the options that apply to every connection. The rest of the package sees
// only these.
//
// They are not an exported struct that the three kinds of options embed. A literal that sets
// a limit would then have to name that struct as well, and the documentation of
// AcceptOptions would not list the field. So each kind declares the fields, ConnOptions
// documents them, and TestOptionsAgree compares them.
type settings struct {
	compressionThreshold int
	compressionLevel     int
	onPingReceived       func(ctx context.Context, payload []byte) bool
	onPongReceived       func(ctx context.Context, payload []byte)
	limits               Limits
	timeouts             Timeouts
	keepAlive            KeepAlive
	trace                *Trace
}

func (o *ConnOptions) settings() settings {
	return settings{
		o.CompressionThreshold, o.CompressionLevel, o.OnPingReceived, o.OnPongReceived,
		o.Limits, o.Timeouts, o.KeepAlive, o.Trace,
	}
}

// terms are what all connections share that have the same options and subprotocol. Where these
// have functions of the application, the terms are those of one connection.
type terms struct {
	subprotocol  string
	frameLimit   int64 // Limits.Frame
	fragments    int   // Limits.Fragments
	closeTimeout time.Duration
	trace        *Trace     // nil: nothing is traced
	calls        *callbacks // nil: none
}

// recentTerms are those of the connections that were made last.
var recentTerms [4]atomic.Pointer[terms]

// terms returns those of an earlier connection if they are the same, so that an idle
// connection has none of its own. Functions are not kept: they may hold anything.
func (s *settings) terms(subprotocol string) *terms {
	t := terms{
		subprotocol:  subprotocol,
		frameLimit:   s.limits.Frame,
		fragments:    orDefault(s.limits.Fragments, defaultFragments),
		closeTimeout: defaultCloseTimeout,
		trace:        s.trace,
	}
	if s.timeouts.Close > 0 {
		t.closeTimeout = s.timeouts.Close
	}
	if s.onPingReceived != nil || s.onPongReceived != nil {
		t.calls = &callbacks{onPing: s.onPingReceived, onPong: s.onPongReceived}
	}
	if t.trace != nil || t.calls != nil {
		return new(t)
	}
	for i := range recentTerms {
		if recent := recentTerms[i].Load(); recent != nil && *recent == t {
			return recent
		}
	}
	fresh := new(t)
	oldest := recentTerms[0].Swap(fresh)
	for i := range recentTerms[1:] {
		oldest = recentTerms[i+1].Swap(oldest)
	}
	return fresh
}

// standing is how a connection stands: what its two halves look at for every message. They
// have it in common.
type standing struct {
	state    atomic.Uint32 // the conn.State of lifetime's machine, to be read without its mu
	coalesce coalescer

	role   conn.Role
	traits transport.Traits // of the transport
	traced bool             // the application wants to know of every frame
	reader readerKind       // who may read; inside the read gate

	end  atomic.Uint32 // an endPhase
	pace *pace         // nil: neither Timeouts.Write nor keepalive is set
}

// readerKind says who reads the messages of a connection.
type readerKind uint8

const (
	readByCaller readerKind = iota // Read, Messages and so on
	readByLoop                     // a Loop
	readInTurn                     // a Loop, which is inside the gate and does not wait
	readLooking                    // somebody else, besides a Loop, who does not wait either
)

// agreement is the outcome of the opening handshake.
type agreement struct {
	subprotocol string
	deflate     *handshake.Deflate // nil: messages are not compressed
	buffered    []byte             // bytes read after the handshake
}

// orDefault resolves an option: zero means the default, a negative value no limit (0).
func orDefault[T int | int64 | time.Duration](v, standard T) T {
	switch {
	case v == 0:
		return standard
	case v < 0:
		return 0
	}
	return v
}
