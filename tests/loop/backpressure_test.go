package loop_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
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
