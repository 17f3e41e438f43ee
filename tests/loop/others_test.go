package loop_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// What one connection does to the others on its loop: nothing.

// Peers that send and never read: the loop stops reading them, others go on, nothing is kept
// for them but what a connection may hold, and nothing is dropped.
func TestBackpressure(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		const greedy, messages, size = 3, 800, 16_000 // 12.8 MB each
		loop := echoes()
		loop.Loops = 1 // all of them share it
		s := serve(t, by, loop)
		other := s.dial(nil)
		echoed(t, other, "before")
		var peers []*wsplay.Peer
		var sending sync.WaitGroup
		var sent atomic.Int64
		for range greedy {
			p := s.play()
			peers = append(peers, p)
			sending.Go(func() {
				for i := range uint32(messages) {
					text := make([]byte, size)
					binary.BigEndian.PutUint32(text, i)
					p.SendBytes(p.Wire(wsplay.Frame(wsplay.OpBinary, string(text))))
					sent.Add(1)
				}
			})
		}
		// It has come to a stop when nothing has been sent for a while.
		for last := int64(-1); last != sent.Load(); time.Sleep(200 * time.Millisecond) {
			last = sent.Load()
			echoed(t, other, "meanwhile")
		}
		if n := sent.Load(); n == greedy*messages {
			t.Fatalf("all %d messages were taken from peers that do not read", n)
		}
		var memory runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&memory)
		if limit := uint64(32 << 20); memory.HeapInuse > limit {
			t.Errorf("%d bytes of heap for %d peers that do not read, want less than %d", memory.HeapInuse, greedy, limit)
		}
		for _, p := range peers {
			for i := range uint32(messages) {
				f, err := p.Next()
				if err != nil || len(f.Payload) != size || binary.BigEndian.Uint32(f.Payload) != i {
					t.Fatalf("where echo %d is next: opcode %d, %d bytes, %v", i, f.Opcode, len(f.Payload), err)
				}
				if i%100 == 0 {
					echoed(t, other, "while it drains")
				}
			}
		}
		sending.Wait()
	})
}

// A Receiver that blocks keeps nobody waiting but its own connection, whose messages come
// afterwards, all of them.
func TestBlockedReceivers(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		const blocked = 10
		goOn := make(chan bool)
		inside := make(chan bool, blocked)
		loop := echoes()
		loop.Loops = 1
		loop.Open = opens(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
			if string(m.Data) == "block" {
				inside <- true
				<-goOn
			}
			return c.Write(ctx, m.Type, m.Data)
		})
		s := serve(t, by, loop)
		var clients, others []*websocket.Conn
		for range blocked {
			others = append(others, s.dial(nil))
			c := s.dial(nil)
			clients = append(clients, c)
			for _, text := range []string{"block", "behind", "it"} {
				if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			arrives(t, "Receive", inside)
			for _, other := range others {
				echoed(t, other, "beside a Receiver that blocks")
			}
		}
		close(goOn)
		for _, c := range clients {
			for _, want := range []string{"block", "behind", "it"} {
				wsplay.WantRead(t, c, want)
			}
		}
	})
}

// The same for Open, for Closed, and for a Receive that blocks in Close: a handshake with a
// peer that does not answer.
func TestBlockedElsewhere(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		goOn := make(chan bool)
		inside := make(chan string, 10)
		loop := echoes()
		loop.Loops = 1
		echo := loop.Open
		first := true // Open is called for one connection at a time here
		loop.Open = func(ctx context.Context, c *websocket.Conn) (websocket.Receiver, error) {
			if first {
				first = false
				inside <- "Open"
				<-goOn
			}
			return websocket.ReceiverFunc(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
				if string(m.Data) == "close" {
					inside <- "Close"
					return c.Close(4000, "")
				}
				r, _ := echo(ctx, c)
				return r.Receive(ctx, c, m)
			}), nil
		}
		loop.Closed = func(c *websocket.Conn, _ websocket.Receiver, err error) {
			if websocket.CloseStatus(err) == 4001 {
				inside <- "Closed"
				<-goOn
			}
		}
		s := serve(t, by, loop)
		inOpen := s.play() // Open keeps it from being served, not from being connected
		if got := arrives(t, "Open", inside); got != "Open" {
			t.Fatal(got)
		}
		other := s.dial(nil)
		echoed(t, other, "while Open blocks")
		inClose := s.play()
		inClose.Send(wsplay.Frame(wsplay.OpText, "close"))
		if got := arrives(t, "Close", inside); got != "Close" {
			t.Fatal(got)
		}
		inClose.WantClose("ours", 4000)
		echoed(t, other, "while Close waits for the peer")
		inClosed := s.play()
		inClosed.Send(wsplay.CloseFrame(4001, ""))
		inClosed.WantReply(4001)
		_ = inClosed.Close()
		if got := arrives(t, "Closed", inside); got != "Closed" {
			t.Fatal(got)
		}
		echoed(t, other, "while Closed blocks")
		echoed(t, s.dial(nil), "new ones as well")
		inOpen.Send(wsplay.Frame(wsplay.OpText, "waited"))
		close(goOn)
		inOpen.Want("the first", wsplay.OpText, "waited")
		inClose.Send(wsplay.CloseFrame(4000, ""))
		inClose.WantEOF("a server ends TCP first")
	})
}

// Members of a hub that do not keep up: their queue is bounded, and the others get every
// message.
func TestHub(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		const good, slow, messages = 4, 2, 200
		h := &hub.Hub{Queue: messages, Slow: hub.CloseSlow}
		loop := echoes()
		loop.Loops = 1
		echo := loop.Open
		loop.Open = func(ctx context.Context, c *websocket.Conn) (websocket.Receiver, error) {
			h.Add(c)
			return echo(ctx, c)
		}
		s := serve(t, by, loop)
		var reading sync.WaitGroup
		for range good {
			c := s.dial(&websocket.DialOptions{Limits: websocket.Limits{Message: 10 << 20}})
			reading.Go(func() {
				for i := range messages {
					_, p, err := c.Read(wsplay.Quickly(t))
					if err != nil || len(p) != 100_000 || binary.BigEndian.Uint32(p) != uint32(i) {
						t.Errorf("where message %d is next: %d bytes, %v", i, len(p), err)
						return
					}
				}
			})
		}
		var idle []*wsplay.Peer
		for range slow {
			idle = append(idle, s.play())
		}
		soon(t, "all have joined", func() bool { return h.Len() == good+slow })
		for i := range uint32(messages) { // 20 MB each, which no socket holds
			p := make([]byte, 100_000)
			binary.BigEndian.PutUint32(p, i)
			if err := h.Broadcast(websocket.Prepare(websocket.MessageBinary, p)); err != nil {
				t.Fatal(err)
			}
		}
		reading.Wait()
		if n := h.Len(); n != good+slow {
			t.Errorf("%d members are left of %d", n, good+slow)
		}
		for _, p := range idle { // nothing is dropped for them either
			for i := range uint32(messages) {
				f, err := p.Next()
				if err != nil || len(f.Payload) != 100_000 || binary.BigEndian.Uint32(f.Payload) != i {
					t.Fatalf("a slow member: where message %d is next: %d bytes, %v", i, len(f.Payload), err)
				}
			}
		}
	})
}

// A hub closes a member that does not keep up, which leaves it, and Closed is told.
func TestHubClosesSlow(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		h := &hub.Hub{Queue: 4, Slow: hub.CloseSlow}
		loop := echoes()
		loop.Timeouts.Close = 200 * time.Millisecond
		echo := loop.Open
		loop.Open = func(ctx context.Context, c *websocket.Conn) (websocket.Receiver, error) {
			h.Add(c)
			return echo(ctx, c)
		}
		s := serve(t, by, loop)
		s.play()
		_, l := s.only()
		soon(t, "it has joined", func() bool { return h.Len() == 1 })
		message := websocket.Prepare(websocket.MessageBinary, make([]byte, 1<<20))
		for begin := time.Now(); h.Len() > 0 && time.Since(begin) < patience; {
			if err := h.Broadcast(message); err != nil {
				t.Fatal(err)
			}
		}
		if h.Len() > 0 {
			t.Error("a member that does not read stays")
		}
		if e := wsplay.WantClosed(t, l.ended(t)); e.Began != websocket.SideLocal && e.Cause == nil {
			t.Errorf("Closed was told %v", e)
		}
	})
}

// Connections are opened and closed as fast as can be, beside writers that do not stop when
// theirs ends: their descriptors are reused at once. Every connection has its own marker, and
// a byte for one that came to another would be seen, at either end.
func TestNoByteReachesTheWrongPeer(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		total, workers := int64(1500), 8
		if testing.Short() || by.tls {
			total = 300
		}
		var writing sync.WaitGroup
		loop := &websocket.Loop{Open: opens(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
			marker := bytes.Clone(m.Data) // the first and only message
			for size := range 3 {
				writing.Go(func() { // goes on when the connection has ended
					long := bytes.Repeat(marker, 1+size*100)
					for range 3 {
						if c.Write(context.Background(), websocket.MessageBinary, long) != nil {
							runtime.Gosched() // and tries again on what has been closed
						}
					}
					for range 5 {
						_ = c.Write(context.Background(), websocket.MessageBinary, marker)
						runtime.Gosched()
					}
				})
			}
			if binary.BigEndian.Uint64(marker)%5 == 0 {
				return websocket.CloseError{Code: 4000}
			}
			return nil
		})}
		loop.Timeouts.Close = 100 * time.Millisecond
		s := serve(t, by, loop)
		var next atomic.Int64
		var all sync.WaitGroup
		for range workers {
			all.Go(func() {
				for {
					n := next.Add(1)
					if n > total {
						return
					}
					if err := s.oneMarker(uint64(n)); err != nil {
						t.Errorf("connection %d: %v", n, err)
						return
					}
				}
			})
		}
		all.Wait()
		writing.Wait()
	})
}

// oneMarker is the life of one connection.
func (s *site) oneMarker(n uint64) error {
	r := rand.New(rand.NewPCG(n, 7))
	socket, err := net.Dial(s.addr.Network(), s.addr.String())
	if err != nil {
		return err
	}
	defer socket.Close()
	nc := socket
	if s.tls != nil {
		nc = tls.Client(socket, s.tls)
	}
	c, _, err := websocket.Dial(s.Context(), "ws://example.com/", s.over(nc))
	if err != nil {
		return err
	}
	defer c.CloseNow()
	marker := binary.BigEndian.AppendUint64(nil, n)
	if err := c.Write(s.Context(), websocket.MessageBinary, marker); err != nil {
		return err
	}
	for range 1 + r.IntN(12) {
		_, p, err := c.Read(s.Context())
		if len(p)%8 != 0 {
			return fmt.Errorf("%d bytes came", len(p))
		}
		for word := range bytesOf(p, 8) {
			if !bytes.Equal(word, marker) {
				return fmt.Errorf("got the bytes of connection %d", binary.BigEndian.Uint64(word))
			}
		}
		if err != nil {
			if strings.Contains(err.Error(), "protocol") {
				return err
			}
			break
		}
	}
	if tcp, ok := socket.(*net.TCPConn); ok && r.IntN(3) == 0 {
		_ = tcp.SetLinger(0) // RST
	}
	if r.IntN(4) == 0 {
		_ = c.Close(4001, "")
	}
	return nil
}

// over returns the options of a client of the site on nc.
func (s *site) over(nc net.Conn) *websocket.DialOptions {
	opts := dialOver(nc)
	opts.Timeouts.Close = 100 * time.Millisecond
	return opts
}

// bytesOf yields pieces of n bytes.
func bytesOf(p []byte, n int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for ; len(p) >= n; p = p[n:] {
			if !yield(p[:n]) {
				return
			}
		}
	}
}

// Peers that connect and say nothing, or half of a request, or half of a frame, cost those
// who talk nothing.
func TestSilentPeers(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		loop := echoes()
		loop.Loops = 1
		s := serve(t, by, loop)
		for i := range 50 {
			p := wsplay.NewPeer(t, websocket.RoleServer, s.connect())
			go func() { _, _ = io.WriteString(p, wsplay.UpgradeRequest[:i]) }() // TLS would wait for its handshake
		}
		for i := range 50 {
			p := s.play()
			p.SendBytes(p.Wire(wsplay.Frame(wsplay.OpText, strings.Repeat("half", 100)))[:1+i*5])
		}
		c := s.dial(nil)
		for i := range 100 {
			echoed(t, c, fmt.Sprint(i))
		}
	})
}

// Replies are held back while more messages are at hand, but not while Receive takes its time:
// neither that to the first of several messages, nor that to another, nor one that is written
// in a call that a Kick has caused: all of them leave within milliseconds.
func TestRepliesOfABlockedReceiver(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		const messages = 5
		goOn := make(chan bool)
		loop := &websocket.Loop{Open: opens(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
			for _, text := range []string{"one ", "two "} {
				if err := c.Write(ctx, m.Type, append([]byte(text), m.Data...)); err != nil {
					return err
				}
				<-goOn
			}
			return nil
		})}
		s := serve(t, by, loop)
		p := s.play()
		for range 3 {
			var wire []byte
			for i := range messages {
				wire = append(wire, p.Wire(wsplay.Frame(wsplay.OpText, fmt.Sprint(i)))...)
			}
			p.SendBytes(wire)
			for i := range messages {
				for _, text := range []string{"one ", "two "} {
					p.Want("a reply, while Receive waits", wsplay.OpText, text+fmt.Sprint(i))
					goOn <- true
				}
			}
		}
	})
}
