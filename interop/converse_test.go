package interop

import (
	"context"
	"testing"

	"github.com/hawser-ws/websocket"
)

// sizes lie around the borders of the length field (§5.2), and far from them.
var sizes = []int{0, 1, 125, 126, 65_535, 65_536, 200_000}

type dialFunc func(ctx context.Context, url string) (party, error)

// converse has one end dial each path of a server and hold its conversation.
func converse(t *testing.T, ctx context.Context, dial dialFunc, base string) {
	t.Helper()
	connect := func(path string) party {
		t.Helper()
		p, err := dial(ctx, base+path)
		if err != nil {
			t.Fatalf("no connection to %s: %v", path, err)
		}
		t.Cleanup(p.drop)
		return p
	}
	send := func(p party, m message, parts ...[]byte) {
		t.Helper()
		if len(parts) == 0 {
			parts = [][]byte{m.data}
		}
		if err := p.send(m.kind, parts...); err != nil {
			t.Fatalf("sending %v: %v", m, err)
		}
	}
	receive := func(p party, want message) {
		t.Helper()
		if got, err := p.arrivals().next(ctx); err != nil {
			t.Fatalf("waiting for %v: %v", want, err)
		} else if !got.is(want) {
			t.Fatalf("received %v, want %v", got, want)
		}
	}
	// An application drops what has ended; some servers wait for that.
	finish := func(p party, path string, code int, reason string) {
		t.Helper()
		defer p.drop()
		if err := p.close(code, reason); err != nil {
			t.Errorf("closing %s: %v", path, err)
		}
	}

	p := connect("/echo")
	for _, size := range sizes {
		for _, m := range []message{text(letters(size)), binary(pattern(size))} {
			send(p, m)
			receive(p, m)
		}
	}
	for _, m := range conversation {
		send(p, m, thirds(m.data)...)
		receive(p, m)
	}
	if err := p.ping(); err != nil {
		t.Errorf("ping: %v", err)
	}
	send(p, fragmented) // the connection outlives the ping
	receive(p, fragmented)
	finish(p, "/echo", 4001, "bye from the client")

	p = connect("/fragments")
	for _, m := range conversation {
		send(p, m)
		receive(p, m)
	}
	finish(p, "/fragments", 1000, "")

	p = connect("/ping")
	send(p, text("ping me"))
	receive(p, text("ponged"))
	finish(p, "/ping", 1000, "")

	p = connect("/close?code=4002&reason=bye+from+the+server")
	send(p, text("close me"))
	want(t, "the client, closed by the server,", verdictOf(p.arrivals().ending(ctx)), 4002, "bye from the server")
	p.drop()

	p = connect("/terminate")
	send(p, text("drop me"))
	wantDropped(t, "the client, left by the server,", p.arrivals().ending(ctx))
}

// wantEndings checks what the server, in this process, saw of converse.
func wantEndings(t *testing.T, ctx context.Context, s *server) {
	t.Helper()
	want(t, "the server, closed by the client,", verdictOf(s.ending(t, ctx, "echo").err), 4001, "bye from the client")
	want(t, "the server, closed by the client,", verdictOf(s.ending(t, ctx, "fragments").err), 1000, "")
	want(t, "the server, closed by the client,", verdictOf(s.ending(t, ctx, "ping").err), 1000, "")
	if err := s.ending(t, ctx, "close").closeErr; err != nil {
		t.Errorf("the server's close = %v, want nil after a clean handshake", err)
	}
}

// wantDropped checks that an end whose peer vanished says so.
func wantDropped(t *testing.T, who string, err error) {
	t.Helper()
	if code := websocket.CloseStatus(err); err == nil || code != -1 {
		t.Errorf("%s saw %v (code %d), want an error without a close code", who, err, code)
	}
}
