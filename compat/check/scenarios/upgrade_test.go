//lint:file-ignore SA1019 what is deprecated has users as well

package scenarios

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// handshakeHeader is the header of a request that is in order.
func handshakeHeader() http.Header {
	return http.Header{
		"Connection":            {"keep-alive, Upgrade"},
		"Upgrade":               {"websocket"},
		"Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key":     {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
}

// hijackable is a ResponseWriter whose connection the test has the other end of.
type hijackable struct {
	*httptest.ResponseRecorder
	nc  net.Conn
	brw *bufio.ReadWriter
}

func (h *hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) { return h.nc, h.brw, nil }

// upgraded is what came of a request.
type upgraded struct {
	conn     *websocket.Conn
	err      error
	recorded *httptest.ResponseRecorder // the answer to a refused request
	response *http.Response             // of an accepted one
}

// upgrade runs the handshake of u for one request.
func upgrade(t *testing.T, u *websocket.Upgrader, r *http.Request, responseHeader http.Header) upgraded {
	t.Helper()
	client, server := net.Pipe()
	t.Cleanup(func() { client.Close(); server.Close() })
	w := &hijackable{httptest.NewRecorder(), server, bufio.NewReadWriter(bufio.NewReader(server), bufio.NewWriter(server))}
	var got upgraded
	done := make(chan struct{})
	go func() {
		defer close(done)
		got.conn, got.err = u.Upgrade(w, r, responseHeader)
		if got.err != nil {
			server.Close()
		}
	}()
	response, err := http.ReadResponse(bufio.NewReader(client), r)
	<-done
	got.recorded = w.ResponseRecorder
	if got.err == nil {
		if err != nil {
			t.Fatal(err)
		}
		got.response = response
	}
	return got
}

func request(header http.Header) *http.Request {
	r := httptest.NewRequest("GET", "http://example.com/chat", nil)
	r.Header = header
	return r
}

func TestUpgradeRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*http.Request)
		status int
		text   string
	}{
		{
			"plain", func(r *http.Request) { r.Header = http.Header{} }, 400,
			"websocket: the client is not using the websocket protocol: 'upgrade' token not found in 'Connection' header",
		},
		{
			"Connection", func(r *http.Request) { r.Header.Set("Connection", "close") }, 400,
			"websocket: the client is not using the websocket protocol: 'upgrade' token not found in 'Connection' header",
		},
		{
			"method", func(r *http.Request) { r.Method = "POST" }, 405,
			"websocket: the client is not using the websocket protocol: request method is not GET",
		},
		{
			"version", func(r *http.Request) { r.Header.Set("Sec-Websocket-Version", "8") }, 400,
			"websocket: unsupported version: 13 not found in 'Sec-Websocket-Version' header",
		},
		{
			"origin", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403,
			"websocket: request origin not allowed by Upgrader.CheckOrigin",
		},
		{
			"no key", func(r *http.Request) { r.Header.Del("Sec-Websocket-Key") }, 400,
			"websocket: not a websocket handshake: 'Sec-WebSocket-Key' header must be Base64 encoded value of 16-byte in length",
		},
		{
			"short key", func(r *http.Request) { r.Header.Set("Sec-Websocket-Key", "c2hvcnQ=") }, 400,
			"websocket: not a websocket handshake: 'Sec-WebSocket-Key' header must be Base64 encoded value of 16-byte in length",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := request(handshakeHeader())
			test.change(r)
			got := upgrade(t, &websocket.Upgrader{}, r, nil)
			if _, ok := got.err.(websocket.HandshakeError); !ok || got.conn != nil || got.err.Error() != test.text {
				t.Errorf("%T %v", got.err, got.err)
			}
			answer := got.recorded
			if answer.Code != test.status || answer.Body.String() != http.StatusText(test.status)+"\n" || answer.Header().Get("Sec-Websocket-Version") != "13" {
				t.Errorf("answered %d %q %v", answer.Code, answer.Body, answer.Header())
			}

			// The hook answers in its place.
			var hooked error
			status := 0
			got = upgrade(t, &websocket.Upgrader{Error: func(w http.ResponseWriter, _ *http.Request, code int, reason error) {
				hooked, status = reason, code
				w.WriteHeader(http.StatusTeapot)
			}}, r, nil)
			if got.err != hooked || got.err.Error() != test.text || status != test.status || got.recorded.Code != http.StatusTeapot {
				t.Errorf("hook: %v, %d, answered %d", hooked, status, got.recorded.Code)
			}
		})
	}
}

func TestUpgradeRefusesExtensionsOfTheApplication(t *testing.T) {
	got := upgrade(t, &websocket.Upgrader{}, request(handshakeHeader()), http.Header{"Sec-Websocket-Extensions": {"x"}})
	if got.recorded.Code != 500 || got.err == nil || got.err.Error() != "websocket: application specific 'Sec-WebSocket-Extensions' headers are unsupported" {
		t.Errorf("%d, %v", got.recorded.Code, got.err)
	}
}

func TestUpgradeWithoutHijacker(t *testing.T) {
	w := httptest.NewRecorder()
	_, err := new(websocket.Upgrader).Upgrade(w, request(handshakeHeader()), nil)
	if _, ok := err.(websocket.HandshakeError); !ok || err.Error() != "websocket: response does not implement http.Hijacker" || w.Code != 500 {
		t.Errorf("%d, %T %v", w.Code, err, err)
	}
}

func TestUpgradeOrigin(t *testing.T) {
	for _, test := range []struct {
		host   string
		origin []string
		ok     bool
	}{
		{"example.com", nil, true},
		{"example.com", []string{"http://example.com"}, true},
		{"example.com", []string{"https://example.com"}, true},
		{"Example.com", []string{"https://example.COM"}, true},
		{"example.com:8080", []string{"http://example.com:8080"}, true},
		{"example.com:8080", []string{"ws://example.com:8080/a/b?x=y"}, true},
		{"example.com:8080", []string{"http://example.com:8081"}, false},
		{"example.com:8080", []string{"http://example.com"}, false},
		{"example.com", []string{"http://example.com.evil.example"}, false},
		{"example.com", []string{"null"}, false},
		{"example.com", []string{""}, false},
		{"example.com", []string{"bad"}, false},
		{"example.com", []string{"http://example.com%zz"}, false},
		{"[::1]:80", []string{"http://[::1]:80"}, true},
	} {
		r := request(handshakeHeader())
		r.Host = test.host
		if test.origin != nil {
			r.Header["Origin"] = test.origin
		}
		if got := upgrade(t, &websocket.Upgrader{}, r, nil); (got.err == nil) != test.ok {
			t.Errorf("Host %s, Origin %q: %v", test.host, test.origin, got.err)
		}
		asked := false
		got := upgrade(t, &websocket.Upgrader{CheckOrigin: func(got *http.Request) bool {
			asked = got == r
			return !test.ok
		}}, r, nil)
		if (got.err == nil) == test.ok || !asked {
			t.Errorf("Host %s, Origin %q, with CheckOrigin: %v, asked %v", test.host, test.origin, got.err, asked)
		}
	}
}

func TestUpgradeSubprotocols(t *testing.T) {
	chosen := func(name string) http.Header { return http.Header{"Sec-Websocket-Protocol": {name}} }
	for _, test := range []struct {
		name    string
		speaks  []string
		offered []string
		header  http.Header
		want    string
	}{
		{"none", nil, nil, nil, ""},
		{"the server's order decides", []string{"p0", "p1"}, []string{"p1, p0"}, nil, "p0"},
		{"a name of Kubernetes'", []string{"SPDY/3.1+portforward.k8s.io"}, []string{"SPDY/3.1+portforward.k8s.io"}, nil, "SPDY/3.1+portforward.k8s.io"},
		{"none in common", []string{"p0"}, []string{"p1"}, nil, ""},
		{"case counts", []string{"P0"}, []string{"p0"}, nil, ""},
		{"nil leaves it to the header", nil, []string{"a, b"}, chosen("b"), "b"},
		{"not nil does not", []string{}, []string{"a, b"}, chosen("b"), ""},
		{"not nil goes before the header", []string{"a"}, []string{"a, b"}, chosen("b"), "a"},
		{"not offered, not chosen", nil, nil, nil, ""},
	} {
		r := request(handshakeHeader())
		if test.offered != nil {
			r.Header["Sec-Websocket-Protocol"] = test.offered
		}
		got := upgrade(t, &websocket.Upgrader{Subprotocols: test.speaks}, r, test.header)
		if got.err != nil {
			t.Errorf("%s: %v", test.name, got.err)
			continue
		}
		sent := got.response.Header.Values("Sec-Websocket-Protocol")
		if got.conn.Subprotocol() != test.want || strings.Join(sent, "; ") != test.want || test.want == "" && sent != nil {
			t.Errorf("%s: %q, and %q was sent", test.name, got.conn.Subprotocol(), sent)
		}
	}
}

func TestUpgradeResponse(t *testing.T) {
	r := request(handshakeHeader())
	got := upgrade(t, &websocket.Upgrader{EnableCompression: true}, r, http.Header{
		"Set-Cookie": {"a=1", "b=2"}, "x-lower": {"one\r\nX-Evil: two\x01"},
	})
	if got.err != nil {
		t.Fatal(got.err)
	}
	for name, want := range map[string][]string{
		"Upgrade":                  {"websocket"},
		"Connection":               {"Upgrade"},
		"Sec-Websocket-Accept":     {"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
		"Set-Cookie":               {"a=1", "b=2"},
		"X-Lower":                  {"one  X-Evil: two"},
		"X-Evil":                   nil,
		"Sec-Websocket-Extensions": nil,
	} {
		if values := got.response.Header.Values(name); !reflect.DeepEqual(values, want) {
			t.Errorf("%s: %q, want %q", name, values, want)
		}
	}
	if got.response.StatusCode != 101 {
		t.Error(got.response.Status)
	}
}

func TestUpgradeCompression(t *testing.T) {
	const accepted = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	for _, test := range []struct {
		enabled bool
		offered string
		want    string
	}{
		{true, "permessage-deflate", accepted},
		{true, "permessage-deflate; client_max_window_bits", accepted},
		{true, "permessage-deflate; server_no_context_takeover; client_no_context_takeover", accepted},
		{true, "x-other, permessage-deflate", accepted},
		{true, "x-other", ""},
		{true, "", ""},
		{false, "permessage-deflate", ""},
	} {
		r := request(handshakeHeader())
		if test.offered != "" {
			r.Header.Set("Sec-Websocket-Extensions", test.offered)
		}
		got := upgrade(t, &websocket.Upgrader{EnableCompression: test.enabled}, r, nil)
		if got.err != nil {
			t.Errorf("%q: %v", test.offered, got.err)
		} else if answer := got.response.Header.Get("Sec-Websocket-Extensions"); answer != test.want {
			t.Errorf("%q (enabled: %v): answered %q, want %q", test.offered, test.enabled, answer, test.want)
		}
	}
}

// Requests that tests make by hand lack what net/http puts in, and those of an nginx that
// was not told otherwise are HTTP/1.0.
func TestUpgradeOtherHTTP(t *testing.T) {
	byHand := &http.Request{Method: "GET", Header: handshakeHeader()}
	old := request(handshakeHeader())
	old.Proto, old.ProtoMinor = "HTTP/1.0", 0
	for _, r := range []*http.Request{byHand, old} {
		if got := upgrade(t, &websocket.Upgrader{}, r, nil); got.err != nil {
			t.Errorf("%q: %v", r.Proto, got.err)
		}
	}
}

// deadlines records what is set, and is a connection that takes everything.
type deadlines struct {
	net.Conn
	set []string
}

func (d *deadlines) note(what string, at time.Time) error {
	if at.IsZero() {
		what += " none"
	}
	d.set = append(d.set, what)
	return nil
}
func (d *deadlines) SetDeadline(t time.Time) error      { return d.note("both", t) }
func (d *deadlines) SetReadDeadline(t time.Time) error  { return d.note("read", t) }
func (d *deadlines) SetWriteDeadline(t time.Time) error { return d.note("write", t) }
func (d *deadlines) Write(p []byte) (int, error) {
	d.set = append(d.set, "response")
	return len(p), nil
}

// What net/http has set is gone, and the handshake's own limit as well.
func TestUpgradeTimeout(t *testing.T) {
	for timeout, want := range map[time.Duration]string{
		0:         "both none, response",
		time.Hour: "both none, write, response, write none",
	} {
		nc := &deadlines{}
		w := &hijackable{httptest.NewRecorder(), nc, bufio.NewReadWriter(bufio.NewReader(nc), bufio.NewWriter(nc))}
		u := &websocket.Upgrader{HandshakeTimeout: timeout}
		c, err := u.Upgrade(w, request(handshakeHeader()), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(nc.set, ", "); got != want {
			t.Errorf("timeout %v: %s, want %s", timeout, got, want)
		}
		if c.NetConn() != nc || c.UnderlyingConn() != nc {
			t.Error("the connection is not the one that was hijacked")
		}
	}
}

// failing is a connection that cannot be written to.
type failing struct {
	net.Conn
	closed bool
}

var errFailing = errors.New("failing")

func (f *failing) Write([]byte) (int, error)        { return 0, errFailing }
func (f *failing) SetDeadline(time.Time) error      { return nil }
func (f *failing) SetWriteDeadline(time.Time) error { return nil }
func (f *failing) Close() error                     { f.closed = true; return nil }

func TestUpgradeCannotAnswer(t *testing.T) {
	nc := &failing{}
	w := &hijackable{httptest.NewRecorder(), nc, bufio.NewReadWriter(bufio.NewReader(nc), bufio.NewWriter(nc))}
	if _, err := new(websocket.Upgrader).Upgrade(w, request(handshakeHeader()), nil); err != errFailing || !nc.closed {
		t.Errorf("%v, closed %v", err, nc.closed)
	}
}

// The old function answers nothing and lets every origin in.
func TestUpgradeFunction(t *testing.T) {
	header := handshakeHeader()
	header.Set("Origin", "https://elsewhere.example")
	header.Set("Sec-Websocket-Protocol", "a")
	nc := &deadlines{}
	w := &hijackable{httptest.NewRecorder(), nc, bufio.NewReadWriter(bufio.NewReader(nc), bufio.NewWriter(nc))}
	c, err := websocket.Upgrade(w, request(header), http.Header{"Sec-Websocket-Protocol": {"a"}}, 1024, 1024)
	if err != nil || c.Subprotocol() != "a" {
		t.Error(err)
	}
	refused := httptest.NewRecorder()
	_, err = websocket.Upgrade(refused, request(http.Header{}), nil, 1024, 1024)
	if _, ok := err.(websocket.HandshakeError); !ok || refused.Body.Len() > 0 || len(refused.Header()) > 0 {
		t.Errorf("%T %v, answered %v %q", err, err, refused.Header(), refused.Body)
	}
}

func TestSubprotocols(t *testing.T) {
	for line, want := range map[string][]string{
		"": nil, " ": nil, "a": {"a"}, "a,b": {"a", "b"}, " a , b ": {"a", "b"}, "a,,b": {"a", "", "b"}, "A b": {"A b"},
	} {
		r := &http.Request{Header: http.Header{"Sec-Websocket-Protocol": {line}}}
		if got := websocket.Subprotocols(r); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestIsWebSocketUpgrade(t *testing.T) {
	for _, test := range []struct {
		header http.Header
		want   bool
	}{
		{http.Header{}, false},
		{http.Header{"Upgrade": {"websocket"}}, false},
		{http.Header{"Connection": {"upgrade"}}, false},
		{http.Header{"Connection": {"upgRade"}, "Upgrade": {"WebSocket"}}, true},
		{http.Header{"Connection": {"keep-alive", "x, Upgrade"}, "Upgrade": {"h2c, websocket"}}, true},
		{http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websockets"}}, false},
	} {
		if got := websocket.IsWebSocketUpgrade(&http.Request{Header: test.header}); got != test.want {
			t.Errorf("%v: %v", test.header, got)
		}
	}
}

// The whole way through net/http.
func TestUpgradeThroughNetHTTP(t *testing.T) {
	done := make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err == nil {
			_, isTCP := c.NetConn().(*net.TCPConn)
			if !isTCP {
				err = errors.New("not a TCP connection")
			}
			c.Close()
		}
		done <- err
	}))
	defer s.Close()
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = handshakeHeader()
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := <-done; err != nil || resp.StatusCode != 101 {
		t.Error(resp.Status, err)
	}
	if rest, err := io.ReadAll(resp.Body); len(rest) > 0 {
		t.Errorf("the server sent %q, %v", rest, err)
	}
}
