package deflate_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// sides is every way in which a direction can be compressed.
func sides(yield func(handshake.DeflateSide) bool) {
	for _, bits := range []int{8, 9, 10, 12, 15} {
		for _, alone := range []bool{false, true} {
			if !yield(handshake.DeflateSide{MaxWindowBits: bits, NoContextTakeover: alone}) {
				return
			}
		}
	}
}

// deflatedPair joins two ends that compress all messages by the given terms.
func deflatedPair(terms handshake.Deflate, level, buffer int) (server, client *websocket.Conn) {
	opts := &websocket.ConnOptions{Deflate: &terms, CompressionThreshold: -1, CompressionLevel: level}
	return wsplay.Pair(opts, buffer)
}

// What one end says the other understands, whatever the terms, the sizes, and the
// methods by which it is written and read.
func TestDeflateConversation(t *testing.T) {
	seed := uint64(0)
	for server := range sides {
		for _, level := range []int{1, 6, 9} {
			seed++
			terms := handshake.Deflate{Server: server, Client: handshake.DeflateSide{
				MaxWindowBits: 8 + int(seed)%8, NoContextTakeover: seed%3 == 0,
			}}
			t.Run(fmt.Sprintf("%v/level %d", terms, level), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := rand.New(rand.NewPCG(seed, 7))
					a, b := deflatedPair(terms, level, 1+r.IntN(100_000))
					defer a.CloseNow()
					defer b.CloseNow()
					var all sync.WaitGroup
					for i, pair := range [][2]*websocket.Conn{{a, b}, {b, a}} {
						all.Go(func() { converse(t, pair[0], pair[1], rand.New(rand.NewPCG(seed, uint64(i)))) })
					}
					all.Wait()
				})
			})
		}
	}
}

// converse has from say things, and to understand them.
func converse(t *testing.T, from, to *websocket.Conn, r *rand.Rand) {
	const count = 40
	said := make(chan []byte, count)
	ctx := wsplay.Patience(t)
	var all sync.WaitGroup
	all.Go(func() {
		s := &wsplay.Sayings{R: r}
		for i := range count {
			p := s.Message(s.Size())
			if r.IntN(8) == 0 {
				p = s.Noise(s.Size())
			}
			said <- p
			if err := writeSomehow(ctx, from, p, r); err != nil {
				t.Errorf("message %d: %v", i, err)
				break
			}
		}
		if err := from.Batch().Flush(ctx); err != nil {
			t.Error(err)
		}
		close(said)
	})
	all.Go(func() {
		how := rand.New(rand.NewPCG(1, 2))
		for want := range said {
			got, err := readSomehow(ctx, to, how)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("got %d bytes, %v; want %d; the same up to %d", len(got), err, len(want), same(got, want))
				_ = to.CloseNow()
				return
			}
		}
	})
	all.Wait()
}

func same(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

func writeSomehow(ctx context.Context, c *websocket.Conn, p []byte, r *rand.Rand) error {
	switch r.IntN(6) {
	case 0:
		return c.WritePrepared(ctx, websocket.Prepare(websocket.MessageBinary, p))
	case 1:
		return c.Batch().Write(ctx, websocket.MessageBinary, p)
	case 2:
		return c.Uncompressed().Write(ctx, websocket.MessageBinary, p)
	case 3:
		w, err := c.Writer(ctx, websocket.MessageBinary)
		for len(p) > 0 && err == nil {
			n := min(len(p), 1+r.IntN(30_000))
			if _, err = w.Write(p[:n]); err == nil && r.IntN(3) == 0 {
				err = w.(interface{ Flush() error }).Flush()
			}
			p = p[n:]
		}
		if err != nil {
			return err
		}
		return w.Close()
	}
	return c.Write(ctx, websocket.MessageBinary, p)
}

func readSomehow(ctx context.Context, c *websocket.Conn, r *rand.Rand) ([]byte, error) {
	switch r.IntN(4) {
	case 0:
		_, p, err := c.Read(ctx)
		return p, err
	case 1:
		before := []byte("before")
		_, p, err := c.ReadInto(ctx, append(make([]byte, 0, r.IntN(5_000)), before...))
		if !bytes.HasPrefix(p, before) {
			return nil, fmt.Errorf("ReadInto has changed what was there to %.6q", p)
		}
		return p[len(before):], err
	case 2:
		for m, err := range c.Messages(ctx) {
			return bytes.Clone(m.Data), err
		}
		return nil, io.ErrUnexpectedEOF
	}
	_, reader, err := c.Reader(ctx)
	if err != nil {
		return nil, err
	}
	var got []byte
	piece := make([]byte, 1+r.IntN(10_000))
	for {
		n, err := reader.Read(piece)
		got = append(got, piece[:n]...)
		if err == io.EOF {
			return got, nil
		}
		if err != nil {
			return got, err
		}
	}
}
