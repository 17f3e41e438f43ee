package loop_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// writers are the ways to send a text, all of them from any goroutine.
var writers = map[string]func(ctx context.Context, c *websocket.Conn, text string) error{
	"Write": func(ctx context.Context, c *websocket.Conn, text string) error {
		return c.Write(ctx, websocket.MessageText, []byte(text))
	},
	"Writer": func(ctx context.Context, c *websocket.Conn, text string) error {
		w, err := c.Writer(ctx, websocket.MessageText)
		if err != nil {
			return err
		}
		for _, part := range []string{text[:len(text)/2], text[len(text)/2:]} {
			if _, err := io.WriteString(w, part); err != nil {
				return err
			}
		}
		return w.Close()
	},
	"Batch": func(ctx context.Context, c *websocket.Conn, text string) error {
		b := c.Batch()
		if err := b.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			return err
		}
		return b.Flush(ctx)
	},
	"Batch, left to the loop": func(ctx context.Context, c *websocket.Conn, text string) error {
		return c.Batch().Write(ctx, websocket.MessageText, []byte(text))
	},
	"WritePrepared": func(ctx context.Context, c *websocket.Conn, text string) error {
		return c.WritePrepared(ctx, websocket.Prepare(websocket.MessageText, []byte(text)))
	},
	"TryWritePrepared": func(ctx context.Context, c *websocket.Conn, text string) error {
		m := websocket.Prepare(websocket.MessageText, []byte(text))
		if taken, err := c.TryWritePrepared(m); taken || err != nil {
			return err
		}
		return c.WritePrepared(ctx, m)
	},
	"Uncompressed": func(ctx context.Context, c *websocket.Conn, text string) error {
		return c.Uncompressed().Write(ctx, websocket.MessageText, []byte(text))
	},
	"Uncompressed.Writer": func(ctx context.Context, c *websocket.Conn, text string) error {
		w, err := c.Uncompressed().Writer(ctx, websocket.MessageText)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		return w.Close()
	},
}

var modes = []websocket.CompressionMode{websocket.CompressionDisabled, websocket.CompressionContextTakeover, websocket.CompressionNoContextTakeover}

// Whatever is written in Receive arrives, in order, although the loop may hold it back until
// the turn ends.
func TestWriteInReceive(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		for _, mode := range modes {
			for name, write := range writers {
				t.Run(fmt.Sprint(name, "/", mode), func(t *testing.T) {
					loop := &websocket.Loop{Open: opens(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
						return write(ctx, c, string(m.Data))
					})}
					loop.CompressionMode = mode
					s := serve(t, by, loop)
					c := s.dial(&websocket.DialOptions{CompressionMode: mode})
					for _, n := range []int{2, 200, 5000, 100_000} { // one at a time
						echoed(t, c, strings.Repeat("x", n))
					}
					written := wsplay.Go(func() error { // and all at once
						for i := range 200 {
							if err := c.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, "%d %s", i, strings.Repeat("y", i*7))); err != nil {
								return err
							}
						}
						return nil
					})
					for i := range 200 {
						wsplay.WantRead(t, c, fmt.Sprintf("%d %s", i, strings.Repeat("y", i*7)))
					}
					if err := wsplay.Returned(t, "the writer", written); err != nil {
						t.Error(err)
					}
				})
			}
		}
	})
}

// Many goroutines write on one connection, in all the ways there are, while its Receiver
// writes as well: no message is cut, lost or repeated, and each writer's come in order.
func TestWriteFromEverywhere(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		const each = 100
		loop := echoes()
		loop.CompressionMode = websocket.CompressionContextTakeover
		s := serve(t, by, loop)
		client := s.dial(&websocket.DialOptions{CompressionMode: websocket.CompressionContextTakeover})
		c, _ := s.only()
		var all sync.WaitGroup
		for name, write := range writers {
			if strings.Contains(name, "left") {
				continue // nobody but the loop sends it, and that may have nothing to do
			}
			all.Go(func() {
				for i := range each {
					if err := write(t.Context(), c, fmt.Sprintf("%s|%d|%s", name, i, strings.Repeat("z", i*11%900))); err != nil {
						t.Errorf("%s: %v", name, err)
						return
					}
				}
			})
		}
		all.Go(func() {
			for i := range each {
				if err := client.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, "echo|%d|%s", i, strings.Repeat("z", i*11%900))); err != nil {
					t.Error(err)
					return
				}
			}
		})
		next := map[string]int{}
		for range each * len(writers) {
			_, p, err := client.Read(wsplay.Quickly(t))
			if err != nil {
				t.Fatal(err)
			}
			name, rest, _ := strings.Cut(string(p), "|")
			if want := fmt.Sprintf("%d|%s", next[name], strings.Repeat("z", next[name]*11%900)); rest != want {
				t.Fatalf("%s: %.40q where %.40q is next", name, rest, want)
			}
			next[name]++
		}
		all.Wait()
	})
}

// Compression with context takeover works as long as both ends have seen the same bytes in
// the same order.
func TestTakeover(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		loop := echoes()
		loop.CompressionMode, loop.CompressionThreshold = websocket.CompressionContextTakeover, -1
		s := serve(t, by, loop)
		var all sync.WaitGroup
		for i := range 4 {
			c := s.dial(&websocket.DialOptions{CompressionMode: websocket.CompressionContextTakeover, CompressionThreshold: -1})
			sayings := wsplay.Sayings{R: rand.New(rand.NewPCG(uint64(i), 1))}
			var texts []string
			for range 100 {
				texts = append(texts, string(sayings.Message(sayings.Size())))
			}
			all.Go(func() {
				for _, text := range texts {
					if err := c.Write(t.Context(), websocket.MessageBinary, []byte(text)); err != nil {
						t.Error(err)
						return
					}
				}
			})
			all.Go(func() {
				for n, text := range texts {
					if _, p, err := c.Read(t.Context()); err != nil || string(p) != text {
						t.Errorf("connection %d, message %d: %d bytes, %v; want %d", i, n, len(p), err, len(text))
						return
					}
				}
			})
		}
		all.Wait()
	})
}

// Ping works in Receive and outside, and also while the Receiver is busy: somebody reads the
// pong in any case.
func TestPing(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		busy, goOn := make(chan bool), make(chan bool)
		loop := &websocket.Loop{Open: opens(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
			switch string(m.Data) {
			case "ping":
				if err := c.Ping(wsplay.Quickly(t)); err != nil {
					return err
				}
			case "block":
				busy <- true
				<-goOn
			}
			return c.Write(ctx, m.Type, m.Data)
		})}
		s := serve(t, by, loop)
		client := s.dial(nil)
		c, _ := s.only()
		answers := make(chan string, 10)
		go func() { // answers pings as well
			for m := range client.Messages(context.Background()) {
				answers <- string(m.Data)
			}
		}()
		pings := func(why string) {
			t.Helper()
			if err := c.Ping(wsplay.Quickly(t)); err != nil || c.Latency() <= 0 {
				t.Errorf("a ping %s: %v, latency %v", why, err, c.Latency())
			}
		}
		say := func(text string) {
			t.Helper()
			if err := client.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		pings("before everything")
		say("ping")
		if got := arrives(t, "the answer", answers); got != "ping" {
			t.Errorf("got %q", got)
		}
		say("block")
		arrives(t, "Receive", busy)
		pings("while Receive runs")
		goOn <- true
		arrives(t, "the answer", answers)
		pings("after it")
		if err := client.Ping(wsplay.Quickly(t)); err != nil {
			t.Errorf("a ping of the client's: %v", err)
		}
	})
}

// The callbacks for control frames come as in every connection, and their rules hold.
func TestControlCallbacks(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		pings, pongs := make(chan string, 10), make(chan string, 10)
		loop := echoes()
		loop.OnPingReceived = func(_ context.Context, p []byte) bool { pings <- string(p); return string(p) != "silence" }
		loop.OnPongReceived = func(_ context.Context, p []byte) { pongs <- string(p) }
		s := serve(t, by, loop)
		p := s.play()
		p.Send(wsplay.Frame(wsplay.OpPing, "silence"), wsplay.Frame(wsplay.OpPing, "answer"), wsplay.Frame(wsplay.OpPong, "unasked"))
		p.Want("the pong", wsplay.OpPong, "answer")
		for _, want := range []string{"silence", "answer"} {
			if got := arrives(t, "OnPingReceived", pings); got != want {
				t.Errorf("ping %q, want %q", got, want)
			}
		}
		if got := arrives(t, "OnPongReceived", pongs); got != "unasked" {
			t.Errorf("pong %q", got)
		}
	})
}
