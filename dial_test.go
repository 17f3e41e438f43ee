package websocket

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket/handshake"
)

// noLeaks complains if goroutines outlive the test. It is called first, so that
// it looks last.
func noLeaks(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// dialPeer is a server of the test's own making, at one connection.
type dialPeer struct {
	net.Conn
	br *bufio.Reader
}

// request reads a request without a body; nil if the client has gone.
func (p *dialPeer) request() *http.Request {
	req, err := http.ReadRequest(p.br)
	if err != nil {
		return nil
	}
	return req
}

// switching is the 101 that answers the request, with more header lines.
func switching(req *http.Request, lines ...string) string {
	var extra []handshake.Field
	head := handshake.AppendSwitching(nil, handshake.Acceptance{Key: req.Header.Get("Sec-WebSocket-Key")}, extra)
	return strings.TrimSuffix(string(head), "\r\n") + strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

// dialScript listens and runs a script at every connection, after which the
// client has to be the one that ends it: no socket is forgotten.
func dialScript(t *testing.T, script func(p *dialPeer)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var scripts sync.WaitGroup
	scripts.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			scripts.Go(func() {
				defer c.Close()
				p := &dialPeer{Conn: c, br: bufio.NewReader(c)}
				script(p)
				_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
				if _, err := io.Copy(io.Discard, p.br); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("the client has left the connection open")
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		scripts.Wait()
	})
	return l.Addr().String()
}

// hello is an unmasked text frame.
const hello = "\x81\x05hello"

// greeting is the script of a server that accepts, and says hello in the same
// write. See, if not nil, is shown the request.
func greeting(see func(*http.Request)) func(*dialPeer) {
	return func(p *dialPeer) {
		req := p.request()
		if req == nil {
			return
		}
		if see != nil {
			see(req)
		}
		_, _ = io.WriteString(p, switching(req)+hello)
	}
}

// wantHello reads the greeting.
func wantHello(t *testing.T, c *Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	typ, data, err := c.Read(ctx)
	if err != nil || typ != MessageText || string(data) != "hello" {
		t.Errorf("want the greeting, got %v %q, %v", typ, data, err)
	}
}

// wantGreeted dials a server that says hello.
func wantGreeted(t *testing.T, u string, opts *DialOptions) *http.Response {
	t.Helper()
	c, resp, err := Dial(t.Context(), u, opts)
	if err != nil {
		t.Fatal(err)
	}
	wantHello(t, c)
	_ = c.CloseNow()
	return resp
}

// wantUsage demands an error of the caller's, before anything is sent.
func wantUsage(t *testing.T, err error, problem string) {
	t.Helper()
	var misuse *UsageError
	if !errors.As(err, &misuse) || misuse.Method != "Dial" || !strings.Contains(misuse.Problem, problem) {
		t.Errorf("want a UsageError about %q, got %v", problem, err)
	}
}

// unreachable fails the test if something is dialed.
func unreachable(t *testing.T) func(context.Context, string, string) (net.Conn, error) {
	return func(_ context.Context, _, addr string) (net.Conn, error) {
		t.Error("dialed", addr)
		return nil, errors.New("unreachable")
	}
}

func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

func TestDialSchemes(t *testing.T) {
	noLeaks(t)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, switching(r)+hello)
		_, _ = io.Copy(io.Discard, c)
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	trust := secure.Client().Transport.(*http.Transport).TLSClientConfig
	for _, test := range []struct {
		u   string
		tls bool
	}{
		{plain.URL, false},
		{strings.Replace(plain.URL, "http", "ws", 1), false},
		{strings.Replace(plain.URL, "http", "WS", 1), false},
		{secure.URL, true},
		{strings.Replace(secure.URL, "https", "wss", 1), true},
	} {
		resp := wantGreeted(t, test.u, &DialOptions{TLSConfig: trust})
		if resp.StatusCode != 101 || resp.Body == nil || (resp.TLS != nil) != test.tls {
			t.Errorf("%s: response %d, body %v, TLS %v", test.u, resp.StatusCode, resp.Body, resp.TLS)
		}
	}
}

// The context and the timeout bound the handshake and no more.
func TestDialContextEndsAfterwards(t *testing.T) {
	noLeaks(t)
	hold := make(chan struct{})
	addr := dialScript(t, func(p *dialPeer) {
		req := p.request()
		_, _ = io.WriteString(p, switching(req))
		<-hold
		_, _ = io.WriteString(p, hello)
	})
	for _, client := range []*http.Client{nil, {Transport: &http.Transport{}, Timeout: time.Minute}} {
		ctx, cancel := context.WithCancel(t.Context())
		c, _, err := Dial(ctx, "ws://"+addr, &DialOptions{HTTPClient: client})
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		read := make(chan struct{})
		go func() {
			defer close(read)
			wantHello(t, c)
		}()
		hold <- struct{}{}
		<-read
		_ = c.CloseNow()
	}
}

func TestDialPassesOptionsOn(t *testing.T) {
	noLeaks(t)
	addr := dialScript(t, func(p *dialPeer) {
		_, _ = io.WriteString(p, switching(p.request(), "Sec-WebSocket-Protocol: b")+"\x89\x01!\x8a\x00"+hello)
	})
	var said []string
	trace := &Trace{FrameRead: func(*Conn, FrameInfo) { said = append(said, "frame") }}
	c, _, err := Dial(t.Context(), "ws://"+addr, &DialOptions{
		Subprotocols:   []string{"a", "b"},
		Limits:         Limits{Message: 5, Frame: 7, Fragments: 9},
		Timeouts:       Timeouts{Close: time.Second, Write: time.Minute},
		Trace:          trace,
		OnPingReceived: func(context.Context, []byte) bool { said = append(said, "ping"); return false },
		OnPongReceived: func(context.Context, []byte) { said = append(said, "pong") },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	wantHello(t, c)
	if got := strings.Join(said, " "); got != "frame ping frame pong frame" {
		t.Error("callbacks:", got)
	}
	if c.Subprotocol() != "b" || c.Role() != RoleClient || c.in.limit.Load() != 5 || c.in.terms.frameLimit != 7 || c.in.terms.fragments != 9 ||
		c.in.terms.closeTimeout != time.Second || c.out.pace.limit != time.Minute {
		t.Errorf("options: %q %v %v %v", c.Subprotocol(), c.Role(), c.in.terms.closeTimeout, c.out.pace.limit)
	}
}

func TestDialUnixSocket(t *testing.T) {
	noLeaks(t)
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	served := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		greeting(func(r *http.Request) { served <- r.Host })(&dialPeer{Conn: c, br: bufio.NewReader(c)})
	}()
	wantGreeted(t, "ws://localhost/", &DialOptions{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
		Proxy: noProxy,
	})
	if host := <-served; host != "localhost" {
		t.Error("Host:", host)
	}
}

// A call that makes no sense sends nothing.
func TestDialMisuse(t *testing.T) {
	for _, test := range []struct {
		opts    DialOptions
		problem string
	}{
		{DialOptions{Subprotocols: []string{"a", "b c"}}, `subprotocol "b c" is not a token`},
		{DialOptions{HTTPClient: &http.Client{}, TLSConfig: &tls.Config{}}, "TLSConfig has no effect with HTTPClient"},
		{DialOptions{HTTPClient: &http.Client{}, MaxRedirects: -1}, "MaxRedirects has no effect with HTTPClient"},
		{DialOptions{ProxyHeader: http.Header{"Host": {"x"}}}, "ProxyHeader has Host"},
		{DialOptions{ProxyHeader: http.Header{"Content-Length": {"1"}}}, "ProxyHeader has Content-Length"},
	} {
		if test.opts.HTTPClient == nil {
			test.opts.DialContext = unreachable(t)
		}
		c, resp, err := Dial(t.Context(), "ws://example.com/", &test.opts)
		wantUsage(t, err, test.problem)
		if c != nil || resp != nil {
			t.Error("a connection or a response besides the error")
		}
	}
	var none context.Context
	_, _, err := Dial(none, "ws://example.com/", nil)
	wantUsage(t, err, "no context")
}

// What came behind the response is read first, and a head above the default limit is
// for Limits.HeaderBytes to allow.
func TestDialHeaderBytes(t *testing.T) {
	noLeaks(t)
	addr := dialScript(t, func(p *dialPeer) {
		_, _ = io.WriteString(p, switching(p.request(), "A: "+strings.Repeat("b", 100_000))+hello+hello)
	})
	c, _, err := Dial(t.Context(), "ws://"+addr, &DialOptions{Limits: Limits{HeaderBytes: 200_000}})
	if err != nil {
		t.Fatal(err)
	}
	wantHello(t, c)
	wantHello(t, c)
	_ = c.CloseNow()
	_, _, err = Dial(t.Context(), "ws://"+addr, nil)
	if err == nil || !strings.Contains(err.Error(), "larger than 65536 bytes") {
		t.Error(err)
	}
}
