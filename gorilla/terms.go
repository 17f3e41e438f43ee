package websocket

import (
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/handshake"
)

// noContextTakeover is what either end wants of compression: each message stands for itself.
var noContextTakeover = handshake.Deflate{
	Server: handshake.DeflateSide{NoContextTakeover: true},
	Client: handshake.DeflateSide{NoContextTakeover: true},
}

// agreedTerms returns the terms in which this end compresses by ours and the peer by theirs.
func agreedTerms(ours, theirs handshake.DeflateSide) *deflateTerms {
	terms := func(s handshake.DeflateSide) conn.Terms {
		return conn.Terms{WindowBits: s.WindowBits(), Takeover: !s.NoContextTakeover}
	}
	return &deflateTerms{send: terms(ours), receive: terms(theirs)}
}
