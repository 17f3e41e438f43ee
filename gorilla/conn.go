package websocket

import (
	"net"

	"github.com/hawser-ws/websocket/conn"
)

// BufferPool lends the memory in which a writer of [Conn.NextWriter] collects a frame. A
// *[sync.Pool] is one. What kind of value a pool holds is the business of this package.
type BufferPool interface {
	// Get returns a value of the pool, or nil if it is empty.
	Get() any
	// Put adds a value to the pool.
	Put(any)
}

// Conn is a WebSocket connection.
type Conn struct {
	nc          net.Conn
	subprotocol string
}

// connParams is what a handshake has settled.
type connParams struct {
	role conn.Role
	// Sizes in bytes; 0 or less is the default.
	readBufferSize, writeBufferSize int
	writePool                       BufferPool // nil: one of ours
	early                           []byte     // came together with the handshake
	subprotocol                     string
	deflate                         *deflateTerms // nil: permessage-deflate was not agreed on
}

// deflateTerms is what was agreed on of permessage-deflate.
type deflateTerms struct{ send, receive conn.Terms }

// newConn makes a connection of a stream on which the handshake is done. It removes no
// deadline from it.
func newConn(nc net.Conn, p connParams) *Conn {
	return &Conn{nc: nc, subprotocol: p.subprotocol}
}

// Subprotocol returns the subprotocol that was agreed on, "" if none was.
func (c *Conn) Subprotocol() string { return c.subprotocol }

// Close closes the network connection. It sends no Close frame and waits for none.
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
