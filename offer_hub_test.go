package websocket_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A hub beside every other way of writing, on transports that take what they like:
// each writer's messages arrive whole, once and in order.
func TestHubOffersAtRandom(t *testing.T) {
	const rounds = 200
	for _, role := range wsplay.Roles {
		for _, deflate := range []*handshake.Deflate{nil, {}} {
			synctest.Test(t, func(t *testing.T) {
				opts := &websocket.ConnOptions{Deflate: deflate, CompressionThreshold: 1 << 20}
				h := hub.Hub{Queue: 2 * rounds}
				var arrived []func() []string
				for range 4 {
					c, at := websocket.NewOfferedAtRandom(t, role, opts)
					h.Add(c)
					arrived = append(arrived, at)
				}
				var writing sync.WaitGroup
				say := func(name string, write func(p []byte) error) {
					writing.Go(func() {
						for i := range rounds {
							text := fmt.Sprint(name, " ", i, strings.Repeat(".", rand.IntN(300)))
							if err := write([]byte(text)); err != nil {
								t.Error(name, err)
								return
							}
						}
					})
				}
				ctx := context.Background()
				say("hub", func(p []byte) error { return h.Broadcast(websocket.Prepare(websocket.MessageText, p)) })
				say("also", func(p []byte) error { return h.Broadcast(websocket.PrepareUncompressed(websocket.MessageText, p)) })
				for c := range h.All() {
					say("write", func(p []byte) error { return c.Write(ctx, websocket.MessageText, p) })
					say("batch", func(p []byte) error { return c.Batch().Write(ctx, websocket.MessageText, p) })
					say("writer", func(p []byte) error {
						w, err := c.Writer(ctx, websocket.MessageText)
						if err != nil {
							return err
						}
						_, _ = w.Write(p[:len(p)/2])
						_ = w.(interface{ Flush() error }).Flush()
						_, _ = w.Write(p[len(p)/2:])
						return w.Close()
					})
				}
				writing.Wait()
				for c := range h.All() {
					_ = c.Batch().Flush(ctx)
				}
				synctest.Wait()
				var first []string
				for _, arrived := range arrived {
					next := map[string]int{}
					var broadcast []string
					for _, said := range arrived() {
						var name string
						var i int
						if _, err := fmt.Sscan(strings.TrimRight(said, "."), &name, &i); err != nil || i != next[name] {
							t.Fatalf("%.20q, want number %d", said, next[name])
						}
						if next[name]++; name == "hub" || name == "also" {
							broadcast = append(broadcast, said)
						}
					}
					for _, name := range []string{"hub", "also", "write", "batch", "writer"} {
						if next[name] != rounds {
							t.Errorf("%s: %d of %d arrived", name, next[name], rounds)
						}
					}
					if first == nil {
						first = broadcast
					} else if !slices.Equal(first, broadcast) {
						t.Error("two connections disagree about the order of what is broadcast")
					}
				}
			})
		}
	}
}
