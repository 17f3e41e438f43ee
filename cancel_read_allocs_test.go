//go:build !race

// The race detector makes sync.Pool forget at random, so this runs without it.

package websocket

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/hawser-ws/websocket/handshake"
)

// cancelingConn is a stubConn that cancels the read under way whenever it has brought
// a piece.
type cancelingConn struct {
	stubConn
	piece  int
	cancel context.CancelFunc
}

func (s *cancelingConn) Read(p []byte) (int, error) {
	n, err := s.stubConn.Read(p[:min(len(p), s.piece)])
	if s.pos != 0 {
		s.cancel()
	}
	return n, err
}

// A Read that is cancelled again and again in the middle of a message does not copy it
// each time: 153 times, of 32 MiB, once took 7.1 GiB.
func TestReadCancelledAgainAndAgainAllocatesOnce(t *testing.T) {
	const (
		size  = 2 << 20
		piece = 16 << 10
		call  = 4 << 10 // what a call may take: its context, its buffers
	)
	noise, prefix := make([]byte, size), []byte("before ")
	r := rand.NewChaCha8([32]byte{})
	_, _ = r.Read(noise)
	for i := range noise {
		noise[i] &= 0x7f
	}
	alone := handshake.DeflateSide{NoContextTakeover: true}
	for name, make := range map[string]func() *Conn{
		"plain": func() *Conn { return newStub(RoleServer, MessageText, noise) },
		"compressed": func() *Conn {
			return newDeflatedStub(RoleServer, handshake.Deflate{Server: alone, Client: alone}, noise)
		},
	} {
		for way, room := range map[string]int{"Read": -1, "ReadInto, no room": 0, "ReadInto, room for some": size / 3, "ReadInto, room for all": size + 1, "Messages": -2} {
			t.Run(name+"/"+way, func(t *testing.T) {
				stub := make()
				socket := &cancelingConn{stubConn: *stub.transport.NetConn().(*stubConn), piece: piece}
				defer stub.CloseNow()
				opts := &ConnOptions{Limits: Limits{Message: -1}}
				if stub.deflate != nil {
					opts.Deflate = &handshake.Deflate{Server: alone, Client: alone}
				}
				c := NewConn(socket, RoleServer, opts)
				defer c.CloseNow()

				var buf []byte
				if room >= 0 {
					buf = append(bytes.Repeat([]byte("x"), len(prefix)+room)[:0], prefix...)
				}
				calls := 0
				got := allocatedBy(func() {
					for calls = 1; ; calls++ {
						ctx, cancel := context.WithCancel(context.Background())
						socket.cancel = cancel
						var (
							p   []byte
							err error
						)
						if room == -2 {
							for m, e := range c.Messages(ctx) {
								p, err = m.Data, e
								break
							}
						} else {
							_, p, err = c.ReadInto(ctx, buf)
						}
						cancel()
						if err == nil {
							if p = p[len(buf):]; !bytes.Equal(p, noise) {
								t.Fatalf("after %d calls: %d bytes, not what was sent", calls, len(p))
							}
							return
						}
						if !errors.Is(err, context.Canceled) || room != -2 && len(p) != len(buf) {
							t.Fatal(len(p), err)
						}
						for i := len(buf); i < min(cap(buf), 1<<10); i++ { // the caller's memory is the caller's
							buf[:cap(buf)][i] = 'x'
						}
					}
				})
				// Growing to it by doubling, and a copy into the caller's memory.
				if most := uint64(5*size + calls*call); calls < 100 || got > most {
					t.Errorf("%d bytes allocated in %d calls, want at most %d", got, calls, most)
				}
			})
		}
	}
}
