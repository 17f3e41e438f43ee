package websocket

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/handshake"
)

// Where gorilla and the drop-in do the same, compat/check/scenarios has the tests. Here is
// what the drop-in does otherwise, and what only shows inside.

func upgradeRequest(change func(*http.Request)) *http.Request {
	r := httptest.NewRequest("GET", "http://example.com/chat", nil)
	r.Header = http.Header{
		"Connection":            {"keep-alive, Upgrade"},
		"Upgrade":               {"websocket"},
		"Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key":     {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	if change != nil {
		change(r)
	}
	return r
}

// takenOver is a writer whose connection takes the response, and gives what came behind
// the request.
type takenOver struct {
	*httptest.ResponseRecorder
	net.Conn
	behind   string
	response strings.Builder
	hijack   error
}

func takeOver(behind string) *takenOver {
	client, server := net.Pipe()
	client.Close()
	return &takenOver{ResponseRecorder: httptest.NewRecorder(), Conn: server, behind: behind}
}

func (w *takenOver) Write(p []byte) (int, error) { return w.ResponseRecorder.Write(p) }

func (w *takenOver) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	br := bufio.NewReader(strings.NewReader(w.behind))
	_, _ = br.Peek(len(w.behind))
	return &responseConn{w.Conn, &w.response}, bufio.NewReadWriter(br, bufio.NewWriter(io.Discard)), w.hijack
}

// responseConn is a connection that keeps what is written to it.
type responseConn struct {
	net.Conn
	written *strings.Builder
}

func (c *responseConn) Write(p []byte) (int, error) { return c.written.Write(p) }

// header is that of the response that opens the connection.
func (w *takenOver) header(t *testing.T) http.Header {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(w.response.String())), nil)
	if err != nil {
		t.Fatal(err)
	}
	return response.Header
}

// RFC 9110 §15.5.22: "The server MUST send an Upgrade header field in a 426 response".
func TestUpgradeRequired(t *testing.T) {
	w := takeOver("")
	_, err := new(Upgrader).Upgrade(w, upgradeRequest(func(r *http.Request) { r.Header.Set("Upgrade", "h2c") }), nil)
	if err == nil || !strings.HasSuffix(err.Error(), "'websocket' token not found in 'Upgrade' header") {
		t.Error(err)
	}
	if w.Code != http.StatusUpgradeRequired || w.Header().Get("Upgrade") != "websocket" {
		t.Error(w.Code, w.Header())
	}
}

// What the named rules let through, package handshake refuses.
func TestUpgradeMalformed(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"key twice":        func(r *http.Request) { r.Header.Add("Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ==") },
		"version twice":    func(r *http.Request) { r.Header.Add("Sec-Websocket-Version", "13") },
		"origin twice":     func(r *http.Request) { r.Header["Origin"] = []string{"http://example.com", "http://example.com"} },
		"Connection":       func(r *http.Request) { r.Header.Add("Connection", "a b") },
		"Upgrade":          func(r *http.Request) { r.Header.Add("Upgrade", "a b") },
		"body":             func(r *http.Request) { r.Header.Set("Content-Length", "5") },
		"chunked body":     func(r *http.Request) { r.TransferEncoding = []string{"chunked"} },
		"subprotocol":      func(r *http.Request) { r.Header.Set("Sec-Websocket-Protocol", "a\x00b") },
		"extension syntax": func(r *http.Request) { r.Header.Set("Sec-Websocket-Extensions", "permessage-deflate; =") },
	} {
		w := takeOver("")
		_, err := new(Upgrader).Upgrade(w, upgradeRequest(change), nil)
		if _, ok := err.(HandshakeError); !ok || !strings.HasPrefix(err.Error(), "websocket: ") || w.Code != http.StatusBadRequest {
			t.Errorf("%s: answered %d, %T %v", name, w.Code, err, err)
		}
	}
}

// RFC 6455 §4.2.2: the subprotocol is "one of the values" that the client offers.
func TestUpgradeSubprotocolNotOffered(t *testing.T) {
	for _, offered := range []string{"", "b, c"} {
		w := takeOver("")
		c, err := new(Upgrader).Upgrade(w, upgradeRequest(func(r *http.Request) { r.Header.Set("Sec-Websocket-Protocol", offered) }),
			http.Header{"Sec-Websocket-Protocol": {"a"}})
		if err != nil {
			t.Fatal(err)
		}
		if sent := w.header(t).Values("Sec-Websocket-Protocol"); sent != nil || c.Subprotocol() != "" {
			t.Errorf("offered %q: sent %q, and the connection has %q", offered, sent, c.Subprotocol())
		}
	}
}

// What the handshake writes itself comes once.
func TestUpgradeReservedFields(t *testing.T) {
	w := takeOver("")
	_, err := new(Upgrader).Upgrade(w, upgradeRequest(nil), http.Header{
		"Upgrade": {"h2c"}, "Connection": {"close"}, "Sec-Websocket-Accept": {"x"}, "Content-Length": {"5"}, "X-A": {"1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := w.header(t)
	if h.Get("X-A") != "1" || h.Get("Upgrade") != "websocket" || len(h["Upgrade"])+len(h["Connection"])+len(h["Sec-Websocket-Accept"]) != 3 || h["Content-Length"] != nil {
		t.Error(h)
	}
	w = takeOver("")
	_, err = new(Upgrader).Upgrade(w, upgradeRequest(nil), http.Header{"A: b\r\nC": {"x"}})
	if err == nil || err.Error() != `websocket: "A: b\r\nC" in the response header is not the name of a field` || w.Code != 500 || w.response.Len() > 0 {
		t.Errorf("%v, answered %d, sent %q", err, w.Code, w.response.String())
	}
}

// unwrapped is a writer of middleware.
type unwrapped struct{ http.ResponseWriter }

func (u unwrapped) Unwrap() http.ResponseWriter { return u.ResponseWriter }

func TestUpgradeThroughMiddleware(t *testing.T) {
	w := takeOver("")
	if _, err := new(Upgrader).Upgrade(unwrapped{unwrapped{w}}, upgradeRequest(nil), nil); err != nil || w.response.Len() == 0 {
		t.Error(err)
	}
	w.hijack = io.ErrClosedPipe
	if _, err := new(Upgrader).Upgrade(w, upgradeRequest(nil), nil); err == nil || err.Error() != "websocket: hijack: io: read/write on closed pipe" || w.Code != 500 {
		t.Errorf("%v, answered %d", err, w.Code)
	}
}

// Frames are as long as they were in net/http's buffers, and what came behind the request
// is there.
func TestUpgradeParams(t *testing.T) {
	pool := new(poolStub)
	for _, test := range []struct {
		u      Upgrader
		buffer int // of net/http
		want   int
	}{
		{Upgrader{}, 4096, 4082},
		{Upgrader{}, 128, 0},
		{Upgrader{WriteBufferPool: pool}, 4096, 0},
		{Upgrader{ReadBufferSize: 100, WriteBufferSize: 200}, 4096, 200},
	} {
		br := bufio.NewReader(strings.NewReader("\x81\x80mask"))
		_, _ = br.Peek(2)
		p := test.u.params(bufio.NewReadWriter(br, bufio.NewWriterSize(io.Discard, test.buffer)))
		if p.role != conn.Server || p.writeBufferSize != test.want || p.writePool != test.u.WriteBufferPool {
			t.Errorf("%+v and a buffer of %d: %+v", test.u, test.buffer, p)
		}
		if string(p.early) != "\x81\x80mask" {
			t.Errorf("kept %q", p.early)
		}
	}
}

type poolStub struct{}

func (*poolStub) Get() any { return nil }
func (*poolStub) Put(any)  {}

// A client may bound the windows.
func TestUpgradeWindows(t *testing.T) {
	w := takeOver("")
	u := Upgrader{EnableCompression: true}
	_, err := u.Upgrade(w, upgradeRequest(func(r *http.Request) {
		r.Header.Set("Sec-Websocket-Extensions", "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9")
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=9"
	if got := w.header(t).Get("Sec-Websocket-Extensions"); got != want {
		t.Errorf("answered %s", got)
	}
	terms := agreedTerms(handshake.DeflateSide{NoContextTakeover: true, MaxWindowBits: 10}, handshake.DeflateSide{})
	if terms.send != (conn.Terms{WindowBits: 10}) || terms.receive != (conn.Terms{WindowBits: 15, Takeover: true}) {
		t.Errorf("%+v", terms)
	}
}
