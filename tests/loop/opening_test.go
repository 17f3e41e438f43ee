package loop_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// respond sends a request and returns the answer.
func (s *site) answer(request string) *http.Response {
	s.Helper()
	p := wsplay.NewPeer(s.T, websocket.RoleServer, s.connect())
	p.SendBytes([]byte(request))
	r := p.Response()
	_ = p.Close()
	return r
}

// Prepare sees the request, and chooses the application or refuses.
func TestPrepare(t *testing.T) {
	for _, by := range ways {
		if by.http {
			continue // net/http has the request
		}
		t.Run(by.name, func(t *testing.T) {
			errs := make(reports, 10)
			loop := &websocket.Loop{Prepare: func(r *request) (websocket.OpenFunc, error) {
				switch cookies := r.Values("Cookie"); {
				case r.Target == "/private" && len(cookies) == 0:
					return nil, &websocket.Refusal{Status: 401, Reason: "who are you?", Header: http.Header{"Www-Authenticate": {"Basic"}}}
				case r.Target == "/broken":
					return nil, errTest
				case r.Target == "/panic":
					panic(errTest)
				case r.Target == "/leave":
					runtime.Goexit()
					return nil, nil
				case r.Target == "/nothing":
					return nil, nil
				default:
					who := strings.Join(cookies, "")
					who = strings.Clone(r.Target + who)
					return opens(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
						return c.Write(ctx, m.Type, append([]byte(who+" "), m.Data...))
					}), nil
				}
			}}
			loop.OnError = errs.take
			s := serve(t, by, loop)
			for _, row := range []struct{ path, cookie, want string }{
				{"/public", "", "/public hi"},
				{"/private", "me=1", "/privateme=1 hi"},
			} {
				c, err := s.dialTo(row.path, &websocket.DialOptions{HTTPHeader: http.Header{"Cookie": {row.cookie}}})
				if err != nil {
					t.Fatal(err)
				}
				if err := c.Write(t.Context(), websocket.MessageText, []byte("hi")); err != nil {
					t.Fatal(err)
				}
				wsplay.WantRead(t, c, row.want)
			}
			errs.none(t)
			get := func(path string) *http.Response {
				return s.answer(strings.Replace(wsplay.UpgradeRequest, "/chat", path, 1))
			}
			if r := get("/private"); r.StatusCode != 401 || r.Header.Get("Www-Authenticate") != "Basic" {
				t.Errorf("refused with %s %v", r.Status, r.Header)
			}
			if e := arrives(t, "OnError", errs); !e.Ordinary() || !strings.Contains(e.Error(), "who are you?") {
				t.Errorf("reported: %v", e)
			}
			if r := get("/broken"); r.StatusCode != 403 {
				t.Errorf("refused with %s", r.Status)
			}
			if e := arrives(t, "OnError", errs); e.Ordinary() || !errors.Is(e, errTest) {
				t.Errorf("reported: %v", e)
			}
			for _, path := range []string{"/panic", "/leave"} { // as if a handler of net/http did it
				p := wsplay.NewPeer(t, websocket.RoleServer, s.connect())
				p.SendBytes([]byte(strings.Replace(wsplay.UpgradeRequest, "/chat", path, 1)))
				if rest, err := readAll(p); err != io.EOF || len(rest) > 0 {
					t.Errorf("%s: got %q, %v; want the end of the stream", path, rest, err)
				}
				e := arrives(t, "OnError", errs)
				if e.Ordinary() || (path == "/panic") != errors.Is(e, errTest) || (path == "/panic") != (len(e.Stack) > 0) {
					t.Errorf("%s: reported %v", path, e)
				}
			}
			if r := get("/nothing"); r.StatusCode != 500 {
				t.Errorf("no OpenFunc and no error: answered with %s", r.Status)
			}
			misused(t, "OnError", arrives(t, "OnError", errs))
			errs.none(t)
		})
	}
}

// refusals are requests that are answered with an HTTP status, which has to reach the
// client before the connection ends.
var refusals = []struct {
	name     string
	request  string
	status   int
	ordinary bool
}{
	{"another origin", wsplay.Request + "Origin: https://evil.example\r\n\r\n", 403, false},
	{"no handshake", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 426, true},
	{"another version", strings.Replace(wsplay.UpgradeRequest, "Version: 13", "Version: 12", 1), 426, false},
	{"no key", strings.Replace(wsplay.UpgradeRequest, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 1), 400, false},
}

func TestRefused(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		errs := make(reports, 10)
		loop := echoes()
		loop.OnError = errs.take
		s := serve(t, by, loop)
		for _, row := range refusals {
			t.Run(row.name, func(t *testing.T) {
				if r := s.answer(row.request); r.StatusCode != row.status {
					t.Errorf("answered with %s, want %d", r.Status, row.status)
				}
				e := arrives(t, "OnError", errs)
				if refused, ok := errors.AsType[*websocket.AcceptError](e); !ok || refused.Status != row.status || e.Ordinary() != row.ordinary {
					t.Errorf("reported: %v, ordinary: %v", e, e.Ordinary())
				}
			})
		}
		errs.none(t)
		if n := s.watch.opened.Load(); n != 0 {
			t.Errorf("Open was called %d times", n)
		}
		echoed(t, s.dial(nil), "and a good one")
	})
}

// What Serve reads of a request is bounded, whatever a client sends, and it says so.
func TestRequestTooLarge(t *testing.T) {
	for _, by := range ways {
		if by.http {
			continue // net/http has its own limits
		}
		t.Run(by.name, func(t *testing.T) {
			errs := make(reports, 10)
			loop := echoes()
			loop.OnError = errs.take
			loop.Limits.HeaderBytes, loop.Limits.HeaderFields = 1<<10, 10
			s := serve(t, by, loop)
			for name, request := range map[string]string{
				"bytes":           wsplay.Request + "Cookie: " + strings.Repeat("x", 2000) + "\r\n\r\n",
				"fields":          wsplay.Request + strings.Repeat("A: b\r\n", 20) + "\r\n",
				"without any end": "GET /" + strings.Repeat("x", 5000),
			} {
				t.Run(name, func(t *testing.T) {
					if r := s.answer(request); r.StatusCode != 431 && r.StatusCode != 414 && r.StatusCode != 400 {
						t.Errorf("answered with %s", r.Status)
					}
					if e := arrives(t, "OnError", errs); !strings.Contains(e.Error(), "header") && !strings.Contains(e.Error(), "bytes") {
						t.Errorf("reported: %v", e)
					}
				})
			}
			echoed(t, s.dial(nil), "and a good one")
		})
	}
}

// A client that takes its time is waited for, but not beyond Timeouts.Handshake, and nobody
// waits behind it.
func TestSlowRequest(t *testing.T) {
	for _, by := range ways {
		if by.http {
			continue
		}
		t.Run(by.name, func(t *testing.T) {
			errs := make(reports, 100)
			loop := echoes()
			loop.OnError = errs.take
			s := serve(t, by, loop)
			p := wsplay.NewPeer(t, websocket.RoleServer, s.connect())
			for i := range len(wsplay.UpgradeRequest) {
				p.SendBytes([]byte(wsplay.UpgradeRequest[i : i+1]))
				if i%50 == 0 {
					echoed(t, s.dial(nil), "others are served meanwhile")
				}
			}
			if r := p.Response(); r.StatusCode != 101 {
				t.Fatalf("answered with %s", r.Status)
			}
			p.Send(wsplay.Frame(wsplay.OpText, "slow"))
			p.Want("the echo", wsplay.OpText, "slow")
			errs.none(t)
		})
		t.Run(by.name+"/too slow", func(t *testing.T) {
			errs := make(reports, 100)
			loop := echoes()
			loop.OnError = errs.take
			loop.Timeouts.Handshake = 200 * time.Millisecond
			s := serve(t, by, loop)
			var waiting sync.WaitGroup
			for _, sent := range []string{"", "GET ", wsplay.Request} {
				p := wsplay.NewPeer(t, websocket.RoleServer, s.connect())
				_, _ = p.Write([]byte(sent)) // by TLS this performs its handshake, which may be too slow as well
				waiting.Go(func() {
					rest, err := readAll(p) // until the server gives up
					if err == nil && len(rest) > 0 && !bytes.HasPrefix(rest, []byte("HTTP/1.1 408 ")) {
						t.Errorf("after %q the answer was %q", sent, rest)
					}
					if e := <-errs; !e.Ordinary() {
						t.Errorf("%v is reported as out of the ordinary", e)
					}
				})
			}
			waiting.Wait()
		})
	}
}

// readAll reads to the end of the stream.
func readAll(p *wsplay.Peer) ([]byte, error) {
	for {
		if err := p.More(); err != nil {
			return p.Unread, err
		}
	}
}

// A connection knows what was agreed on, and who it is.
func TestAgreed(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		loop := echoes()
		loop.Subprotocols = []string{"b", "a"}
		loop.HTTPHeader = http.Header{"X-Served-By": {"a loop"}}
		loop.CompressionMode = websocket.CompressionContextTakeover
		s := serve(t, by, loop)
		client := s.dial(&websocket.DialOptions{Subprotocols: []string{"a", "b"}, CompressionMode: websocket.CompressionContextTakeover})
		echoed(t, client, "hello")
		c, _ := s.only()
		if _, deflated := c.Compression(); c.Subprotocol() != "b" || client.Subprotocol() != "b" || c.Role() != websocket.RoleServer || !deflated {
			t.Errorf("%v with subprotocol %q, compressed: %v", c.Role(), c.Subprotocol(), deflated)
		}
		nc, far := c.NetConn(), client.NetConn()
		if nc == nil {
			t.Fatal("NetConn is nil")
		}
		if by.network == "tcp" && (nc.RemoteAddr().String() != far.LocalAddr().String() || nc.LocalAddr().String() != far.RemoteAddr().String()) {
			t.Errorf("%v - %v, and the client is %v - %v", nc.LocalAddr(), nc.RemoteAddr(), far.LocalAddr(), far.RemoteAddr())
		}
		if nc.LocalAddr().Network() != by.network {
			t.Errorf("the network is %q", nc.LocalAddr().Network())
		}
		r := s.answer(wsplay.UpgradeRequest)
		if r.StatusCode != 101 || r.Header.Get("X-Served-By") != "a loop" {
			t.Errorf("answered with %s %v", r.Status, r.Header)
		}
	})
}
