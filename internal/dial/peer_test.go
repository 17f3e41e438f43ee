package dial

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket/handshake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
	br   *bufio.Reader
	gone chan struct{} // pipePeer: closed when the client has closed
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

// wantFrames reads frames, which the server sent behind its response or later.
func wantFrames(t *testing.T, r *Result, frames string) {
	t.Helper()
	if nc, ok := r.Stream.(net.Conn); ok {
		_ = nc.SetReadDeadline(time.Now().Add(10 * time.Second))
	}
	got := make([]byte, len(frames))
	if _, err := io.ReadFull(io.MultiReader(bytes.NewReader(r.Buffered), r.Stream), got); err != nil || string(got) != frames {
		t.Errorf("want %d bytes of frames, got %.100q, %v", len(frames), got, err)
	}
}

// wantGreeted dials a server that says hello.
func wantGreeted(t *testing.T, u string, opts *Options) *http.Response {
	t.Helper()
	r, err := Dial(t.Context(), u, opts)
	if err != nil {
		t.Fatal(err)
	}
	wantFrames(t, &r, hello)
	_ = r.Stream.Close()
	return r.Response
}

// dialFailed dials a server in vain and returns the response that the error has.
func dialFailed(t *testing.T, ctx context.Context, u string, opts *Options) (*http.Response, error) {
	t.Helper()
	r, err := Dial(ctx, u, opts)
	if r.Stream != nil || r.Response != nil || err == nil {
		t.Errorf("%s: a stream %v or a response %v, with the error %v", u, r.Stream, r.Response, err)
	}
	if failed, ok := errors.AsType[*Error](err); ok {
		return failed.Response, err
	}
	return nil, err
}

// wantMisuse demands an error of the caller's, before anything is sent.
func wantMisuse(t *testing.T, err error, problem string) {
	t.Helper()
	wrong, ok := errors.AsType[*Misuse](err)
	if !ok || !strings.Contains(wrong.Problem, problem) || err.Error() != wrong.Problem {
		t.Errorf("want Misuse about %q, got %v", problem, err)
	}
}

// unreachable fails the test if something is dialed.
func unreachable(t *testing.T) func(context.Context, string, string) (net.Conn, error) {
	return func(_ context.Context, _, addr string) (net.Conn, error) {
		t.Error("dialed", addr)
		return nil, errors.New("unreachable")
	}
}

// routed dials other addresses than it is told, and keeps what it was told.
type routed struct {
	to map[string]string // by host:port; "*" for all others

	mu   sync.Mutex
	told []string
}

func (r *routed) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	r.mu.Lock()
	r.told = append(r.told, addr)
	r.mu.Unlock()
	to, ok := r.to[addr]
	if !ok {
		to, ok = r.to["*"]
	}
	if !ok {
		return nil, fmt.Errorf("no route to %s", addr)
	}
	return new(net.Dialer).DialContext(ctx, network, to)
}

func (r *routed) dialed() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.told
}

func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// fixedProxy is a Proxy option; no proxy if u is empty.
func fixedProxy(u string) func(*http.Request) (*url.URL, error) {
	return func(*http.Request) (*url.URL, error) {
		if u == "" {
			return nil, nil
		}
		return url.Parse(u)
	}
}

// quiet is for servers whose handshakes are meant to fail.
var quiet = log.New(io.Discard, "", 0)
