package transport

import "net"

// sharedConn drives a stream of a connection that others use as well, such as one of HTTP/3. It
// is a net.Conn whose deadlines interrupt and lose nothing.
type sharedConn struct {
	netConn
	first [240]byte // what Fill waits with: most messages fit in it
}

// NewShared drives nc, a stream of a connection that others use as well. Where nc has no
// deadlines it is driven as any other stream without them.
func NewShared(nc net.Conn) Transport {
	if !ClearDeadlines(nc) {
		return newPump(nc, &netConn{nc})
	}
	return &sharedConn{netConn: netConn{nc}}
}

func (t *sharedConn) Fill(b *Buffer) (int, error) { return fillAfter(t, b, t.first[:]) }

// Addresses returns the two ends of the network connection.
func (t *sharedConn) Addresses() (local net.Addr, remote string) {
	if addr := t.Conn.RemoteAddr(); addr != nil {
		remote = addr.String()
	}
	return t.Conn.LocalAddr(), remote
}

var _ = []Shared{(*sharedConn)(nil), (*ResponseStream)(nil)}

// AbortRequest does what [Shared] says, where the net.Conn can do it.
func (t *sharedConn) AbortRequest() {
	if half, ok := t.Conn.(interface{ CloseRead() error }); ok {
		_ = half.CloseRead()
	}
}
