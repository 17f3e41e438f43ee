package interop

import "testing"

// goPeers are the other Go libraries, each in both roles.
var goPeers = []struct {
	name   string
	dial   dialFunc
	accept acceptFunc
}{
	{"gorilla", dialGorilla, acceptGorilla},
	{"coder", dialCoder, acceptCoder},
	{"gobwas", dialGobwas, acceptGobwas},
	{"gws", dialGWS, acceptGWS},
}

func TestGoClients(t *testing.T) {
	for _, peer := range goPeers {
		t.Run(peer.name, func(t *testing.T) {
			t.Parallel()
			ctx := bounded(t)
			s := serve(t, ctx, acceptOurs)
			converse(t, ctx, peer.dial, s.ws())
			wantEndings(t, ctx, s)
		})
	}
}

func TestGoServers(t *testing.T) {
	for _, peer := range goPeers {
		t.Run(peer.name, func(t *testing.T) {
			t.Parallel()
			ctx := bounded(t)
			s := serve(t, ctx, peer.accept)
			converse(t, ctx, dialOurs, s.ws())
			wantEndings(t, ctx, s)
		})
	}
}

const pingPayload = "are you there"
