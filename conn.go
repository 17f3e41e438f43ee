package websocket

import (
	"io"
	"net"
	"strconv"
	"sync/atomic"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Role is the end of a connection: server or client.
type Role = conn.Role

const (
	RoleServer = conn.Server
	RoleClient = conn.Client
)

// MessageType is the type of a data message (RFC 6455 §5.6).
type MessageType int

const (
	// MessageText is UTF-8 text. Received text is always checked.
	MessageText MessageType = iota + 1
	// MessageBinary is bytes; what they mean is up to the application.
	MessageBinary
)

// String returns the constant's name.
func (t MessageType) String() string {
	switch t {
	case MessageText:
		return "MessageText"
	case MessageBinary:
		return "MessageBinary"
	}
	return "MessageType(" + strconv.Itoa(int(t)) + ")"
}

// opcode returns the opcode of a message's first frame.
func (t MessageType) opcode() frame.Opcode { return frame.Opcode(t) }

// Conn is a WebSocket connection. Every method may be called from any goroutine at any time.
//
// Reads deliver messages in order, each to one caller. Writes of whole messages may be
// concurrent. Control frames, those of this package and of [Conn.Ping], go out between the
// fragments of a message. Cancelling a context ends the call, not the connection, unless
// half a frame is on the wire. When the connection has ended, every method returns a
// [*ClosedError].
//
// End every connection by [Conn.Close] or [Conn.CloseNow].
type Conn struct {
	transport transport.Transport
	life      lifetime
	in        receiver
	out       sender
	pings     pings
	deflate   *deflating               // nil: messages are not compressed
	served    atomic.Pointer[loopConn] // nil: no Loop serves it
}

// socketConn is a Conn with the memory for its socket, which streams of HTTP/2 do not need.
type socketConn struct {
	Conn
	socket transport.Socket
}

// connOver returns a Conn that has its transport: how to drive rwc.
func connOver(rwc io.ReadWriteCloser) *Conn {
	c := new(socketConn)
	c.transport = transport.New(rwc, &c.socket)
	return &c.Conn
}

// NewConn makes a connection of a stream on which the opening handshake has been performed:
// for tests, tunnels and other kinds of handshake. Any role other than RoleClient means
// RoleServer. opts may be nil.
//
// Calls on a [net.Conn] are interrupted by its deadlines. Any other stream, and a net.Conn
// whose deadline methods return an error, is read ahead by up to 4 KiB on a goroutine, and
// interrupting a write costs the connection. That write then goes on with a copy of its
// data until the stream ends it. If the deadline methods of a net.Conn return nil and do
// nothing, no context can end a waiting read: let them return an error.
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
	c := connOver(rwc)
	if nc, ok := rwc.(net.Conn); ok {
		transport.ClearDeadlines(nc)
	}
	c.open(role, s, agreed)
	return c
}

// open makes c, which has its transport, an open connection.
func (c *Conn) open(role Role, s settings, agreed agreement) {
	c.in.terms = s.terms(agreed.subprotocol)
	c.life.host = (*forLifetime)(c)
	if agreed.deflate != nil {
		c.deflate = newDeflating(*agreed.deflate, role, s.compressionThreshold, s.compressionLevel)
	}
	c.openSender(role, s.timeouts.Write)
	c.openReceiver(orDefault(s.limits.Message, defaultMessageLimit))
	if len(agreed.buffered) > 0 { // otherwise a loop may be looking at the transport already
		c.transport = transport.Preload(c.transport, &c.in.buf, agreed.buffered)
	}
	c.traceHandshake()
	if k := newKeepAlive(s.keepAlive, (*forKeepAlive)(c)); k != nil {
		c.out.setPace(&k.pace)
		k.start()
	}
}

// Role returns which end of the connection this is.
func (c *Conn) Role() Role { return c.out.role }

// Subprotocol returns the subprotocol that the opening handshake agreed on. It is empty if
// there is none.
func (c *Conn) Subprotocol() string { return c.in.terms.subprotocol }

// calls returns nil if there are no callbacks.
func (c *Conn) calls() *callbacks { return c.in.terms.calls }

// keepAlive returns nil if there is none.
func (c *Conn) keepAlive() *keepAlive {
	if c.out.pace == nil {
		return nil
	}
	return c.out.pace.keepAlive
}

// trace returns nil if nothing is traced.
func (c *Conn) trace() *Trace { return c.in.terms.trace }

// SetReadLimit sets how many bytes a received message may have, from the next frame on. Zero
// lets only empty messages pass; a negative n means no limit. The default is [Limits.Message].
func (c *Conn) SetReadLimit(n int64) {
	switch {
	case n == 0:
		n = conn.EmptyOnly
	case n < 0:
		n = 0
	}
	c.in.limit.Store(n)
}

// NetConn returns the underlying network connection, or nil if the stream is not a
// [net.Conn]. Use it to inspect addresses, TLS state and socket options. Do not read, write
// or close it: in the body of a loop over [Conn.Messages] its Close would wait for the body,
// and so for itself. [Conn.CloseNow] does not wait.
//
// Its deadlines belong to the Conn. If you set one and it passes while a read waits, the
// connection ends with [os.ErrDeadlineExceeded] as its cause. So an idle timeout in a
// net.Conn of your own takes effect. The Conn may remove a deadline of yours at any time.
func (c *Conn) NetConn() net.Conn { return c.transport.NetConn() }

// What the methods of a Conn ask its lifetime.

func (c *Conn) state() conn.State { return c.life.current() }

func (c *Conn) closedError() *ClosedError { return c.life.closedError() }

func (c *Conn) done() <-chan struct{} { return c.life.done() }

// addresses returns the two ends of the network connection, also where others share it.
func (c *Conn) addresses() (local net.Addr, remote string) {
	if shared, ok := c.transport.(transport.Shared); ok {
		return shared.Addresses()
	}
	nc := c.NetConn()
	if nc == nil {
		return nil, ""
	}
	if addr := nc.RemoteAddr(); addr != nil {
		remote = addr.String()
	}
	return nc.LocalAddr(), remote
}
