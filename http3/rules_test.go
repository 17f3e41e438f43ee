package http3_test

import (
	"bytes"
	"errors"
	"net/http"
	"testing"

	h3 "github.com/quic-go/quic-go/http3"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/http3"
)

// RFC 9220 §3, sentence by sentence. It refers to RFC 8441 for the opening handshake, whose rules
// have their tests in package handshake; each is tried here once, over HTTP/3.

// "The semantics of the pseudo-header fields and setting are identical to those in HTTP/2 as defined
// in [RFC8441]." "If a server advertises support for Extended CONNECT but receives an Extended
// CONNECT request with a ":protocol" value that is unknown or is not supported, the server SHOULD
// respond to the request with a 501 (Not Implemented) status code."
func TestServerAnswers(t *testing.T) {
	eachWay(t, func(t *testing.T, wrap func(http.Handler) http.Handler) {
		url := serve(t, wrap(websocket.Handler(echo, &websocket.AcceptOptions{OnError: func(*websocket.HandlerError) {}})))
		c := connect(t, url)
		for _, row := range []struct {
			why     string
			status  int
			changes []string
		}{
			{"a WebSocket", 200, nil},
			{"another protocol", 501, []string{":protocol", "connect-udp"}},
			{"case matters", 501, []string{":protocol", "WebSocket"}},
			{"version", 400, []string{"sec-websocket-version", "8"}},
			{"version missing", 400, []string{"sec-websocket-version", ""}},
			{"origin", 403, []string{"origin", "https://elsewhere.example"}},
			{"its own origin", 200, []string{"origin", "https://example.com"}},
			{"dot segment", 400, []string{":path", "/a/../b"}},
			{"a key is ignored", 200, []string{"sec-websocket-key", "x"}},
			{"a length", 400, []string{"content-length", "0"}},
			{"CONNECT of a proxy", 501, []string{":protocol", "", ":scheme", "", ":path", "", ":authority", "example.com:80"}},
			{"GET", 505, []string{":method", "GET", ":protocol", ""}},
		} {
			s := request(t, c, sample(row.changes...))
			status, fields := s.answer()
			if status != row.status {
				t.Errorf("%s: %d, want %d", row.why, status, row.status)
			}
			if status != http.StatusOK {
				continue
			}
			if fields["sec-websocket-accept"] != "" || fields["upgrade"] != "" || fields["connection"] != "" {
				t.Errorf("%s: %v", row.why, fields)
			}
			ws := websocket.NewConn(s, websocket.RoleClient, nil)
			say(t, ws, row.why)
			if err := ws.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Errorf("%s: %v", row.why, err)
			}
		}
	})
}

// What quic-go refuses before a handler sees it: the stream is reset with H3_MESSAGE_ERROR.
func TestServerMalformed(t *testing.T) {
	c := connect(t, serve(t, http3.Handler(websocket.Handler(echo, nil))))
	for name, changes := range map[string][]string{
		":protocol on GET":    {":method", "GET"},
		"no :scheme":          {":scheme", ""},
		"no :path":            {":path", ""},
		"no :authority":       {":authority", ""},
		"Host differs":        {"host", "other.example"},
		"connection":          {"connection", "upgrade"},
		"transfer-encoding":   {"transfer-encoding", "chunked"},
		":path without slash": {":path", "chat"},
	} {
		s := request(t, c, sample(changes...))
		if code := s.end(); code != h3.ErrCodeMessageError {
			t.Errorf("%s: %v", name, code)
		}
	}
}

// "The SETTINGS_ENABLE_CONNECT_PROTOCOL value is 0x08 (decimal 8), as in HTTP/2." A client sends
// nothing before the server has sent it with the value 1 (RFC 8441 §3).
func TestClientWaitsForSetting(t *testing.T) {
	s := listen(t)
	done := s.dial(nil)
	c, control := s.accept(welcome[:2]) // half of it
	select {
	case d := <-done:
		t.Fatalf("%+v", d)
	default:
	}
	if _, err := control.Write(welcome[2:]); err != nil {
		t.Fatal(err)
	}
	peer, fields := asked(t, c)
	for name, want := range map[string]string{
		":method": "CONNECT", ":protocol": "websocket", ":scheme": "https", ":path": "/chat", "sec-websocket-version": "13",
		":authority": s.ln.Addr().String(), "sec-websocket-key": "", "upgrade": "", "connection": "", "host": "",
	} {
		if fields[name] != want {
			t.Errorf("%s: %q, want %q", name, fields[name], want)
		}
	}
	peer.send(block(":status", "200"))
	if d := await(t, done); d.err != nil {
		t.Error(d.err)
	} else {
		_ = d.c.CloseNow()
	}
}

// A server without the setting, or with 0, gets no request.
func TestClientNotOffered(t *testing.T) {
	for name, settings := range map[string][]byte{
		"none": nil, "0": integers(0x8, 0), "others": integers(0x6, 1000, 0x33, 1, 0x21, 5),
	} {
		t.Run(name, func(t *testing.T) {
			s := listen(t)
			done := s.dial(nil)
			c, _ := s.accept(append([]byte{0}, h3frame(frameSettings, settings)...))
			d := await(t, done)
			if failed, ok := errors.AsType[*websocket.HandshakeError](d.err); !ok || !errors.Is(failed, http3.ErrNoHTTP3) {
				t.Error(d.err)
			}
			if q, err := c.AcceptStream(within(t)); err == nil {
				t.Errorf("request on %d", q.StreamID())
			}
		})
	}
}

// Any 2xx opens the connection (RFC 8441 §5); informational responses come before it.
func TestClientTakes(t *testing.T) {
	for _, status := range []string{"200", "204", "299"} {
		s := listen(t)
		done := s.dial(&websocket.DialOptions{Subprotocols: []string{"chat"}})
		c, _ := s.accept(welcome)
		peer, _ := asked(t, c)
		peer.send(block(":status", "103", "link", "x"), h3frame(greaseFrame, make([]byte, 700)),
			block(":status", status, "sec-websocket-protocol", "chat", "sec-websocket-accept", "ignored"))
		d := await(t, done)
		if d.err != nil || d.c.Subprotocol() != "chat" || d.resp.Status[:3] != status {
			t.Errorf("%s: %v", status, d.err)
			continue
		}
		peer.data(message("first", websocket.RoleClient))
		if _, p, err := d.c.Read(within(t)); string(p) != "first" || err != nil {
			t.Errorf("%s: %q, %v", status, p, err)
		}
		_ = d.c.CloseNow()
	}
}

// Responses that open nothing. A rule of HTTP/3 that is broken costs the stream, or more.
func TestClientRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		answer []byte
		code   h3.ErrCode // of the reset; 0: none is asked for
		status int        // of the refusal; 0: it is not one of the server's
	}{
		"404":                     {block(":status", "404"), 0, 404},
		"501":                     {block(":status", "501"), 0, 501},
		"101":                     {block(":status", "101"), 0, 101},
		"unwanted subprotocol":    {block(":status", "200", "sec-websocket-protocol", "x"), h3.ErrCodeRequestCanceled, 200},
		"unwanted extension":      {block(":status", "200", "sec-websocket-extensions", "permessage-deflate"), h3.ErrCodeRequestCanceled, 200},
		"upgrade":                 {block(":status", "200", "upgrade", "websocket"), h3.ErrCodeMessageError, 0},
		"no status":               {block("server", "x"), h3.ErrCodeMessageError, 0},
		"status of letters":       {block(":status", "2xx"), h3.ErrCodeMessageError, 0},
		"status twice":            {block(":status", "200", ":status", "200"), h3.ErrCodeMessageError, 0},
		"status behind a field":   {block("server", "x", ":status", "200"), h3.ErrCodeMessageError, 0},
		"upper case":              {block(":status", "200", "Server", "x"), h3.ErrCodeMessageError, 0},
		"a line break":            {block(":status", "200", "server", "x\r\ny"), h3.ErrCodeMessageError, 0},
		"too large a head":        {h3frame(frameHeaders, make([]byte, 70_000)), h3.ErrCodeExcessiveLoad, 0},
		"DATA first":              {h3frame(frameData, []byte("x")), h3.ErrCodeFrameUnexpected, 0},
		"no QPACK":                {h3frame(frameHeaders, []byte{0xff, 0xff}), h3.ErrCodeQPACKDecompressionFailed, 0},
		"dynamic table":           {h3frame(frameHeaders, []byte{1, 0, 0x80}), h3.ErrCodeQPACKDecompressionFailed, 0},
		"informational, for ever": {bytes.Repeat(block(":status", "103"), 7), h3.ErrCodeExcessiveLoad, 0},
		"half a head":             {h3frame(frameHeaders, make([]byte, 10))[:5], h3.ErrCodeFrameError, 0},
		"nothing":                 {nil, h3.ErrCodeRequestCanceled, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := listen(t)
			done := s.dial(&websocket.DialOptions{HTTP3: pool(t, &http3.Pool{})})
			c, _ := s.accept(welcome)
			peer, _ := asked(t, c)
			if _, _ = peer.Stream.Write(row.answer); row.status == 0 || row.status > 400 {
				_ = peer.Close()
			}
			d := await(t, done)
			failed, ok := errors.AsType[*websocket.HandshakeError](d.err)
			if !ok {
				t.Fatal(d.err)
			}
			if row.status != 0 && (failed.Response == nil || failed.Response.StatusCode != row.status) {
				t.Errorf("%+v", failed)
			}
			if _, bad := errors.AsType[*handshake.BadResponse](failed); row.code == h3.ErrCodeMessageError && !bad {
				t.Errorf("%v", failed)
			}
			if code := peer.end(); row.code != 0 && code != row.code {
				t.Errorf("ended with %v, want %v: %v", code, row.code, failed)
			}
		})
	}
}
