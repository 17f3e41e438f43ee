package front

import (
	"log/slog"
	"slices"

	"github.com/emiago/sipgo/sip"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/sip/transport"
	"github.com/hawser-ws/websocket/hub"
)

// peer is a client's connection. Only send may be called by goroutines other than the reader.
type peer struct {
	id   string // unguessable: it is in Via, for the return path
	conn *websocket.Conn
	// hub contains only this connection. It does not wait, and closes a client that does not
	// read with 1013.
	hub hub.Hub

	users    []string // users that it has authenticated as
	failures int      // number of failed authentications
}

// send passes a message to the client without waiting. It reports whether the client was still
// connected.
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

// proved records that the client has authenticated as user. It reports false if there are too
// many.
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

// LogValue identifies the client.
func (p *peer) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("id", p.id[:6])}
	if nc := p.conn.NetConn(); nc != nil {
		attrs = append(attrs, slog.String("address", nc.RemoteAddr().String()))
	}
	return slog.GroupValue(attrs...)
}
