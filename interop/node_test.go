package interop

import (
	"testing"

	"github.com/hawser-ws/websocket"
)

const npmCI = "run npm ci in interop (package ws)"

func TestNodeClient(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	needFile(t, "node_modules/ws/package.json", npmCI)
	s := serve(t, ctx, acceptOurs)

	p := start(t, ctx, "nodejs", "node", "testdata/node/client.mjs", s.ws())
	var got saw
	p.report(ctx, &got)

	checkClient(t, ctx, s, got, append(conversation[:4:4], fragmented))
	if got.Pong != "are you there" {
		t.Errorf("the client's ping was answered with %q", got.Pong)
	}
	if got.ClosedEmpty.Code != 1005 {
		t.Errorf("an empty Close was answered with %v, want an empty one (1005)", got.ClosedEmpty)
	}
	wantDropped(t, "our server, left by the client,", s.ending(t, ctx, "ping").err)
}

func TestNodeServer(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	needFile(t, "node_modules/ws/package.json", npmCI)

	p := start(t, ctx, "nodejs", "node", "testdata/node/server.mjs")
	checkServer(t, ctx, p, "ws://127.0.0.1:"+p.port(ctx), dialOurs)
}

// Node's HTTP/2 has extended CONNECT (RFC 8441), and ws can be put on its streams.
func TestDialHTTP2Node(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	needFile(t, "node_modules/ws/package.json", npmCI)

	front := newFront(t, "")
	p := start(t, ctx, "nodejs", "node", "testdata/node/server_http2.mjs", front.params["PEM"])
	dial, base := front.dialer(t, "Node", websocket.KeepAlive{}), "wss://127.0.0.1:"+p.port(ctx)
	checkServer(t, ctx, p, base, dial)
	closeOften(t, ctx, dial, base)
}
