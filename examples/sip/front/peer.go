package front

import (
	"log/slog"
	"slices"

	"github.com/emiago/sipgo/sip"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/sip/transport"
	"github.com/hawser-ws/websocket/hub"
)

// peer is a client's connection. All but send is for the goroutine that reads it.
type peer struct {
	id   string // unguessable: it is in Via, as the way back
	conn *websocket.Conn
	// hub has this one connection in it. It waits for nobody, and closes a client that
	// does not read with 1013.
	hub hub.Hub

	users    []string // whom it has proved to be
	failures int      // how often it failed to
}

// send gives a message to the client without waiting for it, and reports whether
// the client was there to be given it.
func (p *peer) send(typ websocket.MessageType, data []byte) bool {
	if err := p.hub.Broadcast(websocket.Prepare(typ, data)); err != nil {
		return false
	}
	return p.hub.Len() > 0
}

// write sends a SIP message.
func (p *peer) write(m sip.Message) bool {
	typ, data := transport.Encode(m)
	return p.send(typ, data)
}

// proved notes that the client is the user, and reports whether there was room.
func (p *peer) proved(user string) bool {
	if slices.Contains(p.users, user) {
		return true
	}
	if len(p.users) >= maxUsers {
		return false
	}
	p.users = append(p.users, user)
	return true
}

// LogValue names the client.
func (p *peer) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("id", p.id[:6])}
	if nc := p.conn.NetConn(); nc != nil {
		attrs = append(attrs, slog.String("address", nc.RemoteAddr().String()))
	}
	return slog.GroupValue(attrs...)
}
