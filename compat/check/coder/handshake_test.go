package coder

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func acceptKey(r *http.Request) string {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func request(fields map[string]string) *http.Request {
	r := httptest.NewRequest("GET", "http://example.com/", nil)
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		r.Header.Set(name, value)
	}
	for name, value := range fields {
		r.Header.Set(name, value)
	}
	return r
}

func TestAcceptRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fields map[string]string
		status int
		text   string
	}{
		"no upgrade":     {map[string]string{"Upgrade": "other"}, 426, `WebSocket protocol violation: Upgrade header "other" does not contain websocket`},
		"a plain GET":    {map[string]string{"Upgrade": "", "Connection": ""}, 426, `WebSocket protocol violation: Connection header "" does not contain Upgrade`},
		"a key too long": {map[string]string{"Sec-WebSocket-Key": "x"}, 400, "WebSocket protocol violation: "},
		"no URL":         {map[string]string{"Origin": "harhar.com"}, 403, `request Origin "harhar.com" is not a valid URL with a host`},
		"another site":   {map[string]string{"Origin": "https://evil.example"}, 403, `request Origin "evil.example" is not authorized for Host "example.com"`},
		"no Hijacker":    {map[string]string{"Origin": "https://example.com"}, 501, "http.ResponseWriter does not implement http.Hijacker"},
		"empty Origin":   {map[string]string{"Origin": ""}, 501, "http.ResponseWriter does not implement http.Hijacker"},
	} {
		w := httptest.NewRecorder()
		c, err := websocket.Accept(w, request(test.fields), nil)
		wantText(t, name, err, "failed to accept WebSocket connection: ", test.text)
		if c != nil || w.Code != test.status {
			t.Errorf("%s: %v, status %d, want %d", name, c, w.Code, test.status)
		}
	}
}

// recorder is a writer that is not built on net/http's.
type recorder struct {
	*httptest.ResponseRecorder
	conn net.Conn
}

func (w recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.conn, bufio.NewReadWriter(bufio.NewReader(w.conn), bufio.NewWriter(w.conn)), nil
}

func TestAcceptThroughAnyWriter(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	defer far.Close()
	w := recorder{httptest.NewRecorder(), near}
	c, err := websocket.Accept(w, request(map[string]string{"Sec-WebSocket-Protocol": "a, b"}), &websocket.AcceptOptions{Subprotocols: []string{"b", "a"}})
	if err != nil {
		t.Fatal(err)
	}
	if h := w.Result().Header; w.Code != 101 || h.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" || h.Get("Sec-WebSocket-Protocol") != "b" {
		t.Errorf("%d %v", w.Code, h)
	}
	good(t, "CloseNow", c.CloseNow())
}

func TestSubprotocols(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		server, client, want string
	}{
		{"one two", "two one", "one"},
		{"chat", "Chat", "Chat"},
		{"x", "y", ""},
		{"", "y", ""},
		{"y y", "y", "y"},
	} {
		server, client := pair(t, &websocket.AcceptOptions{Subprotocols: strings.Fields(test.server)}, &websocket.DialOptions{Subprotocols: strings.Fields(test.client)})
		if server.Subprotocol() != test.want || client.Subprotocol() != test.want {
			t.Errorf("%s, %s: %q and %q", test.server, test.client, server.Subprotocol(), client.Subprotocol())
		}
	}
}

// The application may name the subprotocol itself.
func TestSubprotocolInTheHeader(t *testing.T) {
	t.Parallel()
	named := make(chan string, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Sec-WebSocket-Protocol", "token")
		c, err := websocket.Accept(w, r, nil)
		good(t, "Accept", err)
		named <- c.Subprotocol()
		_ = c.CloseNow()
	})
	c, _, err := websocket.Dial(patience(t), s.URL+"#fragment", &websocket.DialOptions{Subprotocols: []string{"other", "token"}})
	if err != nil {
		t.Fatal(err)
	}
	if server, client := <-named, c.Subprotocol(); server != "token" || client != "token" {
		t.Errorf("%q and %q", server, client)
	}
	_ = c.CloseNow()
}

func TestRedirectThatIsNotFollowed(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	errMine := errors.New("mine")
	for _, test := range []struct {
		returned, want error
		text           string
	}{
		{errMine, errMine, "failed to send handshake request: Get "},
		{http.ErrUseLastResponse, nil, "expected handshake response status code 101 but got 302"},
	} {
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return test.returned }}
		_, _, err := websocket.Dial(patience(t), s.URL, &websocket.DialOptions{HTTPClient: client})
		wantText(t, "Dial", err, "failed to WebSocket dial: ", test.text)
		if test.want != nil {
			want(t, "Dial", err, test.want, "mine")
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type body struct{ io.ReadWriter }

func (body) Close() error { return nil }

func TestDialThroughAnyRoundTripper(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		header map[string]string
		body   io.ReadCloser
		text   string // empty: no error
	}{
		"accepted":         {101, nil, body{new(ended)}, ""},
		"another case":     {101, map[string]string{"Sec-WebSocket-Protocol": "CHAT"}, body{new(ended)}, ""},
		"200":              {200, nil, io.NopCloser(strings.NewReader("hi")), "expected handshake response status code 101 but got 200"},
		"no status":        {0, nil, io.NopCloser(strings.NewReader("hi")), "expected handshake response status code 101 but got 0"},
		"Upgrade":          {101, map[string]string{"Upgrade": "meow"}, body{new(ended)}, `WebSocket protocol violation: Upgrade header "meow" does not contain websocket`},
		"Connection":       {101, map[string]string{"Connection": "close"}, body{new(ended)}, `WebSocket protocol violation: Connection header "close" does not contain Upgrade`},
		"Accept":           {101, map[string]string{"Sec-WebSocket-Accept": "x"}, body{new(ended)}, "WebSocket protocol violation: "},
		"not writable":     {101, nil, io.NopCloser(strings.NewReader("hi")), "response body is not a io.ReadWriteCloser: io.nopCloser"},
		"protocol unasked": {101, map[string]string{"Sec-WebSocket-Protocol": "other"}, body{new(ended)}, "WebSocket protocol violation: "},
	} {
		client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			h := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Accept": {acceptKey(r)}}
			for name, value := range test.header {
				h.Set(name, value)
			}
			return &http.Response{StatusCode: test.status, Header: h, Body: test.body}, nil
		})}
		c, resp, err := websocket.Dial(patience(t), "ws://example.com", &websocket.DialOptions{HTTPClient: client, Subprotocols: []string{"chat"}})
		if test.text == "" {
			good(t, name, err)
			if err == nil {
				_ = c.CloseNow()
			}
			continue
		}
		wantText(t, name, err, "failed to WebSocket dial: ", test.text)
		if c != nil || resp == nil || resp.StatusCode != test.status {
			t.Errorf("%s: %v %v", name, c, resp)
		}
	}
}

// ended is a stream at its end.
type ended struct{}

func (*ended) Read([]byte) (int, error)    { return 0, io.EOF }
func (*ended) Write(p []byte) (int, error) { return len(p), nil }

func TestDialFails(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, strings.Repeat("no", 1000))
	})
	_, resp, err := websocket.Dial(patience(t), s.URL, nil)
	wantText(t, "a refusal", err, "failed to WebSocket dial: expected handshake response status code 101 but got 403")
	if text, err := io.ReadAll(resp.Body); len(text) != 1024 || err != nil {
		t.Errorf("%d bytes of the refusal, %v", len(text), err)
	}
	for u, text := range map[string]string{
		"://noscheme":          "failed to parse url: ",
		"ftp://example.com":    `unexpected url scheme: "ftp"`,
		"ws://127.0.0.1:1/":    `failed to send handshake request: Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: `,
		"ws://no host/":        "failed to parse url: ",
		"http://\x7f.example/": "failed to parse url: ",
	} {
		_, _, err := websocket.Dial(patience(t), u, nil)
		wantText(t, u, err, "failed to WebSocket dial: ", text)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err = websocket.Dial(ctx, s.URL, nil)
	want(t, "a context that has ended", err, context.Canceled, "failed to WebSocket dial: failed to send handshake request: ")
}

// A proxy passes on the header that it has received.
func TestDialWithAForeignHeader(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") != "a=b" {
			t.Errorf("header %v", r.Header)
		}
		c, err := websocket.Accept(w, r, nil)
		good(t, "Accept", err)
		_ = c.CloseNow()
	})
	c, _, err := websocket.Dial(patience(t), s.URL, &websocket.DialOptions{HTTPHeader: request(map[string]string{"Cookie": "a=b"}).Header})
	good(t, "Dial", err)
	_ = c.CloseNow()
}

// Not parallel: others use the client as well.
func TestDialByTheDefaultClient(t *testing.T) {
	var asked []string
	before := http.DefaultClient
	http.DefaultClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.String())
		return http.DefaultTransport.RoundTrip(r)
	})}
	defer func() { http.DefaultClient = before }()
	pair(t, nil, nil)
	if len(asked) != 1 || !strings.HasPrefix(asked[0], "http://") {
		t.Errorf("http.DefaultClient was asked for %q", asked)
	}
}
