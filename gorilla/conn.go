package websocket

import (
	"net"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Conn is a WebSocket connection. The package documentation says which of its methods
// may be called together.
type Conn struct {
	nc          net.Conn
	subprotocol string
	role        conn.Role
	socket      transport.Socket // used by stream if nc is a TCP or Unix socket
	stream      transport.Transport
	in          receiver
	out         sender
	deflate     *compression // nil: it was not agreed on
	handle      handlers
}

// connParams is what a handshake has settled.
type connParams struct {
	role            conn.Role
	writeBufferSize int        // bytes; 0 or less: the default
	writePool       BufferPool // nil: one of ours
	early           []byte     // came together with the handshake
	subprotocol     string
	deflate         *deflateTerms // nil: permessage-deflate was not agreed on
}

// deflateTerms is what was agreed on of permessage-deflate.
type deflateTerms struct{ send, receive conn.Terms }

// newConn makes a connection of a stream on which the handshake is done. It removes no
// deadline from it.
func newConn(nc net.Conn, p connParams) *Conn {
	c := &Conn{nc: nc, subprotocol: p.subprotocol, role: p.role}
	c.stream = transport.Preload(transport.Plain(nc, &c.socket), &c.in.buf, p.early)
	if p.deflate != nil {
		c.deflate = newCompression(p.deflate)
	}
	c.in.init(p)
	c.out.init(p)
	return c
}

// Subprotocol returns the subprotocol that was agreed on, "" if none was.
func (c *Conn) Subprotocol() string { return c.subprotocol }

// Close closes the network connection. It sends no Close frame and waits for none. Reads
// and writes that wait fail.
func (c *Conn) Close() error { return c.nc.Close() }

// LocalAddr returns the address of this end.
func (c *Conn) LocalAddr() net.Addr { return c.nc.LocalAddr() }

// RemoteAddr returns the address of the peer.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// NetConn returns the network connection. What is read from it or written to it directly
// corrupts the WebSocket connection. Its deadlines may be set.
func (c *Conn) NetConn() net.Conn { return c.nc }

// UnderlyingConn returns the network connection.
//
// Deprecated: use [Conn.NetConn].
func (c *Conn) UnderlyingConn() net.Conn { return c.nc }

// SetReadDeadline sets the read deadline of the network connection. A read that has timed
// out is the last one: all that follow fail with its error. The zero time is no deadline.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.nc.SetReadDeadline(t) }
