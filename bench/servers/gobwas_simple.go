package servers

import (
	"net"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// gobwasSimple is the first example of gobwas's documentation: two or more reads and two writes
// for a message, but nothing held in between.
type gobwasSimple struct{ gobwasLib }

func (gobwasSimple) Echo(l net.Listener, _ Settings) error {
	return serveConns(l, func(nc net.Conn) {
		if _, err := ws.Upgrade(nc); err != nil {
			return
		}
		for {
			p, op, err := wsutil.ReadClientData(nc)
			if err != nil || wsutil.WriteServerMessage(nc, op, p) != nil {
				return
			}
		}
	})
}
