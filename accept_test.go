package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

type opaque struct{ http.ResponseWriter }

// Accept finds the connection behind middleware that unwraps, keeps what came glued
// to the request, and sends the header fields that were set.
func TestAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		p := wsplay.ServeOnce(t, 0, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-From-Writer", "1")
			c, err := websocket.Accept(wsplay.Unwrapping(wsplay.Unwrapping(w)), r, &websocket.AcceptOptions{HTTPHeader: http.Header{"X-From-Options": {"2"}}})
			if err != nil {
				ended <- err
				return
			}
			_, got, err := c.Read(context.Background())
			if string(got) != "glued" {
				t.Errorf("got %q, %v", got, err)
			}
			ended <- c.Close(4000, "")
		}), io.Discard)
		p.SendBytes(append([]byte(wsplay.UpgradeRequest), p.Wire(wsplay.Frame(wsplay.OpText, "glued"))...))
		head := p.Head()
		for _, line := range []string{"HTTP/1.1 101 Switching Protocols\r\n", "X-From-Writer: 1\r\n", "X-From-Options: 2\r\n", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"} {
			if !strings.Contains(head, line) {
				t.Errorf("the response lacks %q:\n%s", line, head)
			}
		}
		p.WantClose("Close", 4000)
		p.Send(wsplay.CloseFrame(4000, ""))
		p.WantEOF("Close")
		p.Close()
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
	_, err := websocket.Accept(wsplay.Unwrapping(opaque{w}), r, nil)
	var refused *websocket.AcceptError
	if !errors.As(err, &refused) || refused.Status != http.StatusNotImplemented || w.Code != http.StatusNotImplemented {
		t.Errorf("%v, answered %d", err, w.Code)
	}
	wsplay.WantIs(t, "Accept", err, http.ErrNotSupported)
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
		}, 4002, "", "EOF\\nstatus = StatusCode(4002)"},
		{"error", func(context.Context, *websocket.Conn) error { return errors.New("secret") }, 1011, "", "secret"},
		{"panic", func(context.Context, *websocket.Conn) error { panic("oops") }, 1011, "", "oops"},
		{"abort", func(context.Context, *websocket.Conn) error { panic(http.ErrAbortHandler) }, 1011, "", ""},
		{"Goexit", func(context.Context, *websocket.Conn) error { runtime.Goexit(); return nil }, 1011, "", "did not return"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var logged bytes.Buffer
				var ctx context.Context
				p := wsplay.ServeOnce(t, 0, websocket.Handler(func(c context.Context, conn *websocket.Conn) error {
					ctx = c
					return test.serve(c, conn)
				}, nil), &logged)
				p.SendBytes([]byte(wsplay.UpgradeRequest))
				p.Head()
				if reason := p.WantClose(test.name, test.code); reason != test.reason {
					t.Errorf("reason %q, want %q", reason, test.reason)
				}
				p.Send(wsplay.CloseFrame(test.code, ""))
				p.WantEOF(test.name)
				p.Close()
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
	synctest.Test(t, func(t *testing.T) {
		near, other := wstest.NetPipe(1 << 20)
		p := wsplay.NewPeer(t, websocket.RoleServer, other)
		long := strings.Repeat("x", 40<<10)
		request := strings.Replace(wsplay.UpgradeRequest, "\r\n\r\n", "\r\nCookie: "+long+"\r\n\r\n", 1)
		p.SendBytes(append([]byte(request), p.Wire(wsplay.Frame(wsplay.OpText, long))...))
		c, err := websocket.Upgrade(near, &websocket.AcceptOptions{Limits: websocket.Limits{HeaderBytes: 64 << 10}})
		if err != nil {
			t.Fatal(err)
		}
		wsplay.WantRead(t, c, long)
		c.CloseNow()
		p.Close()

		for _, test := range []struct {
			request string
			opts    *websocket.AcceptOptions
			status  int
		}{
			{strings.Replace(wsplay.UpgradeRequest, "GET", "POST", 1), nil, 405},
			{strings.Replace(wsplay.UpgradeRequest, "n: 13", "n: 12", 1), nil, 426},
			{strings.Replace(wsplay.UpgradeRequest, "\r\n\r\n", "\r\nOrigin: https://evil.example\r\n\r\n", 1), nil, 403},
			{strings.Replace(wsplay.UpgradeRequest, "Host", "X", 1), nil, 400},
			{"nonsense\r\n\r\n", nil, 400},
			{request, nil, 431},
			{wsplay.UpgradeRequest, &websocket.AcceptOptions{OnRequest: func(*handshake.Request) error { return errors.New("no") }}, 403},
			{wsplay.UpgradeRequest, &websocket.AcceptOptions{OnRequest: func(*handshake.Request) error {
				return &handshake.Refusal{Status: 401, Reason: "who are you?"}
			}}, 401},
		} {
			near, other := wstest.NetPipe(1 << 20)
			p := wsplay.NewPeer(t, websocket.RoleServer, other)
			p.SendBytes([]byte(test.request))
			answer := wsplay.Go(func() string { got, _ := io.ReadAll(p); p.Close(); return string(got) })
			_, err := websocket.Upgrade(near, test.opts)
			var refused *websocket.AcceptError
			if !errors.As(err, &refused) || refused.Status != test.status {
				t.Errorf("%.40q: %v, want %d", test.request, err, test.status)
			}
			if got := <-answer; !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d ", test.status)) {
				t.Errorf("answered %.60q, want %d", got, test.status)
			}
		}

		// Only a Refusal is for the client's eyes, and Upgrade returns all of the error.
		secret := errors.New("private: no such row")
		for _, test := range []struct {
			refuses error
			answer  string
		}{
			{secret, "HTTP/1.1 403 Forbidden\r\n…\r\n\r\nForbidden\n"},
			{fmt.Errorf("%w: %w", secret, &handshake.Refusal{Status: 401, Reason: "who?", Header: http.Header{"WWW-Authenticate": {"Bearer"}}}),
				"HTTP/1.1 401 \r\nWWW-Authenticate: Bearer\r\n…\r\n\r\nwho?\n"},
			{errors.Join(secret, &handshake.Refusal{Status: 401, Header: http.Header{"A": {"b\r\nc: d"}}}),
				"HTTP/1.1 500 \r\n…\r\n\r\nInternal Server Error\n"},
			{errors.Join(secret, &handshake.Refusal{Status: 200}), "HTTP/1.1 500 \r\n…\r\n\r\nInternal Server Error\n"},
		} {
			near, other := wstest.NetPipe(1 << 20)
			other.Write([]byte(wsplay.UpgradeRequest))
			answer := wsplay.Go(func() string { got, _ := io.ReadAll(other); other.Close(); return string(got) })
			_, err := websocket.Upgrade(near, &websocket.AcceptOptions{OnRequest: func(*handshake.Request) error { return test.refuses }})
			begin, end, _ := strings.Cut(test.answer, "…")
			if got := <-answer; !strings.HasPrefix(got, begin) || !strings.HasSuffix(got, end) || strings.Contains(got, "private") {
				t.Errorf("%v: answered %q", test.refuses, got)
			}
			if _, misuse := errors.AsType[*websocket.UsageError](err); !errors.Is(err, secret) || misuse != strings.Contains(test.answer, "500") {
				t.Errorf("%v: %v", test.refuses, err)
			}
		}

		// One that ends in the middle of its request.
		near, other = wstest.NetPipe(0)
		other.Write([]byte("GET / HT"))
		other.Close()
		_, err = websocket.Upgrade(near, nil)
		wsplay.WantIs(t, "Upgrade", err, io.ErrUnexpectedEOF)
	})
}
