package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// overheard runs a handler and a peer, once with a hook and once without, and returns
// what each was told.
func overheard(t *testing.T, opts websocket.AcceptOptions, handler func(*websocket.AcceptOptions) http.Handler, play func(p *wsplay.Peer)) (hook []*websocket.HandlerError, log string) {
	t.Helper()
	for _, hooked := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			opts := opts
			if hooked {
				opts.OnError = func(e *websocket.HandlerError) { hook = append(hook, e) }
			}
			var logged bytes.Buffer
			p := wsplay.ServeOnce(t, 0, handler(&opts), &logged)
			play(p)
			p.Close()
			time.Sleep(time.Minute) // of the bubble: longer than any closing handshake
			synctest.Wait()
			if !hooked {
				log = logged.String()
			} else if logged.Len() > 0 {
				t.Errorf("with a hook: logged %q", logged.String())
			}
		})
	}
	return hook, log
}

var errOfApplication = errors.New("the database is down")

// What a served function returned is told once, but for what is no error.
func TestOnErrorServed(t *testing.T) {
	type end struct {
		name  string
		serve websocket.ServeFunc
		play  func(p *wsplay.Peer)
		hook  string // what the hook is told; empty: nothing
		log   bool   // and the log without it
	}
	nothing := func(*wsplay.Peer) {}
	read := func(ctx context.Context, c *websocket.Conn) error { _, _, err := c.Read(ctx); return err }
	wrapping := func(ctx context.Context, c *websocket.Conn) error {
		return fmt.Errorf("reading: %w", read(ctx, c))
	}
	returning := func(err error) websocket.ServeFunc {
		return func(context.Context, *websocket.Conn) error { return err }
	}
	bye := func(code websocket.StatusCode) func(p *wsplay.Peer) {
		return func(p *wsplay.Peer) { p.Send(wsplay.CloseFrame(code, "bye\r\n")) }
	}
	for _, test := range []end{
		{"nil", returning(nil), nothing, "", false},
		{"an error", returning(errOfApplication), nothing, "the database is down", true},
		{"CloseError", returning(websocket.CloseError{Code: 1008, Reason: "speak chat"}), nothing, "", false},
		{"CloseError with a cause", returning(fmt.Errorf("%w: %w", errOfApplication, websocket.CloseError{Code: 1013})), nothing, "the database is down", true},
		{"CloseError with text", returning(fmt.Errorf("user 7: %w", websocket.CloseError{Code: 1008})), nothing, "user 7", true},
		{"1000", read, bye(1000), "", false},
		{"1001, wrapped", wrapping, bye(1001), "", false},
		{"4000", wrapping, bye(4000), "", false},
		{"no status", read, func(p *wsplay.Peer) { p.Send(wsplay.Frame(wsplay.OpClose, "")) }, "", false},
		{"the peer complains", wrapping, bye(1002), `reading: websocket: closed by the peer: 1002 "bye\r\n"`, true},
		{"1000 and a cause", func(ctx context.Context, c *websocket.Conn) error {
			return errors.Join(read(ctx, c), errOfApplication)
		}, bye(1000), "the database is down", true},
		{"lost", read, func(p *wsplay.Peer) { p.Close() }, "connection lost: EOF", false},
		{"lost, and a cause", func(ctx context.Context, c *websocket.Conn) error {
			return errors.Join(read(ctx, c), errOfApplication)
		}, func(p *wsplay.Peer) { p.Close() }, "the database is down", true},
		{"the peer breaks the protocol", read, func(p *wsplay.Peer) { p.SendBytes([]byte("\x81\x00")) }, "peer broke the protocol", true},
		{"the peer exceeds a limit", read, func(p *wsplay.Peer) { p.SendBytes([]byte("\x81\xfe\xff\xff\x00\x00\x00\x00")) }, "limit", true},
		{"closed by us", func(ctx context.Context, c *websocket.Conn) error {
			_ = c.CloseNow()
			return read(ctx, c)
		}, nothing, "", false},
		{"its context", func(ctx context.Context, c *websocket.Conn) error {
			_ = c.CloseRead(context.Background())
			<-ctx.Done()
			return fmt.Errorf("query: %w", ctx.Err())
		}, bye(1000), "", false},
		{"a context of its own", returning(fmt.Errorf("query: %w", context.Canceled)), nothing, "query", true},
		{"a timeout of its own", returning(context.DeadlineExceeded), nothing, "deadline", true},
		{"another connection, lost", func(context.Context, *websocket.Conn) error {
			near, far := wsplay.Pair(nil, 0)
			_ = far.NetConn().Close()
			_, _, err := near.Read(context.Background())
			_ = far.CloseNow()
			return err
		}, nothing, "connection lost", true},
		{"a nil pointer", returning((*websocket.CloseError)(nil)), nothing, "<nil>", true},
		{"two lines", returning(errors.New("a\r\nb \x1b[31m" + strings.Repeat("c", 5000))), nothing, `a\r\nb \x1b[31mccc`, true},
		{"panic", func(context.Context, *websocket.Conn) error { panic(errOfApplication) }, nothing, "panic: the database is down", true},
		{"abort", func(context.Context, *websocket.Conn) error { panic(http.ErrAbortHandler) }, nothing, "", false},
		{"Goexit", func(context.Context, *websocket.Conn) error { runtime.Goexit(); return nil }, nothing, "Goexit", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			opts := websocket.AcceptOptions{Limits: websocket.Limits{Message: 10}}
			hook, log := overheard(t, opts, func(o *websocket.AcceptOptions) http.Handler { return websocket.Handler(test.serve, o) }, func(p *wsplay.Peer) {
				p.SendBytes([]byte(wsplay.UpgradeRequest))
				p.Head()
				test.play(p)
				_, _ = io.Copy(io.Discard, p)
			})
			if test.hook == "" {
				if len(hook) > 0 || log != "" {
					t.Errorf("told %v, logged %q", hook, log)
				}
				return
			}
			if len(hook) != 1 {
				t.Fatalf("told %v", hook)
			}
			e := hook[0]
			text := e.Error()
			if !strings.Contains(text, test.hook) || !strings.HasPrefix(text, "websocket: serving wstest:") || strings.ContainsAny(text, "\r\n\x1b") || len(text) > 1200 {
				t.Errorf("told %q", text)
			}
			if e.Ordinary() == test.log {
				t.Errorf("ordinary: %v", e.Ordinary())
			}
			if panicked := test.name == "panic"; panicked != strings.Contains(string(e.Stack), "onerror_test.go") || panicked && !errors.Is(e, errOfApplication) {
				t.Errorf("stack %s", e.Stack)
			}
			switch first, _, _ := strings.Cut(log, "\n"); {
			case !test.log && log != "":
				t.Errorf("logged %q", log)
			case test.log && first != text:
				t.Errorf("logged %q, want %q", log, text)
			case e.Stack == nil && strings.Count(log, "\n") > 1:
				t.Errorf("logged more than a line: %q", log)
			}
		})
	}
}

// A request that is refused is told with its cause, and with what would allow it.
func TestOnErrorRefused(t *testing.T) {
	var registry websocket.Registry
	if err := registry.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	plain := func(o *websocket.AcceptOptions) http.Handler {
		return websocket.Handler(func(context.Context, *websocket.Conn) error { return nil }, o)
	}
	for _, test := range []struct {
		name, request string
		handler       func(o *websocket.AcceptOptions) http.Handler
		opts          websocket.AcceptOptions
		status        int
		told          []string
		log           bool
	}{
		{"origin", wsplay.Request + "Origin: https://evil.example\r\n\r\n", plain, websocket.AcceptOptions{}, 403,
			[]string{`"https://evil.example"`, `Host "example.com"`, `OriginPatterns: "https://evil.example" would allow it`}, true},
		{"a null origin", wsplay.Request + "Origin: null\r\n\r\n", plain, websocket.AcceptOptions{}, 403,
			[]string{`Origin "null"`, "OriginPatterns"}, true},
		{"no origin but another site", wsplay.Request + "Sec-Fetch-Site: cross-site\r\n\r\n", plain, websocket.AcceptOptions{}, 403,
			[]string{`"cross-site"`, "InsecureSkipVerify"}, true},
		{"nonsense for an origin", wsplay.Request + "Origin: nonsense\r\n\r\n", plain, websocket.AcceptOptions{}, 403,
			[]string{`"nonsense"`, "InsecureSkipVerify"}, true},
		{"a browser's GET", "GET /chat HTTP/1.1\r\nHost: example.com\r\nUser-Agent: Mozilla\r\n\r\n", plain, websocket.AcceptOptions{}, 426,
			[]string{"Upgrade is missing, not websocket"}, false},
		{"a proxy drops Upgrade", strings.ReplaceAll(wsplay.UpgradeRequest, "Upgrade: websocket\r\nConnection: Upgrade\r\n", ""), plain, websocket.AcceptOptions{}, 426,
			[]string{"Upgrade is missing, not websocket"}, true},
		{"shutdown", wsplay.UpgradeRequest, plain, websocket.AcceptOptions{Registry: &registry}, 503, []string{"shutting down"}, false},
		{"a timeout handler", wsplay.UpgradeRequest, func(o *websocket.AcceptOptions) http.Handler {
			return http.TimeoutHandler(plain(o), time.Minute, "")
		}, websocket.AcceptOptions{}, 501, []string{"*http.timeoutWriter", "http.TimeoutHandler"}, true},
		{"a long line", wsplay.Request + "Origin: https://" + strings.Repeat("e", 5000) + "\r\n\r\n", plain, websocket.AcceptOptions{}, 403, []string{"eeee"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			hook, log := overheard(t, test.opts, test.handler, func(p *wsplay.Peer) {
				p.SendBytes([]byte(test.request))
				if r := p.Response(); r.StatusCode != test.status {
					t.Errorf("answered %s", r.Status)
				}
			})
			if len(hook) != 1 {
				t.Fatalf("told %v", hook)
			}
			e := hook[0]
			text := e.Error()
			for _, want := range append(test.told, "wstest:", "request not accepted") {
				if !strings.Contains(text, want) {
					t.Errorf("told %q, without %q", text, want)
				}
			}
			if refused, ok := e.Err.(*websocket.AcceptError); !ok || refused.Status != test.status || e.RemoteAddr == "" || len(text) > 1200 {
				t.Errorf("told %#v", e)
			}
			if want := text + "\n"; !test.log && log != "" || test.log && log != want || e.Ordinary() == test.log {
				t.Errorf("logged %q, want %q", log, want)
			}
		})
	}
}

// A panic in the hook does not end the program, and what the hook was told is not lost.
func TestOnErrorPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		opts := &websocket.AcceptOptions{OnError: func(*websocket.HandlerError) { panic("in OnError") }}
		h := websocket.Handler(func(context.Context, *websocket.Conn) error { return errOfApplication }, opts)
		p := wsplay.ServeOnce(t, 0, h, &logged)
		p.SendBytes([]byte(wsplay.UpgradeRequest))
		p.Head()
		p.WantClose("serve has returned", 1011)
		p.Close()
		synctest.Wait()
		for _, want := range []string{"in OnError", "the database is down", "onerror_test.go"} {
			if !strings.Contains(logged.String(), want) {
				t.Errorf("logged %q, without %q", logged.String(), want)
			}
		}
		logged.Reset()
		p = wsplay.ServeOnce(t, 0, h, &logged)
		p.SendBytes([]byte(wsplay.Request + "Origin: https://evil.example\r\n\r\n"))
		if r := p.Response(); r.StatusCode != 403 {
			t.Errorf("answered %s", r.Status)
		}
		p.Close()
		synctest.Wait()
		if !strings.Contains(logged.String(), "in OnError") || !strings.Contains(logged.String(), "evil.example") {
			t.Errorf("logged %q", logged.String())
		}
	})
}

// What a callback or the hook panics with may hold the peer's words, which make no line
// of the log.
func TestPanicsAreLoggedInOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		h := websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
			_, _, err := c.Read(ctx)
			return err
		}, &websocket.AcceptOptions{
			OnPingReceived: func(_ context.Context, payload []byte) bool { panic("ping " + string(payload)) },
			OnError:        func(e *websocket.HandlerError) { panic(e.Err) },
		})
		p := wsplay.ServeOnce(t, 0, h, &logged)
		p.SendBytes([]byte(wsplay.UpgradeRequest))
		p.Head()
		p.Send(wsplay.Frame(wsplay.OpPing, "x\r\n2026/11/30 admin logged in\x1b[2J"))
		p.WantClose("a callback has panicked", 1011)
		p.Close()
		synctest.Wait()
		if n := strings.Count(logged.String(), `x\r\n2026/11/30 admin logged in\x1b[2J`); n != 3 || strings.Count(logged.String(), "websocket: panic in a callback: ") != 1 || strings.ContainsAny(logged.String(), "\r\x1b") {
			t.Errorf("logged %q", logged.String())
		}
	})
}

// What Loop.Serve refuses is told as what a handler refuses: strangers fill no log.
func TestOnErrorLoop(t *testing.T) {
	told := make(chan *websocket.HandlerError, 1)
	loop := &websocket.Loop{
		Prepare: func(r *handshake.Request) (websocket.OpenFunc, error) {
			if r.Target == "/own" {
				return nil, &websocket.Refusal{Status: http.StatusNotFound, Reason: "no such room"}
			}
			return nil, errOfApplication
		},
		AcceptOptions: websocket.AcceptOptions{OnError: func(e *websocket.HandlerError) { told <- e }},
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := wsplay.Go(func() error { return loop.Serve(l) })
	request := func(target string) string {
		return strings.Replace(wsplay.Request, "/chat", target, 1) + "\r\n"
	}
	for _, test := range []struct {
		name, sent, says string
		ordinary         bool
	}{
		{"a browser", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "426", true},
		{"TLS", "\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03\r\n\r\n", "400", true},
		{"nothing", "", "", true},
		{"a Refusal", request("/own"), "404", true},
		{"an error", request("/down"), "403", false},
		{"a handshake with a fault", strings.Replace(request("/"), "13", "7", 1), "426", false},
	} {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, test.sent); err != nil {
			t.Fatal(err)
		}
		_ = c.(*net.TCPConn).CloseWrite()
		answer, err := io.ReadAll(c)
		if err != nil || len(test.says) > 0 && !strings.HasPrefix(string(answer), "HTTP/1.1 "+test.says+" ") || test.says == "" && len(answer) > 0 {
			t.Errorf("%s: the answer is %q, %v", test.name, answer, err)
		}
		if e := <-told; e.Ordinary() != test.ordinary || e.RemoteAddr != c.LocalAddr().String() {
			t.Errorf("%s: %v, ordinary %v, from %s", test.name, e, e.Ordinary(), e.RemoteAddr)
		}
		c.Close()
	}
	if err := loop.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != http.ErrServerClosed {
		t.Errorf("Serve: %v", err)
	}
}
