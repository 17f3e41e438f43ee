package interop

import (
	"context"
	"net/http"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

// testEchoer holds the conversation in every configuration: with the peer as a client
// of our server, and as a server of our client.
func testEchoer(t *testing.T, peer echoer, asClient, asServer []deflating) {
	for _, d := range asClient {
		t.Run("client/"+d.String(), func(t *testing.T) {
			t.Parallel()
			ctx := deflateBound(t)
			url, next := arrival(t, ctx, "/echo", func(w http.ResponseWriter, r *http.Request) (*ourSide, error) {
				return acceptDeflating(w, r, d.ours, noLimits)
			})
			report := peer.dial(t, ctx, url, d.theirs)
			converseDeflating(t, ctx, next(), d, peer.habits, report)
		})
	}
	for _, d := range asServer {
		t.Run("server/"+d.String(), func(t *testing.T) {
			t.Parallel()
			ctx := deflateBound(t)
			url, report := peer.serve(t, ctx, d.theirs)
			o, extensions, err := dialDeflating(ctx, url+"/echo", d.ours, noLimits)
			if err != nil {
				t.Fatalf("no handshake: %v", err)
			}
			checkField(t, "the response of the server", extensions, d.agreed())
			converseDeflating(t, ctx, o, d, peer.habits, report)
		})
	}
}

// converseDeflating holds the conversation from our end, and looks at what it was on
// the wire.
func converseDeflating(t *testing.T, ctx context.Context, o *ourSide, d deflating, theirs habits, report func() told) {
	t.Helper()
	t.Cleanup(o.drop)
	if got, ok := o.terms(); !ok {
		t.Error("compression was not agreed on")
	} else if got = plainTerms(got); got != d.agreed() {
		t.Errorf("our end agreed on %s, want %s", offer(got), offer(d.agreed()))
	}

	all := exchange(t, ctx, o)
	if err := o.close(); err != nil {
		t.Error(err)
	}
	got := report()
	checkEnd(t, got)

	send, receive := d.agreed().Server, d.agreed().Client
	if o.c.Role() == websocket.RoleClient {
		send, receive = receive, send
	} else {
		checkField(t, "the response that the client saw", got.Extensions, d.agreed())
	}
	sent, arrived := o.wires()
	checkWire(t, "sent", all, sent, send, habits{fragments: true})
	checkWire(t, "received", all, arrived, receive, theirs)
}

// checkField checks the terms in the Sec-WebSocket-Extensions field of a response.
func checkField(t *testing.T, where, field string, want handshake.Deflate) {
	t.Helper()
	if got, err := termsIn(field); err != nil {
		t.Errorf("%s: %v", where, err)
	} else if got != want {
		t.Errorf("%s has the extensions %q, want %s", where, field, offer(want))
	}
}

// checkEnd checks that the peer saw the end of the conversation and all before it.
func checkEnd(t *testing.T, got told) {
	t.Helper()
	if got.Error != "" {
		t.Errorf("the peer failed: %s", got.Error)
	}
	if got.Messages != *messages {
		t.Errorf("the peer received %d messages, want %d", got.Messages, *messages)
	}
	if got.Code != int(websocket.StatusNormalClosure) {
		t.Errorf("the peer saw %v, want 1000", got.verdict)
	}
}
