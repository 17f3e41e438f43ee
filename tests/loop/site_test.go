package loop_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

type request = handshake.Request

// site is a Loop that serves a listener, and how it is reached.
type site struct {
	*testing.T
	loop   *websocket.Loop
	watch  *watch
	addr   net.Addr
	tls    *tls.Config // of clients; nil: no TLS
	served <-chan error
	web    *http.Server // nil: Loop.Serve
}

// way is one of the ways to a Loop.
type way struct {
	name    string
	network string
	tls     bool
	http    bool // by net/http
}

var ways = []way{
	{"TCP", "tcp", false, false},
	{"Unix", "unix", false, false},
	{"TLS", "tcp", true, false},
	{"ServeHTTP", "tcp", false, true},
	{"ServeHTTP, TLS", "tcp", true, true},
}

// byTCP is the way of the tests that need only one.
var byTCP = ways[0]

// everyWay runs a test for each of the ways.
func everyWay(t *testing.T, test func(t *testing.T, by way)) {
	for _, by := range ways {
		t.Run(by.name, func(t *testing.T) { test(t, by) })
	}
}

// serve has loop serve until the test ends. Then Shutdown closes what is left; nothing may
// run on after that.
func serve(t *testing.T, by way, loop *websocket.Loop) *site {
	t.Helper()
	goroutines, descriptors := goleak.IgnoreCurrent(), wsplay.OpenDescriptors(t)
	addr := "127.0.0.1:0"
	if by.network == "unix" {
		addr = filepath.Join(t.TempDir(), "socket")
	}
	l, err := net.Listen(by.network, addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{T: t, loop: loop, watch: newWatch(t), addr: l.Addr()}
	s.watch.on(loop)
	if by.tls {
		s.tls = &tls.Config{InsecureSkipVerify: true} // nobody has to trust the certificate of a test
	}
	s.served = s.start(by, l)
	t.Cleanup(func() {
		s.shutdown()
		if err := goleak.Find(goroutines); err != nil {
			t.Error(err)
		}
		soon(t, "descriptors are closed", func() bool { return wsplay.OpenDescriptors(t) <= descriptors })
	})
	return s
}

func (s *site) start(by way, l net.Listener) <-chan error {
	config := &tls.Config{Certificates: []tls.Certificate{wsplay.Certificate()}}
	if by.http {
		s.web = &http.Server{Handler: s.loop}
	}
	switch {
	case by.http && by.tls:
		s.web.TLSConfig = config
		return wsplay.Go(func() error { return s.web.ServeTLS(s.loop.Listener(l), "", "") })
	case by.http:
		return wsplay.Go(func() error { return s.web.Serve(l) })
	case by.tls:
		return wsplay.Go(func() error { return s.loop.Serve(tls.NewListener(s.loop.Listener(l), config)) })
	}
	return wsplay.Go(func() error { return s.loop.Serve(l) })
}

// shutdown ends the site, which must take no longer than a client that does not answer may.
func (s *site) shutdown() {
	s.Helper()
	if s.web != nil {
		_ = s.web.Close()
	}
	if err := s.loop.Shutdown(wsplay.Quickly(s.T)); err != nil {
		s.Errorf("Shutdown: %v", err)
	}
	if s.served != nil {
		if err := wsplay.Returned(s.T, "Serve", s.served); err != http.ErrServerClosed {
			s.Errorf("Serve returned %v", err)
		}
		s.served = nil
	}
	s.watch.end()
}

// connect makes a connection on which nothing has been said.
func (s *site) connect() net.Conn {
	s.Helper()
	nc, err := net.Dial(s.addr.Network(), s.addr.String())
	if err != nil {
		s.Fatal(err)
	}
	if s.tls != nil {
		nc = tls.Client(nc, s.tls)
	}
	s.Cleanup(func() { _ = nc.Close() })
	return nc
}

// dial connects a client of this library. opts may be nil.
func (s *site) dial(opts *websocket.DialOptions) *websocket.Conn {
	s.Helper()
	c, err := s.dialTo("/", opts)
	if err != nil {
		s.Fatal(err)
	}
	return c
}

func (s *site) dialTo(path string, opts *websocket.DialOptions) (*websocket.Conn, error) {
	var with websocket.DialOptions
	if opts != nil {
		with = *opts
	}
	with.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, s.addr.Network(), s.addr.String())
	}
	scheme := "ws"
	if s.tls != nil {
		scheme, with.TLSConfig = "wss", s.tls
	}
	c, _, err := websocket.Dial(wsplay.Quickly(s.T), scheme+"://example.com"+path, &with)
	if err == nil {
		s.Cleanup(func() { _ = c.CloseNow() })
	}
	return c, err
}

// play connects a peer that is played by hand, after its opening handshake. glued is sent
// together with the request.
func (s *site) play(glued ...byte) *wsplay.Peer {
	s.Helper()
	p := wsplay.NewPeer(s.T, websocket.RoleServer, s.connect())
	p.SendBytes(append([]byte(wsplay.UpgradeRequest), glued...))
	if r := p.Response(); r.StatusCode != http.StatusSwitchingProtocols {
		s.Fatalf("the request was answered with %s", r.Status)
	}
	return p
}

// life waits for the only connection of the site, and returns what is known of it.
func (s *site) only() (*websocket.Conn, *life) {
	s.Helper()
	var c *websocket.Conn
	var l *life
	soon(s.T, "there is a connection", func() bool {
		s.watch.mu.Lock()
		defer s.watch.mu.Unlock()
		for c, l = range s.watch.lives {
			return true
		}
		return false
	})
	return c, l
}

// ended waits until the connection has ended for its application, and returns what that was
// told.
func (l *life) ended(t *testing.T) error {
	t.Helper()
	arrives(t, "Closed", l.over)
	return l.err
}

// echoes is an application that sends back what it gets.
func echoes() *websocket.Loop {
	return &websocket.Loop{Open: opens(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
		return c.Write(ctx, m.Type, m.Data)
	})}
}

// opens returns an OpenFunc that gives all connections the same Receiver.
func opens(r websocket.ReceiverFunc) websocket.OpenFunc {
	return func(context.Context, *websocket.Conn) (websocket.Receiver, error) { return r, nil }
}

// arrives waits for something to come, or for the channel to be closed.
func arrives[T any](t *testing.T, what string, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(patience):
		t.Fatalf("%s: it did not come within %v", what, patience)
	}
	return v
}

// patience is how long something may take that should take no time.
const patience = 20 * time.Second

// soon waits for a condition.
func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for begin := time.Now(); !is(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatalf("not so after %v: %s", patience, what)
		}
	}
}

// echoed sends text and wants it back.
func echoed(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := ask(wsplay.Quickly(t), c, text); err != nil {
		t.Fatal(err)
	}
}

// ask is echoed for any goroutine.
func ask(ctx context.Context, c *websocket.Conn, text string) error {
	if err := c.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		return fmt.Errorf("the client writes: %w", err)
	}
	_, p, err := c.Read(ctx)
	if err != nil {
		return fmt.Errorf("the client reads: %w", err)
	}
	if string(p) != text {
		return fmt.Errorf("%d bytes %.60q came back, want %d %.60q", len(p), p, len(text), text)
	}
	return nil
}

// reports collects what OnError is called with.
type reports chan *websocket.HandlerError

func (r reports) take(e *websocket.HandlerError) { r <- e }

// none says that nothing was reported.
func (r reports) none(t *testing.T) {
	t.Helper()
	if len(r) > 0 {
		t.Errorf("reported: %v", <-r)
	}
}

var errTest = errors.New("an error of the application")
