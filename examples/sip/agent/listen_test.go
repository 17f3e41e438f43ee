package agent

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/sip/front"
	"github.com/hawser-ws/websocket/examples/sip/transport"
	"github.com/hawser-ws/websocket/wstest"
)

// network leads to a server, or nowhere. It is in memory.
type network struct {
	mu     sync.Mutex
	server *listening // nil while there is none
	dials  []time.Time
}

func (n *network) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	n.mu.Lock()
	n.dials = append(n.dials, time.Now())
	server := n.server
	n.mu.Unlock()
	if server == nil {
		return nil, errors.New("connection refused")
	}
	near, far := wstest.NetPipe(0)
	select {
	case server.conns <- far:
		return near, nil
	case <-server.ended:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// attempts are the times of the dials since the last call.
func (n *network) attempts() []time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	dials := n.dials
	n.dials = nil
	return dials
}

func (n *network) leadTo(server *listening) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.server = server
}

// listening is a net.Listener for the far ends.
type listening struct {
	conns chan net.Conn
	ended chan struct{}
}

func (l *listening) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}
func (l *listening) Close() error   { return nil }
func (l *listening) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// serve starts a server; the function returned ends it.
func (n *network) serve(t *testing.T, h http.Handler, shutdown func(context.Context) error) (end func()) {
	t.Helper()
	l := &listening{conns: make(chan net.Conn), ended: make(chan struct{})}
	n.leadTo(l)
	server := &http.Server{Handler: h}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	return func() {
		n.leadTo(nil)
		if err := shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		close(l.ended)
		<-served
		_ = server.Close()
	}
}

// serveFront is serve, for a registrar that knows alice.
func (n *network) serveFront(t *testing.T, password string) (end func()) {
	t.Helper()
	f := front.New(front.Options{Domain: "example.com", Users: map[string]string{"alice": password}})
	return n.serve(t, f.Handler(), f.Shutdown)
}

func listener(n *network) *Agent {
	return &Agent{
		Account: Account{User: "alice", Domain: "example.com", Password: "secret"},
		Dial:    &websocket.DialOptions{DialContext: n.DialContext},
	}
}

// reachable asks whether alice is registered, as she would herself from elsewhere.
func reachable(t *testing.T, n *network) bool {
	t.Helper()
	asking := listener(n)
	s, err := asking.Connect(t.Context(), "ws://example.com/")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	to := bob
	to.User = "alice"
	_, err = s.Options(t.Context(), to)
	if err != nil && !strings.HasPrefix(err.Error(), "OPTIONS: 480") {
		t.Error(err)
	}
	return err == nil
}

// recorder is a log that keeps what was sent last.
type recorder struct {
	mu   sync.Mutex
	sent string
}

func (r *recorder) last() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sent
}

func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }
func (r *recorder) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *recorder) WithGroup(string) slog.Handler            { return r }
func (r *recorder) Handle(_ context.Context, record slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if record.Message == "sent" {
		record.Attrs(func(a slog.Attr) bool { r.sent = a.Value.String(); return true })
	}
	return nil
}

func TestListen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n network
		end := n.serveFront(t, "secret")
		ctx, leave := context.WithCancel(t.Context())
		a := listener(&n)
		var sent recorder
		a.Log = slog.New(&sent)
		ended := make(chan error, 1)
		go func() { ended <- a.Listen(ctx, "ws://example.com/") }()
		synctest.Wait()
		if !reachable(t, &n) {
			t.Fatal("not registered")
		}

		// It registers again before its time is over, over the same connection.
		n.attempts()
		time.Sleep(3 * DefaultExpires * time.Second)
		if again := n.attempts(); len(again) != 0 {
			t.Errorf("it connected %d times", len(again))
		}
		if !reachable(t, &n) {
			t.Error("no longer registered")
		}

		// The server goes away for a time, and is found again.
		n.attempts()
		end()
		lost := time.Now()
		time.Sleep(10 * time.Minute)
		tried := n.attempts()
		if first := tried[0].Sub(lost); first > firstWait {
			t.Errorf("the first attempt came after %v", first)
		}
		for i := 1; i < len(tried); i++ {
			if pause := tried[i].Sub(tried[i-1]); pause < firstWait/2 || pause > longestWait {
				t.Errorf("attempt %d came after %v", i, pause)
			}
		}
		if len(tried) < 10 || len(tried) > 30 {
			t.Errorf("%d attempts in 10 minutes", len(tried))
		}
		end = n.serveFront(t, "secret")
		time.Sleep(longestWait)
		if !reachable(t, &n) {
			t.Error("not found again")
		}

		// It takes its leave.
		leave()
		if err := <-ended; err != nil {
			t.Errorf("Listen: %v", err)
		}
		if last := sent.last(); !strings.HasPrefix(last, "REGISTER ") || !strings.Contains(last, ";expires=0\r\n") {
			t.Errorf("the last that it said is\n%s", last)
		}
		if reachable(t, &n) {
			t.Error("it has left, and is still registered")
		}
		end()
	})
}

// What will not change is not tried again.
func TestListenGivesUp(t *testing.T) {
	for _, test := range []struct {
		name string
		far  func(t *testing.T, n *network) (end func())
		url  string
		want string
	}{
		{"wrong password", func(t *testing.T, n *network) func() { return n.serveFront(t, "other") }, "ws://example.com/", "wrong user or password"},
		{"no WebSocket", func(t *testing.T, n *network) func() {
			return n.serve(t, http.NotFoundHandler(), func(context.Context) error { return nil })
		}, "ws://example.com/", "404"},
		{"no SIP", func(t *testing.T, n *network) func() {
			return n.serve(t, websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
				_, _, err := c.Read(ctx)
				return err
			}, nil), func(context.Context) error { return nil })
		}, "ws://example.com/", transport.ErrSubprotocol.Error()},
		{"no URL of a WebSocket", func(*testing.T, *network) func() { return func() {} }, "http://example.com/", "not a ws or wss URL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n network
				end := test.far(t, &n)
				err := listener(&n).Listen(t.Context(), test.url)
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("Listen: %v; want %q", err, test.want)
				}
				if tried := n.attempts(); len(tried) > 1 {
					t.Errorf("%d attempts", len(tried))
				}
				end()
			})
		})
	}
}

func TestBackoff(t *testing.T) {
	for failures := range 100 {
		upper := min(firstWait<<min(failures, 20), longestWait)
		for range 10 {
			if wait := backoff(failures); wait < upper/2 || wait > upper {
				t.Errorf("after %d failures: %v", failures, wait)
			}
		}
	}
}
