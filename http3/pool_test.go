package http3_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	h3 "github.com/quic-go/quic-go/http3"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/http3"
)

// counted has a server count its connections.
func counted(n *atomic.Int32) func(*h3.Server) {
	return func(s *h3.Server) {
		s.ConnContext = func(ctx context.Context, _ *quic.Conn) context.Context { n.Add(1); return ctx }
	}
}

// Dials with a pool share a connection, also those that begin at once.
func TestPoolShares(t *testing.T) {
	var conns atomic.Int32
	url := serve(t, http3.Handler(websocket.Handler(echo, nil)), counted(&conns))
	p := pool(t, &http3.Pool{})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			c, _, err := websocket.Dial(within(t), url, &websocket.DialOptions{HTTP3: p, TLSConfig: trusting()})
			if err != nil {
				t.Error(err)
				return
			}
			say(t, c, "together")
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
	var reused []bool
	trace := httptrace.WithClientTrace(within(t), &httptrace.ClientTrace{
		GetConn: func(addr string) {
			if "wss://"+addr != url {
				t.Errorf("%q", addr)
			}
		},
		GotConn: func(info httptrace.GotConnInfo) { reused = append(reused, info.Reused) },
	})
	for _, config := range []*tls.Config{trusting(), trusting().Clone()} { // another configuration is another connection
		c, _, err := websocket.Dial(trace, url, &websocket.DialOptions{HTTP3: p, TLSConfig: config})
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close(websocket.StatusNormalClosure, "")
	}
	if len(reused) != 2 || !reused[0] || reused[1] {
		t.Errorf("reused: %v", reused)
	}
}

// MaxStreams, MaxConns and the server's own limit on streams.
func TestPoolLimits(t *testing.T) {
	for name, row := range map[string]struct {
		pool   *http3.Pool
		server int64 // its limit; 0: quic-go's
		dials  int   // that succeed
		conns  int32
	}{
		"MaxStreams":   {&http3.Pool{MaxStreams: 2}, 0, 5, 3},
		"MaxConns":     {&http3.Pool{MaxStreams: 2, MaxConns: 2}, 0, 4, 2},
		"the server's": {&http3.Pool{MaxConns: 1}, 3, 3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var conns atomic.Int32
			url := serve(t, http3.Handler(websocket.Handler(echo, nil)), counted(&conns), func(s *h3.Server) {
				s.QUICConfig = &quic.Config{MaxIncomingStreams: row.server}
			})
			p := pool(t, row.pool)
			for range row.dials {
				say(t, dial(t, url, &websocket.DialOptions{HTTP3: p}), "one of them")
			}
			if n := conns.Load(); n != row.conns {
				t.Errorf("%d connections, want %d", n, row.conns)
			}
			if row.pool.MaxConns == 0 {
				return
			}
			_, _, err := websocket.Dial(within(t), url, &websocket.DialOptions{HTTP3: p, TLSConfig: trusting()})
			if !errors.Is(err, websocket.ErrPoolFull) {
				t.Error(err)
			}
		})
	}
}

// A connection without WebSockets ends after IdleTimeout, and not before; the next Dial makes another.
func TestPoolIdle(t *testing.T) {
	var conns atomic.Int32
	ended := make(chan bool, 10)
	url := serve(t, http3.Handler(websocket.Handler(echo, nil)), func(s *h3.Server) {
		s.ConnContext = func(ctx context.Context, c *quic.Conn) context.Context {
			conns.Add(1)
			context.AfterFunc(c.Context(), func() { ended <- true })
			return ctx
		}
	})
	p := pool(t, &http3.Pool{IdleTimeout: 20 * time.Millisecond})
	c := dial(t, url, &websocket.DialOptions{HTTP3: p})
	time.Sleep(50 * time.Millisecond) // it is not idle
	say(t, c, "still here")
	_ = c.Close(websocket.StatusNormalClosure, "")
	await(t, ended)
	say(t, dial(t, url, &websocket.DialOptions{HTTP3: p}), "again")
	if n := conns.Load(); n != 2 {
		t.Errorf("%d connections", n)
	}
}

// Close ends all, a Dial under way included; a Dial after it works.
func TestPoolClose(t *testing.T) {
	url := serve(t, http3.Handler(websocket.Handler(echo, &websocket.AcceptOptions{OnError: func(*websocket.HandlerError) {}})))
	p := pool(t, &http3.Pool{IdleTimeout: -1})
	c := dial(t, url, &websocket.DialOptions{HTTP3: p})
	silent := listen(t)
	under := silent.dial(&websocket.DialOptions{HTTP3: p})
	silent.accept([]byte{0})
	p.Close()
	if _, _, err := c.Read(within(t)); !errors.As(err, new(*websocket.ClosedError)) || !strings.Contains(err.Error(), "H3_NO_ERROR") {
		t.Error(err)
	}
	if d := await(t, under); !errors.Is(d.err, net.ErrClosed) {
		t.Error(d.err)
	}
	p.Close()
	say(t, dial(t, url, &websocket.DialOptions{HTTP3: p}), "again")
}

// "A server … SHOULD … GOAWAY": the requests it has not looked at are sent again elsewhere, those
// before go on (RFC 9114 §5.2). H3_REQUEST_REJECTED means the same for one (§8.1).
func TestPoolGoAway(t *testing.T) {
	for name, turnAway := range map[string]func(t *testing.T, peer *peerStream, control *quic.SendStream){
		"GOAWAY": func(t *testing.T, peer *peerStream, control *quic.SendStream) {
			if _, err := control.Write(h3frame(frameGoAway, integers(uint64(peer.StreamID())))); err != nil {
				t.Error(err)
			}
		},
		"GOAWAY twice": func(t *testing.T, peer *peerStream, control *quic.SendStream) {
			id := uint64(peer.StreamID())
			for _, p := range [][]byte{h3frame(frameGoAway, integers(1<<40)), h3frame(greaseFrame, nil), h3frame(frameGoAway, integers(id))} {
				if _, err := control.Write(p); err != nil {
					t.Error(err)
				}
			}
		},
		"H3_REQUEST_REJECTED": func(_ *testing.T, peer *peerStream, _ *quic.SendStream) {
			peer.CancelRead(quic.StreamErrorCode(h3.ErrCodeRequestRejected))
			peer.CancelWrite(quic.StreamErrorCode(h3.ErrCodeRequestRejected))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := pool(t, &http3.Pool{})
			s := listen(t)
			first := s.dial(&websocket.DialOptions{HTTP3: p})
			c, control := s.accept(welcome)
			old, _ := asked(t, c)
			old.send(block(":status", "200"))
			going := await(t, first)
			if going.err != nil {
				t.Fatal(going.err)
			}
			second := s.dial(&websocket.DialOptions{HTTP3: p})
			peer, _ := asked(t, c)
			turnAway(t, peer, control)
			elsewhere := c
			if strings.HasPrefix(name, "GOAWAY") {
				elsewhere, _ = s.accept(welcome)
			}
			peer, _ = asked(t, elsewhere)
			peer.send(block(":status", "200"))
			d := await(t, second)
			if d.err != nil {
				t.Fatal(d.err)
			}
			old.data(message("goes on", websocket.RoleClient))
			if _, text, err := going.c.Read(within(t)); string(text) != "goes on" || err != nil {
				t.Errorf("%q, %v", text, err)
			}
			_ = d.c.CloseNow()
			_ = going.c.CloseNow()
			if strings.HasPrefix(name, "GOAWAY") { // and the connection ends with its last stream
				await(t, c.Context().Done())
			}
		})
	}
}

// A server that rejects every request is asked a few times.
func TestPoolRejected(t *testing.T) {
	var requests atomic.Int32
	s := listen(t)
	done := s.dial(&websocket.DialOptions{HTTP3: pool(t, &http3.Pool{})})
	c, _ := s.accept(welcome)
	go func() {
		for {
			q, err := c.AcceptStream(context.Background())
			if err != nil {
				return
			}
			requests.Add(1)
			q.CancelRead(quic.StreamErrorCode(h3.ErrCodeRequestRejected))
			q.CancelWrite(quic.StreamErrorCode(h3.ErrCodeRequestRejected))
		}
	}()
	if d := await(t, done); d.err == nil || !strings.Contains(d.err.Error(), "H3_REQUEST_REJECTED") {
		t.Error(d.err)
	}
	if n := requests.Load(); n < 2 || n > 10 {
		t.Errorf("%d requests", n)
	}
}

// What cannot work says why.
func TestDialFails(t *testing.T) {
	for name, row := range map[string]struct {
		url  string
		opts websocket.DialOptions
		want string
	}{
		"ws":          {"ws://127.0.0.1:1/", websocket.DialOptions{}, "the URL must be wss"},
		"a nil pool":  {"wss://127.0.0.1:1/", websocket.DialOptions{HTTP3: (*http3.Pool)(nil)}, "Pool is nil"},
		"a proxy":     {"wss://127.0.0.1:1/", websocket.DialOptions{Proxy: http.ProxyFromEnvironment}, "Proxy has no effect"},
		"a name":      {"wss://no.such.name.invalid/", websocket.DialOptions{}, "invalid"},
		"trust":       {serve(t, http3.Handler(websocket.Handler(echo, nil))), websocket.DialOptions{}, "certificate"},
		"large heads": {serve(t, http3.Handler(websocket.Handler(echo, nil)), func(s *h3.Server) { s.MaxHeaderBytes = 500 }), websocket.DialOptions{HTTPHeader: http.Header{"X": {strings.Repeat("x", 1000)}}, TLSConfig: trusting()}, "the server takes 500"},
	} {
		_, resp, err := http3.Dial(within(t), row.url, &row.opts)
		if err == nil || resp != nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Count(err.Error(), "websocket: ") != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	impatient := pool(t, &http3.Pool{QUICConfig: &quic.Config{HandshakeIdleTimeout: 20 * time.Millisecond}})
	_, _, err = websocket.Dial(within(t), "wss://"+silent.LocalAddr().String()+"/", &websocket.DialOptions{HTTP3: impatient})
	if err == nil || !strings.Contains(err.Error(), "no answer by UDP from "+silent.LocalAddr().String()) {
		t.Errorf("silence: %v", err)
	}
	c, _, err := http3.Dial(within(t), serve(t, websocket.Handler(echo, nil)), &websocket.DialOptions{TLSConfig: trusting(), HTTP3: pool(t, &http3.Pool{QUICConfig: &quic.Config{}})})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.CloseNow()
}
