package connect_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket"
)

// S1
func TestZZMaxBytes(t *testing.T) {
	c := connect(t, serve(t, http.MaxBytesHandler(websocket.Handler(echo, nil), 10_000)))
	ws, _ := c.open()
	for i := range 20 {
		if err := ws.Write(t.Context(), websocket.MessageBinary, make([]byte, 1000)); err != nil {
			t.Fatal(i, err)
		}
		if _, _, err := ws.Read(t.Context()); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	_ = ws.Close(1000, "")
}

// S2
func TestZZExpect(t *testing.T) {
	c := connect(t, serve(t, websocket.Handler(echo, nil)))
	s := c.request(false, sample("expect", "100-continue"))
	st, h := s.answer()
	t.Log(st, h)
	ws := websocket.NewConn(s, websocket.RoleClient, nil)
	go func() {
		select {
		case f := <-s.head:
			t.Errorf("another head: %v", f)
		case <-time.After(300 * time.Millisecond):
		}
	}()
	time.Sleep(100 * time.Millisecond)
	_ = ws.Write(t.Context(), websocket.MessageBinary, make([]byte, 1000))
	_, _, err := ws.Read(t.Context())
	t.Log(err)
	_ = ws.Close(1000, "")
	time.Sleep(300 * time.Millisecond)
}

// S3: Accept and return while others write: do other streams get hurt?
func TestZZAcceptReturnsWhileWriting(t *testing.T) {
	var errs atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/bad", func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		for range 3 {
			go func() {
				for {
					if err := ws.Write(context.Background(), websocket.MessageBinary, bytes.Repeat([]byte("B"), 3000)); err != nil {
						return
					}
				}
			}()
		}
		defer ws.CloseNow()
		for {
			if _, _, err := ws.Read(context.Background()); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/good", func(w http.ResponseWriter, r *http.Request) {
		for range 20 {
			if _, err := w.Write(bytes.Repeat([]byte("g"), 500)); err != nil {
				errs.Add(1)
				t.Errorf("good: %v", err)
				return
			}
			_ = http.NewResponseController(w).Flush()
		}
	})
	address := serve(t, mux, func(s *http.Server) { s.ErrorLog = log.New(io.Discard, "", 0) })
	c := connect(t, address)
	bad := connect(t, address)
	bad.stalled.Store(true)
	var wg sync.WaitGroup
	n := 0
	for n < 300 {
		n++
		var bads []*stream
		for range 8 {
			bads = append(bads, bad.request(false, sample(":path", "/bad")))
		}
		time.Sleep(time.Duration(n%10) * 300 * time.Microsecond)
		for _, s := range bads {
			bad.write(func() error { return bad.framer.WriteRSTStream(s.id, http2.ErrCodeCancel) })
		}
		for range 8 {
			s := c.request(true, sample(":method", "GET", ":protocol", "", ":path", "/good", "sec-websocket-version", ""))
			wg.Go(func() {
				select {
				case <-s.head:
				case <-c.gone:
					return
				}
				p, err := io.ReadAll(s)
				if err != nil {
					t.Errorf("good: %v after %d", err, len(p))
				} else if strings.Trim(string(p), "g") != "" || len(p) != 10000 {
					t.Errorf("good stream got %d bytes, foreign %q", len(p), strings.Trim(string(p), "g"))
				}
			})
		}
		wg.Wait()
		if t.Failed() {
			break
		}
	}
	wg.Wait()
	t.Log(n, "rounds")
}

// S4: gzip with Unwrap
type gz struct {
	http.ResponseWriter
	z *gzip.Writer
}

func (g *gz) Write(p []byte) (int, error) { return g.z.Write(p) }
func (g *gz) Unwrap() http.ResponseWriter { return g.ResponseWriter }

func TestZZGzip(t *testing.T) {
	c := connect(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Vary", "Accept-Encoding")
		g := &gz{w, gzip.NewWriter(w)}
		defer g.z.Close()
		websocket.Handler(echo, nil).ServeHTTP(g, r)
	})))
	s := c.request(false, sample())
	_, h := s.answer()
	t.Log(h)
	ws := websocket.NewConn(s, websocket.RoleClient, nil)
	_ = ws.Write(t.Context(), websocket.MessageBinary, make([]byte, 1000))
	if _, p, err := ws.Read(t.Context()); len(p) != 1000 || err != nil {
		t.Error(err)
	}
	if err := ws.Close(1000, ""); err != nil {
		t.Error(err)
	}
	s.ended()
}

// S5
func TestZZShutdown(t *testing.T) {
	var registry websocket.Registry
	var server *http.Server
	started := make(chan bool, 10)
	address := serve(t, websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		started <- true
		return echo(ctx, c)
	}, &websocket.AcceptOptions{Registry: &registry}), func(s *http.Server) { server = s })
	p := pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})
	var conns []*websocket.Conn
	for range 5 {
		c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", &websocket.DialOptions{HTTP2: p})
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		<-started
	}
	h1, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	conns = append(conns, h1)
	var wg sync.WaitGroup
	for _, c := range conns {
		wg.Go(func() {
			_, _, err := c.Read(context.Background())
			if websocket.CloseStatus(err) != websocket.StatusGoingAway {
				t.Error(err)
			}
		})
	}
	begin := time.Now()
	done := make(chan error, 1)
	go func() { done <- server.Shutdown(context.Background()) }()
	time.Sleep(50 * time.Millisecond)
	if err := registry.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	wg.Wait()
	t.Log(time.Since(begin))
}

// S6
func TestZZResets(t *testing.T) {
	var open atomic.Int32
	c := connect(t, serve(t, websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		open.Add(1)
		defer open.Add(-1)
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := c.Write(ctx, m.Type, m.Data); err != nil {
				return err
			}
		}
		return nil
	}, &websocket.AcceptOptions{OnError: func(e *websocket.HandlerError) {
		if !e.Ordinary() && !strings.Contains(e.Error(), "RST") {
			fmt.Println("not ordinary:", e)
		}
	}})))
	frame := append([]byte{0x82, 0xfe, 0x10, 0x00, 0, 0, 0, 0}, make([]byte, 4096)...)
	for i := 0; i < 2*len(frame); i += 7 {
		s := c.request(false, sample())
		if i%3 == 0 {
			s.answer()
		}
		p := append(frame, frame...)[:i]
		c.write(func() error { return c.framer.WriteData(s.id, i%2 == 0 && i%5 == 0, p) })
		if !(i%2 == 0 && i%5 == 0) {
			c.write(func() error { return c.framer.WriteRSTStream(s.id, http2.ErrCodeCancel) })
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for open.Load() > 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if open.Load() > 0 {
		t.Errorf("%d hang", open.Load())
	}
}

// S10
func TestZZTimeoutHandler(t *testing.T) {
	errs := make(chan error, 1)
	c := connect(t, serve(t, http.TimeoutHandler(websocket.Handler(echo, &websocket.AcceptOptions{OnError: func(e *websocket.HandlerError) { errs <- e }}), time.Second, "late")))
	s := c.request(false, sample())
	st, h := s.answer()
	t.Log(st, h, <-errs)
}

var _ = errors.Is
