package loop_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

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
