//go:build !race

// The race detector makes sync.Pool forget at random, so these run without it.

package websocket

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/hawser-ws/websocket/handshake"
)

// allocatedBy returns how many bytes f allocates when it runs for the second time. The
// pools are filled by then, and stay so: they are emptied by garbage collection only, and
// each processor has its own.
func allocatedBy(f func()) uint64 {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	f()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// mixtures are ways to mix zeros with noise, which compresses hardly.
var mixtures = map[string]func(p []byte, noise int, r *rand.ChaCha8){
	"noise first": func(p []byte, noise int, r *rand.ChaCha8) { _, _ = r.Read(p[:noise]) },
	"zeros first": func(p []byte, noise int, r *rand.ChaCha8) { _, _ = r.Read(p[len(p)-noise:]) },
	"mixed": func(p []byte, noise int, r *rand.ChaCha8) {
		const run = 64
		for i := 0; i < len(p); i += max(run, run*len(p)/max(1, noise)) {
			_, _ = r.Read(p[i:min(i+run, len(p))])
		}
	},
}

// growthWays are the ways in which a message is read: by buf, or to fill buf.
var growthWays = map[string]func(ctx context.Context, c *Conn, buf []byte) (int, error){
	"Read": func(ctx context.Context, c *Conn, _ []byte) (int, error) {
		_, p, err := c.Read(ctx)
		return len(p), err
	},
	"ReadInto": func(ctx context.Context, c *Conn, buf []byte) (int, error) {
		_, p, err := c.ReadInto(ctx, buf[:0:100])
		return len(p), err
	},
	"Messages": func(ctx context.Context, c *Conn, _ []byte) (int, error) {
		for m, err := range c.Messages(ctx) {
			return len(m.Data), err
		}
		return 0, io.ErrUnexpectedEOF
	},
	"Reader": func(ctx context.Context, c *Conn, buf []byte) (int, error) {
		_, r, err := c.Reader(ctx)
		if err != nil {
			return 0, err
		}
		n, err := io.ReadFull(r, buf)
		if err != nil {
			return n, err
		}
		if _, err = r.Read(make([]byte, 1)); err == io.EOF {
			err = nil
		}
		return n, err
	},
}

// What a compressed message allocates, and so what it copies, is at most some four times
// the message, however well it is compressed and whatever the limit is. Small steps near
// the end of a message of zeros once took 70 MiB for one of 1 MiB.
func TestCompressedMessageGrowsGeometrically(t *testing.T) {
	const (
		times = 4
		slack = 8 << 10 // a short message has room for 1 KiB and for four times what has arrived; size classes
	)
	alone := handshake.DeflateSide{NoContextTakeover: true}
	bothRoles := []Role{RoleServer, RoleClient}
	for mixture, mix := range mixtures {
		for _, ratio := range []int{1, 2, 5, 30, 100, 1000} {
			for _, size := range []int{1 << 10, 20 << 10, 150 << 10, 1 << 20} {
				payload := make([]byte, size)
				mix(payload, size/ratio, rand.NewChaCha8([32]byte{byte(ratio)}))
				for i := range payload {
					payload[i] &= 0x7f // it is sent as text
				}
				for _, role := range bothRoles {
					c := newDeflatedStub(role, handshake.Deflate{Server: alone, Client: alone}, payload)
					for _, limit := range []int64{int64(size), 2 * int64(size), -1} {
						c.SetReadLimit(limit)
						for way, read := range growthWays {
							got := allocatedBy(func() {
								if n, err := read(t.Context(), c, payload); n != size || err != nil {
									t.Fatal(n, err)
								}
							})
							if got > times*uint64(size)+slack {
								t.Errorf("%v, %s of %d bytes at 1:%d, %s, limit %d: %d bytes allocated, %.1f times the message",
									role, way, size, ratio, mixture, limit, got, float64(got)/float64(size))
							}
						}
					}
					_ = c.CloseNow()
				}
			}
		}
	}
}

// What a caller of ReadInto has in its buffer already is not copied for every step.
func TestCompressedMessageBehindALongBuffer(t *testing.T) {
	payload := make([]byte, 1<<20)
	alone := handshake.DeflateSide{NoContextTakeover: true}
	c := newDeflatedStub(RoleServer, handshake.Deflate{Server: alone, Client: alone}, payload)
	defer c.CloseNow()
	c.SetReadLimit(-1)
	before := make([]byte, 8<<20)
	got := allocatedBy(func() {
		_, p, err := c.ReadInto(t.Context(), before[:len(before):len(before)])
		if len(p) != len(before)+len(payload) || err != nil {
			t.Fatal(len(p), err)
		}
	})
	if most := uint64(2 * (len(before) + len(payload))); got > most {
		t.Errorf("%d bytes allocated, want at most %d", got, most)
	}
}

// BenchmarkCompressedZeros is what a peer gets for 1 KiB.
func BenchmarkCompressedZeros(b *testing.B) {
	payload := make([]byte, 1<<20)
	alone := handshake.DeflateSide{NoContextTakeover: true}
	for way, read := range growthWays {
		b.Run(fmt.Sprint(way), func(b *testing.B) {
			c := newDeflatedStub(RoleServer, handshake.Deflate{Server: alone, Client: alone}, payload)
			defer c.CloseNow()
			b.ReportAllocs()
			for b.Loop() {
				if n, err := read(b.Context(), c, payload); n != len(payload) || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}
