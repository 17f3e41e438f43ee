package interop

import (
	"context"
	"slices"
	"testing"
)

// saw is what a client script reports of its conversation with our server.
type saw struct {
	Error        string   `json:"error"`
	Echoes       []digest `json:"echoes"`
	Pong         string   `json:"pong"`
	Closed       verdict  `json:"closed"`
	Fragments    digest   `json:"fragments"`
	ClosedEmpty  verdict  `json:"closedEmpty"`
	Pinged       digest   `json:"pinged"`
	ServerClosed verdict  `json:"serverClosed"`
	BusyClosed   verdict  `json:"busyClosed"`
	Sockets      []socket `json:"sockets"` // only of a page that was asked for them
	InTurn       []socket `json:"inTurn"`  // likewise, without Echoes
	Refused      verdict  `json:"refused"` // likewise
}

// socket is one of several WebSockets that a page has opened, at a time or one after the other.
type socket struct {
	Echoes     []digest `json:"echoes"`
	Closed     verdict  `json:"closed"`
	Extensions string   `json:"extensions"`
	Took       float64  `json:"took"` // ms from the call of close, or from asking the server for it, to onclose
}

// checkClient compares what a client script saw, and what our server saw of it.
func checkClient(t *testing.T, ctx context.Context, s *server, got saw, sent []message) {
	t.Helper()
	if got.Error != "" {
		t.Fatalf("the client failed: %s", got.Error)
	}

	echoes := digests(sent)
	if !slices.Equal(got.Echoes, echoes) {
		t.Errorf("the client received\n%v, want\n%v", got.Echoes, echoes)
	}
	echo := s.ending(t, ctx, "echo")
	if !slices.EqualFunc(echo.received, sent, message.is) {
		t.Errorf("our server received\n%v, want\n%v", echo.received, sent)
	}
	want(t, "our server, closed by the client,", verdictOf(echo.err), 4001, "bye from the client")
	// Whether the answering Close frame repeats the reason is left open by
	// RFC 6455 §5.5.1; that it repeats the code is not, among friends.
	if got.Closed.Code != 4001 {
		t.Errorf("the client, after its own close, saw %v, want the code 4001", got.Closed)
	}

	if m := conversation[0].digest(); got.Fragments != m {
		t.Errorf("the client received %v in fragments, want %v", got.Fragments, m)
	}
	s.ending(t, ctx, "fragments")

	if m := text("ponged").digest(); got.Pinged != m {
		t.Errorf("the client's pong did not reach our server: %v, want %v", got.Pinged, m)
	}

	want(t, "the client, closed by our server,", got.ServerClosed, 4002, "bye from the server")
	if err := s.ending(t, ctx, "close").closeErr; err != nil {
		t.Errorf("our server's close = %v, want nil after a clean handshake", err)
	}
}

// checkServer lets our client talk to the server script behind base.
func checkServer(t *testing.T, ctx context.Context, p *process, base string, dial dialFunc) {
	t.Helper()
	converse(t, ctx, dial, base)

	type end struct {
		Path string `json:"path"`
		verdict
	}
	ends := map[string]verdict{}
	for range 5 {
		var e end
		p.report(ctx, &e)
		ends[e.Path] = e.verdict
	}
	want(t, "the server, closed by our client,", ends["/echo"], 4001, "bye from the client")
	want(t, "the server, closed by our client,", ends["/fragments"], 1000, "")
	want(t, "the server, closed by our client,", ends["/ping"], 1000, "")
	if v := ends["/close"]; v.Code != 4002 {
		t.Errorf("the server, after its own close, saw %v, want the code 4002", v)
	}
	want(t, "the server, leaving our client,", ends["/terminate"], 1006, "")
}
