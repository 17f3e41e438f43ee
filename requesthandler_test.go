package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// routeKey is of a router that recycles its contexts, as chi does.
type routeKey struct{}

type route struct{ room string }

// router gives the rest of the path to handlers in a context value, which the next
// request gets when the handler has returned. It is not a sync.Pool, as chi's is,
// because that drops values as it likes.
type router struct {
	mu   sync.Mutex
	free []*route
	next http.Handler
}

func (m *router) get() *route {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.free) == 0 {
		return new(route)
	}
	at := m.free[0]
	m.free = m.free[1:]
	return at
}

func (m *router) put(at *route) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free = append(m.free, at)
}

func (m *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := m.get()
	at.room = strings.TrimPrefix(r.URL.Path, "/rooms/")
	m.next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), routeKey{}, at)))
	m.put(at)
}

func roomOf(ctx context.Context) string {
	if at, ok := ctx.Value(routeKey{}).(*route); ok {
		return at.room
	}
	return "none"
}

// roomRequest is a handshake for a room.
func roomRequest(room string) []byte {
	return []byte(strings.Replace(wsplay.UpgradeRequest, "/chat", "/rooms/"+room, 1))
}

// What middleware put into a request's context is another request's by the time serve
// looks: serve's context does not have it, but what belongs to the server.
func TestServeContextHasNothingOfTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looked := make(chan string)
		look := make(chan struct{})
		serve := func(ctx context.Context, c *websocket.Conn) error {
			_ = roomOf(ctx) // which the race detector would have a word on
			<-look
			if server, ok := ctx.Value(http.ServerContextKey).(*http.Server); !ok || server == nil {
				t.Errorf("the server is %v", ctx.Value(http.ServerContextKey))
			}
			local, _ := ctx.Value(http.LocalAddrContextKey).(net.Addr)
			if local == nil || local.String() != c.NetConn().LocalAddr().String() {
				t.Errorf("the local address is %v", local)
			}
			looked <- roomOf(ctx)
			return nil
		}
		m := &router{next: websocket.Handler(serve, nil)}
		p := wsplay.ServeOnce(t, 0, m, io.Discard)
		p.SendBytes(roomRequest("private"))
		p.Head()
		// Another request gets the same value; it need not even be a handshake.
		q := wsplay.ServeOnce(t, 0, m, io.Discard)
		q.SendBytes([]byte("GET /rooms/anything HTTP/1.1\r\nHost: example.com\r\n\r\n"))
		q.Head()
		close(look)
		if room := <-looked; room != "none" {
			t.Errorf("serve's context has the room %q", room)
		}
		p.Close()
	})
}

// RequestHandler has prepare look at the request while it is one.
func TestRequestHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var later context.Context
		m := &router{next: websocket.RequestHandler(func(r *http.Request) (websocket.ServeFunc, error) {
			room := roomOf(r.Context())
			return func(ctx context.Context, c *websocket.Conn) error {
				later = ctx
				return websocket.CloseError{Code: 4000, Reason: room}
			}, nil
		}, nil)}
		p := wsplay.ServeOnce(t, 0, m, io.Discard)
		p.SendBytes(roomRequest("private"))
		if r := p.Response(); r.StatusCode != http.StatusSwitchingProtocols {
			t.Errorf("answered %s", r.Status)
		}
		if room := p.WantClose("serve has returned", 4000); room != "private" {
			t.Errorf("the room is %q", room)
		}
		p.Close()
		synctest.Wait()
		if later.Err() == nil || roomOf(later) != "none" {
			t.Errorf("its context: %v, room %q", later.Err(), roomOf(later))
		}
	})
}

// What prepare returns is the answer; only a Refusal is for the client's eyes.
func TestRequestHandlerRefuses(t *testing.T) {
	serve := func(context.Context, *websocket.Conn) error { return nil }
	cause := errors.New("private: no such row")
	for _, test := range []struct {
		name    string
		prepare func(r *http.Request) (websocket.ServeFunc, error)
		status  int
		body    string
		header  http.Header
		is      error
	}{
		{"error", func(*http.Request) (websocket.ServeFunc, error) { return serve, cause }, 403, "Forbidden\n", nil, cause},
		{"refusal", func(*http.Request) (websocket.ServeFunc, error) {
			return nil, &websocket.Refusal{Status: 401, Reason: "who are you?", Header: http.Header{
				"WWW-Authenticate": {`Basic realm="x"`, "Bearer"},
			}}
		}, 401, "who are you?\n", http.Header{"Www-Authenticate": {`Basic realm="x"`, "Bearer"}}, nil},
		{"wrapped", func(*http.Request) (websocket.ServeFunc, error) {
			return nil, errors.Join(cause, &websocket.Refusal{Status: 503, Reason: "later", Header: http.Header{"Retry-After": {"7"}}})
		}, 503, "later\n", http.Header{"Retry-After": {"7"}}, cause},
		{"nil refusal", func(*http.Request) (websocket.ServeFunc, error) {
			var none *websocket.Refusal // as of a function that returns a *Refusal
			return serve, none
		}, 500, "Internal Server Error\n", nil, nil},
		{"nothing", func(*http.Request) (websocket.ServeFunc, error) { return nil, nil }, 500, "Internal Server Error\n", nil, nil},
		{"two lines", func(*http.Request) (websocket.ServeFunc, error) {
			return nil, &websocket.Refusal{Status: 401, Reason: "no", Header: http.Header{"X": {"a\r\nSet-Cookie: b"}}}
		}, 500, "Internal Server Error\n", http.Header{"Set-Cookie": nil}, nil},
		{"reserved", func(*http.Request) (websocket.ServeFunc, error) {
			return nil, &websocket.Refusal{Status: 401, Reason: "no", Header: http.Header{"content-length": {"1"}}}
		}, 500, "Internal Server Error\n", nil, nil},
		{"no status", func(*http.Request) (websocket.ServeFunc, error) { return nil, &websocket.Refusal{Reason: "no"} }, 500, "Internal Server Error\n", nil, nil},
		{"accepting", func(*http.Request) (websocket.ServeFunc, error) { return nil, &websocket.Refusal{Status: 101} }, 500, "Internal Server Error\n", nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told []*websocket.HandlerError
				p := wsplay.ServeOnce(t, 0, websocket.RequestHandler(test.prepare, &websocket.AcceptOptions{
					OnError: func(e *websocket.HandlerError) { told = append(told, e) },
				}), io.Discard)
				p.SendBytes([]byte(wsplay.UpgradeRequest))
				r := p.Response()
				synctest.Wait()
				_ = p.SetReadDeadline(time.Now())
				rest, _ := io.ReadAll(p)
				body := string(append(p.Unread, rest...))
				p.Close()
				if r.StatusCode != test.status || body != test.body {
					t.Errorf("answered %s, %q; want %d, %q", r.Status, body, test.status, test.body)
				}
				for name, values := range test.header {
					if strings.Join(r.Header[name], "|") != strings.Join(values, "|") {
						t.Errorf("%s: %q, want %q", name, r.Header[name], values)
					}
				}
				if len(told) != 1 || told[0].Ordinary() != (test.name == "refusal") || told[0].Stack != nil {
					t.Fatalf("told %v", told)
				}
				refused, ok := told[0].Err.(*websocket.AcceptError)
				if !ok || refused.Status != test.status || test.is != nil && !errors.Is(told[0], test.is) {
					t.Errorf("told %#v", told[0])
				}
				if _, misuse := errors.AsType[*websocket.UsageError](told[0]); misuse != (test.status == 500) {
					t.Errorf("told %v", told[0])
				}
			})
		})
	}
}

// prepare is asked last: not for a request that would be refused anyway.
func TestRequestHandlerAsksLast(t *testing.T) {
	for name, request := range map[string]string{
		"GET":     "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
		"version": strings.Replace(wsplay.UpgradeRequest, "n: 13", "n: 12", 1),
		"origin":  wsplay.Request + "Origin: https://evil.example\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := wsplay.ServeOnce(t, 0, websocket.RequestHandler(func(*http.Request) (websocket.ServeFunc, error) {
					t.Error("prepare was asked")
					return nil, nil
				}, nil), io.Discard)
				p.SendBytes([]byte(request))
				p.Head()
				p.Close()
			})
		})
	}
}

// A panic in prepare is a handler's: net/http logs it and closes the connection. The
// next handshake does not notice.
func TestRequestHandlerPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		h := websocket.RequestHandler(func(*http.Request) (websocket.ServeFunc, error) {
			if first {
				first = false
				panic("in prepare")
			}
			return func(context.Context, *websocket.Conn) error { return nil }, nil
		}, &websocket.AcceptOptions{OnError: func(e *websocket.HandlerError) { t.Errorf("told %v", e) }})
		var logged bytes.Buffer
		p := wsplay.ServeOnce(t, 0, h, &logged)
		p.SendBytes([]byte(wsplay.UpgradeRequest))
		p.WantEOF("prepare has panicked")
		synctest.Wait()
		if !strings.Contains(logged.String(), "in prepare") {
			t.Errorf("logged %q", logged.String())
		}
		p = wsplay.ServeOnce(t, 0, h, io.Discard)
		p.SendBytes([]byte(wsplay.UpgradeRequest))
		p.Head()
		p.WantClose("serve has returned", 1000)
		p.Close()
	})
}
