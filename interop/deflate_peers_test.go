package interop

import (
	"net/http"
	"testing"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/lxzan/gws"
)

// The conversation without us: gws in our place. Where this fails, the peers do.
func TestDeflateAmongPeers(t *testing.T) {
	for _, peer := range []echoer{deflatingNode, deflatingPython, deflatingGWS} {
		for _, asks := range []handshake.Deflate{
			{},
			{Server: side(9, true), Client: side(12, false)},
		} {
			t.Run(peer.name+"/client/"+offer(asks), func(t *testing.T) {
				t.Parallel()
				ctx := deflateBound(t)
				g := newGWSTalker()
				url, next := arrival(t, ctx, "/echo", func(w http.ResponseWriter, r *http.Request) (*gws.Conn, error) {
					return gws.NewUpgrader(g, gwsServer(asks)).Upgrade(w, r)
				})
				report := peer.dial(t, ctx, url, handshake.Deflate{})
				g.run(next())
				t.Cleanup(g.drop)
				exchange(t, ctx, g)
				if err := g.close(); err != nil {
					t.Error(err)
				}
				got := report()
				checkField(t, "the response that the client saw", got.Extensions, plainTerms(asks))
				checkEnd(t, got)
			})
		}
		t.Run(peer.name+"/server", func(t *testing.T) {
			t.Parallel()
			ctx := deflateBound(t)
			url, report := peer.serve(t, ctx, handshake.Deflate{})
			g := newGWSTalker()
			c, extensions, err := gwsDial(g, url+"/echo", handshake.Deflate{})
			if err != nil {
				t.Fatal(err)
			}
			g.client = true
			g.run(c)
			t.Cleanup(g.drop)
			checkField(t, "the response of the server", extensions, plainTerms(handshake.Deflate{}))
			exchange(t, ctx, g)
			if err := g.close(); err != nil {
				t.Error(err)
			}
			checkEnd(t, report())
		})
	}
}
