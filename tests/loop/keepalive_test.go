package loop_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// often is a keepalive that judges the peer every few seconds.
var often = websocket.KeepAlive{Interval: time.Second, Timeout: 2 * time.Second}

// kept is how a peer behaves, and what a Receiver does for it. All of them share a site,
// because each takes some seconds.
type kept struct {
	// receive is called for the first message. Nil: all messages are sent back.
	receive func(ctx context.Context, c *websocket.Conn, seen *keptLife) error
	// play is what the peer does once it has sent its first message. Nil: nothing.
	play func(p *wsplay.Peer, seen *keptLife) error
	lost bool // keepalive ends the connection
	slow bool // the peer reads slowly
}

// keptLife is what is known of such a connection.
type keptLife struct {
	goOn  chan bool // closed when the Receiver may return
	ended chan error
	c     *websocket.Conn // once the first message has come back
}

var keptCases = map[string]kept{
	"it answers": {play: func(p *wsplay.Peer, seen *keptLife) error {
		err := answer(p, 3, "")
		if err == nil && seen.c.Latency() == 0 {
			err = errors.New("keepalive has not measured the latency")
		}
		return err
	}},
	"it talks": {play: func(p *wsplay.Peer, seen *keptLife) error {
		for range 16 { // 8 s
			time.Sleep(500 * time.Millisecond)
			if err := send(p, wsplay.Frame(wsplay.OpPong, "no answer")); err != nil {
				return err
			}
		}
		return nil
	}},
	"it answers while Receive blocks": {receive: block, play: func(p *wsplay.Peer, seen *keptLife) error {
		defer close(seen.goOn)
		return answer(p, 3, "")
	}},
	"its next message hides what follows": {receive: block, play: func(p *wsplay.Peer, seen *keptLife) error {
		defer close(seen.goOn)
		if err := send(p, wsplay.Frame(wsplay.OpText, "next")); err != nil {
			return err
		}
		for range 3 { // each but the first says that the peer was judged, and is alive
			if f, err := p.Next(); err != nil || f.Opcode != wsplay.OpPing {
				return fmt.Errorf("opcode %d, %w; want a ping", f.Opcode, err)
			}
		}
		return nil
	}},
	"it reads slowly at first": {slow: true,
		receive: func(ctx context.Context, c *websocket.Conn, seen *keptLife) error {
			return c.Write(ctx, websocket.MessageBinary, make([]byte, keptSize))
		},
		play: func(p *wsplay.Peer, seen *keptLife) error {
			for {
				f, err := p.Next()
				if err == nil && f.Opcode == wsplay.OpPing {
					err = send(p, wsplay.Frame(wsplay.OpPong, string(f.Payload)))
				}
				if err != nil || len(f.Payload) == keptSize {
					return err
				}
			}
		},
	},
	"it is gone": {lost: true},
	"it is gone, and Receive blocks": {lost: true, receive: func(ctx context.Context, _ *websocket.Conn, _ *keptLife) error {
		<-ctx.Done()
		return nil
	}},
	"it is gone, and Receive writes": {lost: true, receive: func(ctx context.Context, c *websocket.Conn, _ *keptLife) error {
		for {
			if err := c.Write(ctx, websocket.MessageBinary, make([]byte, 1<<20)); err != nil {
				return err
			}
		}
	}},
	"it is gone, and the socket is full": {lost: true, receive: func(_ context.Context, c *websocket.Conn, _ *keptLife) (err error) {
		p := websocket.Prepare(websocket.MessageBinary, make([]byte, 4000))
		for taken := true; taken && err == nil; {
			taken, err = c.TryWritePrepared(p)
		}
		return err
	}},
	"it is gone in the middle of a frame": {lost: true, play: func(p *wsplay.Peer, _ *keptLife) error {
		_, err := p.Write(p.Wire(wsplay.Frame(wsplay.OpText, "half"))[:1])
		return err
	}},
}

// keptSize is more than the system holds.
const keptSize = 16 << 20

// block has a Receiver block until the peer has seen enough.
func block(_ context.Context, _ *websocket.Conn, seen *keptLife) error {
	<-seen.goOn
	return nil
}

func send(p *wsplay.Peer, f naive.Frame) error {
	_, err := p.Write(p.Wire(f))
	return err
}

// answer has the peer answer n pings, and those after them until text comes, unless that is
// empty. Other frames are dropped.
func answer(p *wsplay.Peer, n int, text string) error {
	for n > 0 || text != "" {
		f, err := p.Next()
		switch {
		case err != nil:
			return fmt.Errorf("%d pings and %q are still to come: %w", n, text, err)
		case f.Opcode == wsplay.OpPing:
			n--
			err = send(p, wsplay.Frame(wsplay.OpPong, string(f.Payload)))
		case string(f.Payload) == text:
			text = ""
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Keepalive loses the peers that are gone, whatever the Receiver does, and no others.
func TestKeepAliveJudges(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		if by != byTCP && (testing.Short() || !by.tls || by.http) {
			return // twelve seconds each, and keepalive sees only whether there is TLS
		}
		var starting, lives sync.Map
		loop := &websocket.Loop{Open: opens(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
			name := string(m.Data)
			first, ok := starting.LoadAndDelete(name)
			if !ok {
				return c.Write(ctx, m.Type, m.Data)
			}
			seen := first.(*keptLife)
			seen.c = c
			lives.Store(c, seen)
			if receive := keptCases[name].receive; receive != nil {
				return receive(ctx, c, seen)
			}
			return c.Write(ctx, m.Type, m.Data)
		})}
		loop.KeepAlive = often
		loop.Closed = func(c *websocket.Conn, _ websocket.Receiver, err error) {
			if seen, ok := lives.Load(c); ok {
				seen.(*keptLife).ended <- err
			}
		}
		s := serve(t, by, loop)
		var all sync.WaitGroup
		for name, k := range keptCases {
			nc := s.connect()
			if k.slow {
				nc = &slowly{Conn: nc}
			}
			p := wsplay.NewPeer(t, websocket.RoleServer, nc)
			p.SendBytes([]byte(wsplay.UpgradeRequest))
			p.Response()
			seen := &keptLife{goOn: make(chan bool), ended: make(chan error, 1)}
			starting.Store(name, seen)
			all.Go(func() {
				if err := k.run(p, name, seen); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		all.Wait()
	})
}

func (k *kept) run(p *wsplay.Peer, name string, seen *keptLife) error {
	err := send(p, wsplay.Frame(wsplay.OpText, name))
	if err == nil && k.receive == nil {
		err = answer(p, 0, name)
	}
	if err == nil && k.play != nil {
		err = k.play(p, seen)
	}
	if err == nil && !k.lost {
		if err = send(p, wsplay.Frame(wsplay.OpText, "still here")); err == nil {
			err = answer(p, 0, "still here")
		}
		_ = p.Close()
	}
	if err != nil {
		return err
	}
	select {
	case err = <-seen.ended:
	case <-time.After(patience):
		return errors.New("Closed was not called")
	}
	if errors.Is(err, websocket.ErrKeepAlive) != k.lost {
		return fmt.Errorf("Closed was told %w", err)
	}
	return nil
}

// slowly reads slowly for some time, several times KeepAlive.Timeout: so slowly that the system
// does not say for a long time that there is room again.
type slowly struct {
	net.Conn
	read int
}

func (s *slowly) Read(p []byte) (int, error) {
	if s.read < 1<<20 {
		time.Sleep(200 * time.Millisecond)
	}
	n, err := s.Conn.Read(p)
	s.read += n
	return n, err
}

// Many peers that are gone at the same time are lost without a goroutine for each.
func TestKeepAliveOfManyDeadPeers(t *testing.T) {
	const peers = 2000
	loop := echoes()
	loop.KeepAlive = often
	var ended, most atomic.Int64
	loop.Closed = func(_ *websocket.Conn, _ websocket.Receiver, err error) {
		if n := int64(runtime.NumGoroutine()); n > most.Load() {
			most.Store(n)
		}
		if !errors.Is(err, websocket.ErrKeepAlive) {
			t.Errorf("Closed was told %v", err)
		}
		ended.Add(1)
	}
	s := serve(t, byTCP, loop)
	before := runtime.NumGoroutine()
	for range peers {
		nc := s.connect()
		if _, err := io.WriteString(nc, wsplay.UpgradeRequest); err != nil {
			t.Fatal(err)
		}
	}
	soon(t, "all peers are lost", func() bool { return ended.Load() == peers })
	if n := most.Load() - int64(before); n > peers*3/4 {
		t.Errorf("%d goroutines more than before, for %d dead peers", n, peers)
	} else {
		t.Logf("%d goroutines more than before", n)
	}
}

// Pongs for peers that send pings and read nothing cost no goroutine each. Timeouts.Write ends
// such a peer.
func TestPingsOfDeafPeer(t *testing.T) {
	for name, timeouts := range map[string]websocket.Timeouts{"no limit": {}, "Timeouts.Write": {Write: time.Second}} {
		t.Run(name, func(t *testing.T) {
			loop := echoes()
			loop.Timeouts = timeouts
			s := serve(t, byTCP, loop)
			peers := 20
			if timeouts.Write > 0 {
				peers = 1 // the system holds megabytes for each before a write has to wait
			}
			before := runtime.NumGoroutine()
			var taken atomic.Int64
			var sending sync.WaitGroup
			for range peers {
				p := s.play()
				pings := []byte(strings.Repeat(string(p.Wire(wsplay.Frame(wsplay.OpPing, strings.Repeat("?", 125)))), 1000))
				sending.Go(func() {
					for {
						if _, err := p.Write(pings); err != nil {
							return
						}
						taken.Add(1)
					}
				})
				defer p.Close()
			}
			if timeouts.Write == 0 {
				for last := int64(-1); last != taken.Load(); time.Sleep(500 * time.Millisecond) {
					last = taken.Load()
				}
				// On a busy machine turns of their own may still run: see package eventloop.
				soon(t, "only those who send pings have goroutines", func() bool { return runtime.NumGoroutine()-before < 2*peers })
				return
			}
			sending.Wait()
			s.watch.mu.Lock()
			lives := slices.Collect(maps.Values(s.watch.lives))
			s.watch.mu.Unlock()
			for _, l := range lives {
				if err := l.ended(t); !errors.Is(err, websocket.ErrWriteTimeout) {
					t.Errorf("Closed was told %v", err)
				}
			}
		})
	}
}
