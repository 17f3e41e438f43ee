package websocket

import (
	"io"
	"math"
	"net"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Role says which end of a connection this is.
type Role = conn.Role

const (
	RoleServer = conn.Server
	RoleClient = conn.Client
)

// Conn is a WebSocket connection. Every method may be called from any goroutine
// at any time.
//
// Reads deliver messages in order, each to one caller. Writes of whole messages
// may be concurrent; control frames, of this package's own accord or by [Conn.Ping],
// go out between the fragments of a message. A context that is cancelled ends the
// call, not the connection, unless a frame is half on the wire. After the
// connection has ended every method returns a [*ClosedError].
//
// A connection should be ended by [Conn.Close] or [Conn.CloseNow].
type Conn struct {
	transport transport.Transport
	socket    transport.Socket // what transport is, of most connections
	life      lifetime
	in        reader
	out       sender
	pings     pings
	keepAlive *keepAlive // nil: none
	deflate   *deflating // nil: messages are not compressed

	readLimit   atomic.Int64 // Limits.Message; at most zero: none
	frameLimit  int64
	fragments   int32
	role        conn.Role
	subprotocol string

	trace *Trace
	calls *callbacks // nil: none
}

// NewConn makes a connection of a stream on which the opening handshake is
// already done: for tests, tunnels and handshakes of other kinds. A stream that is
// a [net.Conn] is driven by its deadlines; any other, and one that refuses deadlines,
// is read ahead by up to 4 KiB, and lost when a write on it has to be interrupted. Such
// a write is left to itself, with a copy of what it writes, until the stream ends it.
// A net.Conn whose deadlines return nil and do nothing cannot be told from one that
// works: no context ends a read of it that waits. Have such methods return an error.
//
// Any role but RoleClient is RoleServer. opts may be nil.
func NewConn(rwc io.ReadWriteCloser, role Role, opts *ConnOptions) *Conn {
	if role != RoleClient {
		role = RoleServer
	}
	if opts == nil {
		opts = &ConnOptions{}
	}
	return newConn(rwc, role, opts.settings(), agreement{opts.Subprotocol, opts.Deflate, opts.Buffered})
}

func newConn(rwc io.ReadWriteCloser, role Role, s settings, agreed agreement) *Conn {
	c := new(Conn)
	c.transport = transport.New(rwc, &c.socket)
	if nc, ok := rwc.(net.Conn); ok {
		transport.ClearDeadlines(nc)
	}
	c.open(role, s, agreed)
	return c
}

// open makes a connection of c, which has its transport.
func (c *Conn) open(role Role, s settings, agreed agreement) {
	c.role = role
	c.frameLimit = s.limits.Frame
	c.fragments = int32(min(max(orDefault(s.limits.Fragments, defaultFragments), -1), math.MaxInt32))
	c.readLimit.Store(orDefault(s.limits.Message, defaultMessageLimit))
	c.subprotocol = agreed.subprotocol
	c.trace = s.trace
	if s.onPingReceived != nil || s.onPongReceived != nil {
		c.calls = &callbacks{onPing: s.onPingReceived, onPong: s.onPongReceived}
	}
	c.life.host, c.life.closeTimeout = (*living)(c), defaultCloseTimeout
	if s.timeouts.Close > 0 {
		c.life.closeTimeout = s.timeouts.Close
	}
	if agreed.deflate != nil {
		c.deflate = newDeflating(*agreed.deflate, role, s.compressionThreshold, s.compressionLevel)
	}
	c.in.decoder.Init(role.Expects(c.deflate != nil))
	c.in.canceler.Init(&c.transport, transport.Reading)
	c.openSender(s.timeouts.Write)
	c.transport = transport.Preload(c.transport, &c.in.buf, agreed.buffered)
	c.traceHandshake()
	c.keepAlive = newKeepAlive(s.keepAlive, (*alive)(c), &c.pings)
	if c.keepAlive != nil {
		c.out.setPace(c.keepAlive.pace)
	}
	c.keepAlive.start()
}

// Role returns which end this is.
func (c *Conn) Role() Role { return c.role }

// Subprotocol returns the subprotocol that the opening handshake agreed on; empty
// if there is none.
func (c *Conn) Subprotocol() string { return c.subprotocol }

// SetReadLimit sets how many bytes a message may have, from the next frame on.
// -1 means no limit, and so does 0. The default is [Limits.Message].
func (c *Conn) SetReadLimit(n int64) { c.readLimit.Store(n) }

// NetConn returns the connection beneath, nil if the stream is not a [net.Conn].
// It is for looking (addresses, TLS state, socket options), not for reading,
// writing or closing: in the body of a loop over [Conn.Messages] its Close would wait
// for the body, and so for itself. [Conn.CloseNow] does not.
//
// Its deadlines belong to the Conn. If a deadline that somebody else has set passes
// while a read waits, the connection ends with [os.ErrDeadlineExceeded] as its cause; so
// an idle timeout in a net.Conn of your own takes effect. A deadline that is set from
// outside may also be removed at any time.
func (c *Conn) NetConn() net.Conn { return c.transport.NetConn() }

func (c *Conn) limits() conn.Limits {
	return conn.Limits{Frame: c.frameLimit, Message: c.readLimit.Load(), Fragments: int(c.fragments)}
}

// Latency returns the round-trip time of the ping that was last answered, by
// [Conn.Ping] or keepalive; zero before the first.
func (c *Conn) Latency() time.Duration {
	if p := c.pings.way.Load(); p != nil {
		return time.Duration(p.latency.Load())
	}
	return 0
}
