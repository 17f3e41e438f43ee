package deflate_test

import (
	"context"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// What is too short to gain, or gains nothing, leaves as it is (RFC 7692 §6).
func TestWhatIsCompressed(t *testing.T) {
	alone := handshake.DeflateSide{NoContextTakeover: true}
	for _, test := range []struct {
		name      string
		terms     handshake.Deflate
		threshold int
		from      int // the shortest that is compressed
	}{
		{"takeover", handshake.Deflate{}, 0, 128},
		{"no takeover", handshake.Deflate{Server: alone, Client: alone}, 0, 512},
		{"own threshold", handshake.Deflate{}, 33, 33},
		{"all that gains", handshake.Deflate{}, -1, 32},
	} {
		wsplay.ForRoles(t, test.name+"/", func(t *testing.T, role websocket.Role) {
			opts := websocket.ConnOptions{Deflate: &test.terms, CompressionThreshold: test.threshold}
			c, p, f := wsplay.DeflatePipe(t, role, opts, 1<<20)
			ways := map[string]func(text string) error{
				"Write": func(text string) error { return c.Write(wsplay.Patience(t), websocket.MessageText, []byte(text)) },
				"Batch": func(text string) error {
					err := c.Batch().Write(wsplay.Patience(t), websocket.MessageText, []byte(text))
					if err == nil {
						err = c.Batch().Flush(wsplay.Patience(t))
					}
					return err
				},
				"WritePrepared": func(text string) error {
					return c.WritePrepared(wsplay.Patience(t), websocket.Prepare(websocket.MessageText, []byte(text)))
				},
				"Writer": func(text string) error {
					w, err := c.Writer(wsplay.Patience(t), websocket.MessageText)
					if err != nil {
						return err
					}
					_, _ = io.WriteString(w, text)
					return w.Close()
				},
			}
			for name, say := range ways {
				sizes := []int{0, 1, 2, test.from, test.from + 1, 5000}
				if test.threshold >= 0 {
					sizes = append(sizes, test.from-1)
				}
				for _, n := range sizes {
					text := strings.Repeat("z", n)
					if err := say(text); err != nil {
						t.Fatal(err)
					}
					compressed, wire := p.WantSaid(f, text)
					if want := n >= test.from; compressed != want {
						t.Errorf("%s of %d bytes: compressed %v, want %v", name, n, compressed, want)
					}
					if compressed && wire >= n {
						t.Errorf("%s of %d bytes takes %d", name, n, wire)
					}
				}
				noise := string((&wsplay.Sayings{R: rand.New(rand.NewPCG(1, 1))}).Noise(5000))
				if err := say(noise); err != nil {
					t.Fatal(err)
				}
				if compressed, wire := p.WantSaid(f, noise); compressed || wire != len(noise) {
					t.Errorf("%s of noise: compressed %v, takes %d bytes of %d", name, compressed, wire, len(noise))
				}
			}
			if err := c.Uncompressed().Write(wsplay.Patience(t), websocket.MessageText, []byte(strings.Repeat("z", 5000))); err != nil {
				t.Fatal(err)
			}
			if compressed, _ := p.WantSaid(f, strings.Repeat("z", 5000)); compressed {
				t.Error("what is not to be compressed is")
			}
			w, err := c.Uncompressed().Writer(wsplay.Patience(t), websocket.MessageText)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(w, strings.Repeat("z", 50_000))
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if compressed, _ := p.WantSaid(f, strings.Repeat("z", 50_000)); compressed {
				t.Error("what is not to be compressed is, by Writer")
			}
		})
	}
}

// A message that was not sent is not in the window: the peer has never seen it.
func TestCancelledWriteIsNotInTheWindow(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		opts := websocket.ConnOptions{Deflate: &handshake.Deflate{}, CompressionThreshold: 200}
		c, p, f := wsplay.DeflatePipe(t, role, opts, wsplay.Stall)
		s := &wsplay.Sayings{R: rand.New(rand.NewPCG(5, 5))}
		secret, open := string(s.Noise(150))+strings.Repeat(" secret", 20), string(s.Noise(150))+strings.Repeat(" open", 20)
		prepared := websocket.Prepare(websocket.MessageText, []byte(secret))
		for i, give := range []func(ctx context.Context) error{
			func(ctx context.Context) error { return c.Write(ctx, websocket.MessageText, []byte(secret)) },
			func(ctx context.Context) error { return c.WritePrepared(ctx, prepared) },
			func(ctx context.Context) error {
				w, err := c.Writer(ctx, websocket.MessageText)
				if err != nil {
					return err
				}
				_, _ = io.WriteString(w, secret)
				return w.Close()
			},
		} {
			fill := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageText, []byte(wsplay.Filling(role))) })
			if err := <-fill; err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			given := wsplay.Go(func() error { return give(ctx) })
			wsplay.Pending(t, "a write to a peer that does not read", given)
			waiting := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageText, []byte(open)) })
			wsplay.Pending(t, "a write behind it", waiting)
			gone, leave := context.WithCancel(context.Background())
			hopeless := wsplay.Go(func() error { return c.Write(gone, websocket.MessageText, []byte(open)) })
			wsplay.Pending(t, "another write behind it", hopeless)
			leave()
			wsplay.WantIs(t, "the write that waited in vain", <-hopeless, context.Canceled)
			cancel()
			wsplay.WantIs(t, "the write that was cancelled", <-given, context.Canceled)
			p.Want("what was there before", wsplay.OpText, wsplay.Filling(role))
			p.WantSaid(f, open)
			if err := <-waiting; err != nil {
				t.Fatalf("%d: %v", i, err)
			}
			both := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageText, []byte(secret+open)) })
			p.WantSaid(f, secret+open)
			if err := <-both; err != nil {
				t.Fatal(err)
			}
			c, p, f = wsplay.DeflatePipe(t, role, opts, wsplay.Stall)
		}
	})
}

// A writer that waits for its turn to compress is told when the connection ends.
func TestWaitingToCompressEnds(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p, _ := wsplay.DeflatePipe(t, role, websocket.ConnOptions{Deflate: &handshake.Deflate{}, CompressionThreshold: -1}, wsplay.Stall)
		s := &wsplay.Sayings{R: rand.New(rand.NewPCG(6, 6))}
		text := append(s.Noise(500), strings.Repeat("-", 500)...)
		first := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageBinary, text) })
		wsplay.Pending(t, "Write", first)
		second := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageBinary, text) })
		wsplay.Pending(t, "the second Write", second)
		_ = p.Close()
		_ = c.CloseNow()
		wsplay.WantClosed(t, <-first)
		wsplay.WantClosed(t, <-second)
		wsplay.WantClosed(t, c.Write(wsplay.Patience(t), websocket.MessageBinary, text))
	})
}

// It is told at once when nothing can be sent any more, as others are.
func TestWaitingToCompressAfterBeginClose(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p, _ := wsplay.DeflatePipe(t, role, websocket.ConnOptions{Deflate: &handshake.Deflate{}, CompressionThreshold: -1}, 1<<20)
		w, err := c.Writer(wsplay.Patience(t), websocket.MessageBinary)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, 100_000)); err != nil {
			t.Fatal(err)
		}
		var writes []<-chan error
		for range 3 {
			done := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageBinary, make([]byte, 100)) })
			wsplay.Pending(t, "a Write behind a message that has begun", done)
			writes = append(writes, done)
		}
		begin := time.Now()
		if err := c.BeginClose(wsplay.Patience(t), websocket.StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
		for _, done := range writes {
			wsplay.WantClosed(t, <-done)
		}
		if _, err := w.Write(make([]byte, 100_000)); err == nil {
			t.Error("the message went on")
		}
		if took := time.Since(begin); took > 0 {
			t.Errorf("it took %v", took)
		}
		_ = p.Close()
		_ = c.CloseNow()
	})
}

// Compressing side by side, without takeover, shares nothing.
func TestWritesWithoutTakeoverMeet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alone := handshake.DeflateSide{NoContextTakeover: true}
		a, b := deflatedPair(handshake.Deflate{Server: alone, Client: alone}, 1, 1<<20)
		defer a.CloseNow()
		defer b.CloseNow()
		var all sync.WaitGroup
		for i := range 4 {
			s := &wsplay.Sayings{R: rand.New(rand.NewPCG(uint64(i), 0))}
			all.Go(func() {
				for range 50 {
					if err := a.Write(wsplay.Patience(t), websocket.MessageBinary, s.Noise(600)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 200 {
			if _, p, err := b.Read(wsplay.Patience(t)); len(p) != 600 || err != nil {
				t.Fatal(len(p), err)
			}
		}
		all.Wait()
	})
}

// One to many: compressed once for each set of parameters, understood by all.
func TestPreparedIsCompressedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := strings.Repeat("said to all of them ", 100)
		m := websocket.Prepare(websocket.MessageText, []byte(text))
		never := websocket.PrepareUncompressed(websocket.MessageText, []byte(text))
		frames := map[int]map[string]bool{}
		for i := range 24 {
			bits := 9 + i%3*3
			terms := handshake.Deflate{Server: handshake.DeflateSide{MaxWindowBits: bits, NoContextTakeover: i%2 == 0}}
			c, p, f := wsplay.DeflatePipe(t, websocket.RoleServer, websocket.ConnOptions{Deflate: &terms, CompressionThreshold: -1}, 1<<20)
			for range 3 { // context takeover goes on around it
				for _, say := range []func() error{
					func() error { return c.Write(wsplay.Patience(t), websocket.MessageText, []byte("here "+text)) },
					func() error { return c.WritePrepared(wsplay.Patience(t), m) },
					func() error { return c.Batch().WritePrepared(wsplay.Patience(t), m) },
					func() error { return c.WritePrepared(wsplay.Patience(t), never) },
				} {
					if err := say(); err != nil {
						t.Fatal(err)
					}
				}
				p.WantSaid(f, "here "+text)
				for range 2 {
					x, err := p.Next()
					if err != nil || !x.RSV1 {
						t.Fatalf("a prepared message: RSV1 %v, %v", x.RSV1, err)
					}
					if got := f.Message(t, x.Payload); got != text {
						t.Fatalf("a prepared message says %.40q", got)
					}
					if frames[bits] == nil {
						frames[bits] = map[string]bool{}
					}
					frames[bits][string(x.Payload)] = true
				}
				if compressed, _ := p.WantSaid(f, text); compressed {
					t.Fatal("what was prepared uncompressed is compressed")
				}
			}
		}
		for bits, payloads := range frames {
			if len(payloads) != 1 {
				t.Errorf("%d window bits: %d different payloads", bits, len(payloads))
			}
		}
	})
}
