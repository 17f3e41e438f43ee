package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/wstest"
)

// unwrapping is middleware as it should be; opaque hides what it wraps.
type unwrapping struct{ http.ResponseWriter }

func (w unwrapping) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type opaque struct{ http.ResponseWriter }

// serveOnce serves one request on a connection in memory and returns the client.
func serveOnce(t *testing.T, h http.Handler, logged io.Writer) *far {
	near, other := wstest.NetPipe(0)
	l := &oneListener{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
	l.conns <- near
	srv := &http.Server{Handler: h, ErrorLog: log.New(logged, "", 0)}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close(); other.Close() })
	return &far{Conn: other, t: t, client: true}
}

type oneListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *oneListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *oneListener) Close() error   { close(l.closed); return nil }
func (l *oneListener) Addr() net.Addr { return &net.TCPAddr{} }

// head reads the head of the response.
func (f *far) head() string {
	f.t.Helper()
	var head []byte
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		head = append(head, f.some(1)...)
	}
	return string(head)
}

// Accept finds the connection behind middleware that unwraps, keeps what came glued
// to the request, and sends the header fields that were set.
func TestAccept(t *testing.T) {
	eachServer(t, func(t *testing.T) {
		ended := make(chan error, 1)
		f := serveOnce(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-From-Writer", "1")
			c, err := websocket.Accept(unwrapping{unwrapping{w}}, r, &websocket.AcceptOptions{HTTPHeader: http.Header{"X-From-Options": {"2"}}})
			if err != nil {
				ended <- err
				return
			}
			_, p, err := c.Read(context.Background())
			if string(p) != "glued" {
				t.Errorf("got %q, %v", p, err)
			}
			ended <- c.Close(4000, "")
		}), io.Discard)
		f.put(append([]byte(upgradeRequest), f.octets(fin(farText, "glued"))...))
		head := f.head()
		for _, line := range []string{"HTTP/1.1 101 Switching Protocols\r\n", "X-From-Writer: 1\r\n", "X-From-Options: 2\r\n", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"} {
			if !strings.Contains(head, line) {
				t.Errorf("the response lacks %q:\n%s", line, head)
			}
		}
		f.wantFarewell("Close", 4000)
		f.send(farewell(4000, ""))
		f.wantEnd("Close")
		f.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A wrapper that hides the connection is named.
func TestAcceptNamesTheWrapper(t *testing.T) {
	r := httptest.NewRequest("GET", "http://example.com/", nil)
	for name, value := range map[string]string{"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	_, err := websocket.Accept(unwrapping{opaque{w}}, r, nil)
	var refused *websocket.AcceptError
	if !errors.As(err, &refused) || refused.Status != http.StatusNotImplemented || w.Code != http.StatusNotImplemented {
		t.Errorf("%v, answered %d", err, w.Code)
	}
	wantIs(t, "Accept", err, http.ErrNotSupported)
	if !strings.Contains(err.Error(), "websocket_test.opaque") {
		t.Errorf("%v does not name the wrapper", err)
	}
	// A field of the application's that would break the response.
	w = httptest.NewRecorder()
	_, err = websocket.Accept(w, r, &websocket.AcceptOptions{HTTPHeader: http.Header{"X": {"a\r\nb"}}})
	if _, ok := errors.AsType[*websocket.UsageError](err); !ok || w.Code != http.StatusInternalServerError {
		t.Errorf("%v, answered %d", err, w.Code)
	}
}

// How serve ends decides how the connection is closed.
func TestHandlerEndings(t *testing.T) {
	for _, test := range []struct {
		name   string
		serve  func(ctx context.Context, c *websocket.Conn) error
		code   websocket.StatusCode
		reason string
		logged string
	}{
		{"nil", func(context.Context, *websocket.Conn) error { return nil }, 1000, "", ""},
		{"CloseError", func(context.Context, *websocket.Conn) error { return websocket.CloseError{Code: 4001, Reason: "why"} }, 4001, "why", ""},
		{"wrapped", func(context.Context, *websocket.Conn) error {
			return errors.Join(io.EOF, websocket.CloseError{Code: 4002})
		}, 4002, "", ""},
		{"error", func(context.Context, *websocket.Conn) error { return errors.New("secret") }, 1011, "", ""},
		{"panic", func(context.Context, *websocket.Conn) error { panic("oops") }, 1011, "", "oops"},
		{"abort", func(context.Context, *websocket.Conn) error { panic(http.ErrAbortHandler) }, 1011, "", ""},
		{"Goexit", func(context.Context, *websocket.Conn) error { runtime.Goexit(); return nil }, 1011, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var logged bytes.Buffer
				var ctx context.Context
				f := serveOnce(t, websocket.Handler(func(c context.Context, conn *websocket.Conn) error {
					ctx = c
					return test.serve(c, conn)
				}, nil), &logged)
				f.put([]byte(upgradeRequest))
				f.head()
				if reason := f.wantFarewell(test.name, test.code); reason != test.reason {
					t.Errorf("reason %q, want %q", reason, test.reason)
				}
				f.send(farewell(test.code, ""))
				f.wantEnd(test.name)
				f.Close()
				<-ctx.Done()
				if ctx.Err() == nil || ctx.Value(http.ServerContextKey) == nil {
					t.Errorf("context: %v, server %v", ctx.Err(), ctx.Value(http.ServerContextKey))
				}
				synctest.Wait()
				if got := logged.String(); (test.logged == "") != (got == "") || !strings.Contains(got, test.logged) {
					t.Errorf("logged %q", got)
				}
			})
		})
	}
}

// Upgrade answers every refusal, and keeps what came glued to the request.
func TestUpgrade(t *testing.T) {
	eachServer(t, func(t *testing.T) {
		near, other := wstest.NetPipe(1 << 20)
		f := &far{Conn: other, t: t, client: true}
		long := strings.Repeat("x", 40<<10)
		request := strings.Replace(upgradeRequest, "\r\n\r\n", "\r\nCookie: "+long+"\r\n\r\n", 1)
		f.put(append([]byte(request), f.octets(fin(farText, long))...))
		c, err := websocket.Upgrade(near, &websocket.AcceptOptions{Limits: websocket.Limits{HeaderBytes: 64 << 10}})
		if err != nil {
			t.Fatal(err)
		}
		wantRead(t, c, long)
		c.CloseNow()
		f.Close()

		for _, test := range []struct {
			request string
			opts    *websocket.AcceptOptions
			status  int
		}{
			{strings.Replace(upgradeRequest, "GET", "POST", 1), nil, 405},
			{strings.Replace(upgradeRequest, "n: 13", "n: 12", 1), nil, 426},
			{strings.Replace(upgradeRequest, "\r\n\r\n", "\r\nOrigin: https://evil.example\r\n\r\n", 1), nil, 403},
			{strings.Replace(upgradeRequest, "Host", "X", 1), nil, 400},
			{"nonsense\r\n\r\n", nil, 400},
			{request, nil, 431},
			{upgradeRequest, &websocket.AcceptOptions{OnRequest: func(*handshake.Request) error { return errors.New("no") }}, 403},
			{upgradeRequest, &websocket.AcceptOptions{OnRequest: func(*handshake.Request) error {
				return &handshake.Refusal{Status: 401, Reason: "who are you?"}
			}}, 401},
		} {
			near, other := wstest.NetPipe(1 << 20)
			f := &far{Conn: other, t: t, client: true}
			f.put([]byte(test.request))
			answer := background(func() string { p, _ := io.ReadAll(f); f.Close(); return string(p) })
			_, err := websocket.Upgrade(near, test.opts)
			var refused *websocket.AcceptError
			if !errors.As(err, &refused) || refused.Status != test.status {
				t.Errorf("%.40q: %v, want %d", test.request, err, test.status)
			}
			if got := <-answer; !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d ", test.status)) {
				t.Errorf("answered %.60q, want %d", got, test.status)
			}
		}

		// One that ends in the middle of its request.
		near, other = wstest.NetPipe(0)
		other.Write([]byte("GET / HT"))
		other.Close()
		_, err = websocket.Upgrade(near, nil)
		wantIs(t, "Upgrade", err, io.ErrUnexpectedEOF)
	})
}
