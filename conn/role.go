package conn

import "github.com/hawser-ws/websocket/frame"

// Role says which end of the connection this is.
type Role uint8

const (
	Server Role = iota + 1
	Client
)

// String returns "server" or "client".
func (r Role) String() string {
	switch r {
	case Server:
		return "server"
	case Client:
		return "client"
	}
	return "no role"
}

// Peer returns the role of the other end.
func (r Role) Peer() Role {
	if r == Server {
		return Client
	}
	return Server
}

// Masks reports whether this end masks what it sends.
// RFC 6455 §5.1: a client masks every frame, a server none.
func (r Role) Masks() bool { return r == Client }

// ClosesFirst reports whether this end closes the TCP connection as soon as the
// closing handshake is complete. RFC 6455 §7.1.1: the server does, the client
// waits for it, so that TIME_WAIT stays with the server.
func (r Role) ClosesFirst() bool { return r == Server }

// Expects returns what this end may accept in a header from its peer.
func (r Role) Expects(deflate bool) frame.Expectation {
	return frame.Expectation{Masked: r.Peer().Masks(), RSV1: deflate}
}
