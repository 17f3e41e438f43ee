package websocket

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	hawser "github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// What users of coder/websocket rely on is in compat/check/coder, as tests that pass with that
// library, too. Here is the rest.

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// How each way to end is told: see errors.go.
func TestErrors(t *testing.T) {
	for name, test := range map[string]struct {
		end   func(c *Conn, p *wsplay.Peer)
		read  string
		write string
		is    []error // matched by the error of a read
		not   []error
	}{
		"the peer closed": {
			func(_ *Conn, p *wsplay.Peer) { p.Send(wsplay.CloseFrame(4001, "bye")) },
			`get reader: received close frame: status = StatusCode(4001) and reason = "bye"`, "use of closed network connection",
			[]error{CloseError{Code: 4001, Reason: "bye"}}, []error{net.ErrClosed},
		},
		"we closed": {
			func(c *Conn, p *wsplay.Peer) {
				p.Send(wsplay.CloseFrame(4001, ""))
				_ = c.Close(4001, "")
			},
			`received close frame: status = StatusCode(4001)`, "use of closed network connection",
			[]error{CloseError{Code: 4001}, net.ErrClosed}, nil,
		},
		"CloseNow": {
			func(c *Conn, _ *wsplay.Peer) { _ = c.CloseNow() },
			"use of closed network connection", "use of closed network connection",
			[]error{net.ErrClosed}, nil,
		},
		"the stream ended": {
			func(_ *Conn, p *wsplay.Peer) { _ = p.Close() },
			"get reader: failed to read frame header: EOF", "EOF",
			[]error{io.EOF}, []error{net.ErrClosed},
		},
		"the peer broke a rule": {
			func(_ *Conn, p *wsplay.Peer) {
				p.SendBytes([]byte{0xff, 0xff})
				_ = p.Close()
			},
			"peer broke the protocol: ", "peer broke the protocol: ",
			nil, []error{net.ErrClosed},
		},
		"a limit": {
			func(c *Conn, p *wsplay.Peer) {
				c.SetReadLimit(3)
				p.Send(wsplay.Frame(wsplay.OpText, "four"))
				_ = p.Close()
			},
			"read: websocket: message too big: read limited at 4 bytes", "exceeds the limit of 3",
			[]error{ErrMessageTooBig}, []error{net.ErrClosed},
		},
	} {
		wsplay.ForRoles(t, name+"/", func(t *testing.T, role hawser.Role) {
			ws, p := wsplay.Pipe(t, role, nil, 1<<10)
			c := newConn(ws)
			test.end(c, p)
			_, _, err := c.Read(context.Background())
			wantText(t, "Read", err, "failed to ", test.read)
			for _, target := range test.is {
				wsplay.WantIs(t, "Read", err, target)
			}
			for _, target := range test.not {
				if errors.Is(err, target) {
					t.Errorf("Read: %v matches %v", err, target)
				}
			}
			synctest.Wait()
			err = c.Write(context.Background(), MessageText, nil)
			wantText(t, "Write", err, "failed to write msg: failed to write frame: ", test.write)
			wsplay.WantIs(t, "Write", err, net.ErrClosed)
			wsplay.WantIs(t, "Ping", c.Ping(context.Background()), net.ErrClosed)
			_ = p.Close()
		})
	}
}

func wantText(t *testing.T, call string, err error, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v lacks %q", call, err, text)
		}
	}
}

// A peer that says nothing makes Close fail in time, and whoever closes meanwhile waits for it.
func TestCloseIsBounded(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role hawser.Role) {
		ws, p := wsplay.Pipe(t, role, nil, 1<<10)
		c := newConn(ws)
		closing := wsplay.Go(func() error { return c.Close(1000, "") })
		p.WantClose("Close", 1000)
		wsplay.Within(t, "CloseNow", 5*time.Second, func() { wsplay.WantIs(t, "CloseNow", c.CloseNow(), net.ErrClosed) })
		err := <-closing
		wantText(t, "Close", err, "failed to close WebSocket: context deadline exceeded")
		wsplay.WantIs(t, "Close", err, context.DeadlineExceeded)
		wsplay.WantIs(t, "Close", err, hawser.ErrCloseTimeout)
		_ = p.Close()
	})
}

// The connection beneath is there for the rest of the API.
func TestHawser(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role hawser.Role) {
		ws, p := wsplay.Pipe(t, role, nil, 0)
		c := newConn(ws)
		p.Send(wsplay.Frame(wsplay.OpText, "hello"))
		if _, got, err := c.Hawser().ReadInto(context.Background(), nil); string(got) != "hello" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		_, _, err := c.Read(canceled())
		wsplay.WantIs(t, "Read", err, context.Canceled)
		_, err = p.Read(make([]byte, 1))
		wsplay.WantIs(t, "the other end", err, io.EOF)
	})
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// A deadline of a NetConn is a timeout, and the connection goes on; what else is wrong is told
// as by Read and Write.
func TestNetConn(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role hawser.Role) {
		ws, p := wsplay.Pipe(t, role, nil, 0)
		c := newConn(ws)
		n := NetConn(context.Background(), c, MessageBinary)
		_ = n.SetDeadline(time.Now().Add(time.Second))
		_, err := n.Read(make([]byte, 1))
		wsplay.WantIs(t, "Read", err, context.DeadlineExceeded)
		if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
			t.Errorf("%v is no timeout", err)
		}
		_ = n.SetDeadline(time.Time{})
		p.Send(wsplay.Frame(wsplay.OpBinary, "a"))
		if got, err := n.Read(make([]byte, 9)); got != 1 || err != nil {
			t.Errorf("after the deadline was moved: %d, %v", got, err)
		}
		p.Send(wsplay.CloseFrame(4000, ""))
		_, err = n.Read(make([]byte, 1))
		wantText(t, "Read", err, "failed to get reader: received close frame: ")
		_, err = n.Write(make([]byte, 1))
		wantText(t, "Write", err, "failed to write msg: failed to write frame: use of closed")
		wantText(t, "Close", n.Close(), "failed to close WebSocket: use of closed network connection")
		wsplay.WantIs(t, "CloseNow", c.CloseNow(), net.ErrClosed)
		_ = p.Close()
	})
}

// hijackFails is a writer whose connection cannot be taken over.
type hijackFails struct{ *httptest.ResponseRecorder }

func (hijackFails) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, errors.New("not today")
}

func TestAcceptFails(t *testing.T) {
	for _, test := range []struct {
		opts   AcceptOptions
		origin string
		text   string
	}{
		{AcceptOptions{}, "", "failed to accept WebSocket connection: failed to hijack connection: not today"},
		{AcceptOptions{}, "http://%zz", `failed to accept WebSocket connection: failed to parse Origin header "http://%zz": `},
		{AcceptOptions{HTTPHeader: http.Header{"A": {"\n"}}}, "", "failed to accept WebSocket connection: websocket: request not accepted: "},
	} {
		r := httptest.NewRequest("GET", "http://example.com/", nil)
		for name, value := range map[string]string{"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": test.origin} {
			r.Header.Set(name, value)
		}
		_, err := Accept(hijackFails{httptest.NewRecorder()}, r, &test.opts)
		wantText(t, "Accept", err, test.text)
	}
}

// Options of the root that say how to reach the server are for the root's own way.
func TestDialByTheRoot(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		_ = c.CloseNow()
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	trust := s.Client().Transport.(*http.Transport).TLSClientConfig
	c, _, err := Dial(t.Context(), s.URL, &DialOptions{TLSConfig: trust})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.CloseNow()
	_, _, err = Dial(t.Context(), s.URL, &DialOptions{TLSConfig: &tls.Config{}})
	wantText(t, "Dial", err, `failed to WebSocket dial: failed to send handshake request: Get "https://127.0.0.1:`, "certificate")
	_, _, err = Dial(t.Context(), s.URL, &DialOptions{Subprotocols: []string{"a b"}})
	wantText(t, "Dial", err, "failed to WebSocket dial: websocket: Dial: subprotocol")
	http.DefaultClient.CloseIdleConnections()
}
