package loop_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// Every peer is told 1001, and Closed has returned for all before Shutdown does.
func TestShutdown(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		const conns = 200
		loop := echoes()
		loop.Loops = 2
		loop.Timeouts.Close = time.Hour // if an answer is not read, Shutdown does not end
		s := serve(t, by, loop)
		var clients sync.WaitGroup
		for i := range conns {
			c := s.dial(nil)
			if i%2 == 0 {
				echoed(t, c, "hello")
			}
			clients.Go(func() {
				if _, _, err := c.Read(wsplay.Quickly(t)); websocket.CloseStatus(err) != websocket.StatusGoingAway {
					t.Errorf("client %d got %v", i, err)
				}
			})
		}
		soon(t, "all are open", func() bool { return int(s.watch.opened.Load()) == conns })
		s.shutdown() // and it looks at the watch
		clients.Wait()
		for _, l := range s.watch.lives {
			if e := wsplay.WantClosed(t, l.err); e.Sent == nil || e.Sent.Code != websocket.StatusGoingAway || !e.Clean() || e.Began != websocket.SideLocal {
				t.Errorf("Closed was told %v", e)
			}
		}
		if _, err := s.dialTo("/", nil); err == nil {
			t.Error("a connection was made after Shutdown")
		}
		if err := s.loop.Shutdown(wsplay.Quickly(t)); err != nil {
			t.Errorf("a second Shutdown: %v", err)
		}
		if err := s.loop.Shutdown(canceled); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("a third, without time: %v", err)
		}
	})
}

// So are those whose handshake has been answered, and that the Loop does not have yet.
func TestShutdownDuringServeHTTP(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		if !by.http {
			return
		}
		loop := echoes()
		loop.Timeouts.Close = time.Minute
		answered, goOn := make(chan bool), make(chan bool)
		loop.Trace = &websocket.Trace{HandshakeDone: func(*websocket.Conn) {
			close(answered)
			<-goOn
		}}
		s := serve(t, by, loop)
		deaf := s.play()
		arrives(t, "the connection", answered)
		hurry, cancel := context.WithCancel(t.Context())
		cancel()
		if err := loop.Shutdown(hurry); !errors.Is(err, context.Canceled) {
			t.Errorf("Shutdown: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		down := wsplay.Go(func() error { return loop.Shutdown(ctx) })
		close(goOn)
		deaf.WantClose("it was told", websocket.StatusGoingAway)
		cancel()
		if err := wsplay.Returned(t, "Shutdown", down); !errors.Is(err, context.Canceled) {
			t.Errorf("Shutdown: %v", err)
		}
		deaf.WantEOF("and dropped")
	})
}

// Those who do not answer are waited for until the context ends, and then dropped; Closed
// has been called for them as well.
func TestShutdownOfTheDeaf(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		loop := echoes()
		loop.Timeouts.Close = time.Minute
		s := serve(t, by, loop)
		deaf := s.play()
		good := s.dial(nil)
		echoed(t, good, "hello")
		read := wsplay.Go(func() error { _, _, err := good.Read(wsplay.Quickly(t)); return err })
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if err := s.loop.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		if err := wsplay.Returned(t, "the one who answers", read); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("the client got %v", err)
		}
		deaf.WantClose("it was told", websocket.StatusGoingAway)
		deaf.WantEOF("and dropped")
		soon(t, "Closed was called for all", func() bool {
			s.watch.mu.Lock()
			defer s.watch.mu.Unlock()
			for _, l := range s.watch.lives {
				if l.closings.Load() == 0 {
					return false
				}
			}
			return true
		})
	})
}

// Two at once, and connections that come meanwhile.
func TestShutdownTwiceAtOnce(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		s := serve(t, by, echoes())
		for range 20 {
			c := s.dial(nil)
			go c.Read(context.Background())
		}
		var dialling sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			dialling.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if c, err := s.dialTo("/", nil); err == nil {
						// Whoever was accepted is told, however late.
						if _, _, err := c.Read(wsplay.Quickly(t)); websocket.CloseStatus(err) != websocket.StatusGoingAway {
							t.Errorf("a client got %v", err)
						}
					}
				}
			})
		}
		soon(t, "some came", func() bool { return s.watch.opened.Load() > 22 })
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if err := s.loop.Shutdown(wsplay.Quickly(t)); err != nil {
					t.Errorf("Shutdown: %v", err)
				}
			})
		}
		both.Wait()
		close(stop)
		dialling.Wait()
	})
}

// Connections whose opening handshake is under way do not keep Shutdown waiting longer than
// that may last, and none of them is served.
func TestShutdownInTheHandshake(t *testing.T) {
	for _, by := range ways {
		if by.http {
			continue // net/http has them
		}
		t.Run(by.name, func(t *testing.T) {
			errs := make(reports, 100)
			loop := echoes()
			loop.OnError = errs.take
			loop.Timeouts.Handshake = time.Hour // Shutdown does not wait for it
			s := serve(t, by, loop)
			var peers []*wsplay.Peer
			for _, sent := range []string{"GET ", wsplay.Request, wsplay.Request + "X: y\r"} {
				p := wsplay.NewPeer(t, websocket.RoleServer, s.connect())
				p.SendBytes([]byte(sent))
				peers = append(peers, p)
			}
			c := s.dial(nil)
			echoed(t, c, "they have been accepted")
			go c.Read(context.Background())
			s.shutdown()
			for _, p := range peers {
				_, _ = p.Write([]byte("\r\n\r\n"))
				rest, _ := readAll(p)
				if strings.Contains(string(rest), "101") {
					t.Errorf("a request was accepted after Shutdown: %q", rest)
				}
			}
			for len(errs) > 0 {
				if e := <-errs; !e.Ordinary() {
					t.Errorf("reported as out of the ordinary: %v", e)
				}
			}
			if n := s.watch.opened.Load(); n != 1 {
				t.Errorf("Open was called %d times, want once", n)
			}
		})
	}
}

// A Receiver that blocks is told by its context that the end has come, and Shutdown waits
// until it has returned, and Closed after it.
func TestShutdownWithBlockedReceivers(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		const conns = 20
		inside := make(chan bool, conns)
		loop := &websocket.Loop{Open: opens(func(ctx context.Context, _ *websocket.Conn, _ websocket.Message) error {
			inside <- true
			<-ctx.Done()
			return nil
		})}
		s := serve(t, by, loop)
		for range conns {
			c := s.dial(nil)
			if err := c.Write(t.Context(), websocket.MessageText, []byte("block")); err != nil {
				t.Fatal(err)
			}
			arrives(t, "Receive", inside)
			go c.Read(context.Background())
		}
		s.shutdown()
	})
}

// Shutdown of a loop that has served nobody, and Serve after it.
func TestShutdownUnused(t *testing.T) {
	var loop websocket.Loop
	if err := loop.Shutdown(canceled); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := loop.Serve(l); err != http.ErrServerClosed {
		t.Errorf("Serve: %v", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve left the listener open: %v", err)
	}
}

// One Loop may serve several listeners; the failure of one is that of its Serve only.
func TestSeveralListeners(t *testing.T) {
	s := serve(t, byTCP, echoes())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	second := wsplay.Go(func() error { return s.loop.Serve(l) })
	first := s.addr
	s.addr = l.Addr()
	echoed(t, s.dial(nil), "the second")
	_ = l.Close()
	if err := wsplay.Returned(t, "Serve", second); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve: %v", err)
	}
	s.addr = first
	echoed(t, s.dial(nil), "the first")
}

// What a listener says besides connections is waited out if it is temporary, and ends Serve
// otherwise.
func TestListenerFails(t *testing.T) {
	real, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &failing{Listener: real, errs: make(chan error, 10)}
	loop := echoes()
	w := newWatch(t)
	w.on(loop)
	served := wsplay.Go(func() error { return loop.Serve(l) })
	s := &site{T: t, loop: loop, watch: w, addr: l.Addr(), served: nil}
	for range 3 {
		l.errs <- &net.OpError{Op: "accept", Err: temporary{}}
		c := s.dial(nil)
		echoed(t, c, "hello")
		_ = c.CloseNow()
	}
	l.errs <- errTest
	_, _ = net.Dial("tcp", l.Addr().String()) // so that Accept returns
	if err := wsplay.Returned(t, "Serve", served); err != errTest {
		t.Errorf("Serve: %v", err)
	}
	s.shutdown()
}

// failing is a listener that fails when it is told to, before the next connection.
type failing struct {
	net.Listener
	errs chan error
}

func (l *failing) Accept() (net.Conn, error) {
	select {
	case failed := <-l.errs:
		return nil, failed
	default:
		return l.Listener.Accept()
	}
}

type temporary struct{}

func (temporary) Error() string   { return "too many of something" }
func (temporary) Temporary() bool { return true }
func (temporary) Timeout() bool   { return false }
