package websocket_test

import (
	"bytes"
	"compress/flate"
	"context"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

// inflater understands what an engine sends, by the standard library.
type inflater struct {
	alone  bool   // no context takeover
	before []byte // all that was said
}

func (f *inflater) message(t *testing.T, payload []byte) string {
	t.Helper()
	if f.alone {
		f.before = nil
	}
	r := flate.NewReaderDict(io.MultiReader(bytes.NewReader(payload), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")), f.before)
	p, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("after %d octets: %v", len(p), err)
	}
	f.before = append(f.before, p...)
	return string(p)
}

// wantDeflated takes the next message and says whether it was compressed.
func (p *peer) wantSaid(f *inflater, want string) (compressed bool, wire int) {
	p.t.Helper()
	var payload []byte
	for first := true; ; first = false {
		x, err := p.next()
		if err != nil {
			p.t.Fatal(err)
		}
		if first {
			compressed = x.RSV1
		}
		payload = append(payload, x.Payload...)
		if x.FIN {
			break
		}
	}
	got := string(payload)
	if compressed {
		got = f.message(p.t, payload)
	}
	if got != want {
		p.t.Fatalf("got %d octets %.40q, want %d %.40q", len(got), got, len(want), want)
	}
	return compressed, len(payload)
}

// facingDeflated is facing with compression agreed on.
func facingDeflated(t *testing.T, role websocket.Role, opts websocket.ConnOptions, buffer int) (*websocket.Conn, *peer, *inflater) {
	t.Helper()
	c, p := facing(t, role, &opts, buffer)
	p.deflate = true
	ours := opts.Deflate.Server
	if role == websocket.RoleClient {
		ours = opts.Deflate.Client
	}
	return c, p, &inflater{alone: ours.NoContextTakeover}
}

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
		forRoles(t, test.name+"/", func(t *testing.T, role websocket.Role) {
			opts := websocket.ConnOptions{Deflate: &test.terms, CompressionThreshold: test.threshold}
			c, p, f := facingDeflated(t, role, opts, 1<<20)
			ways := map[string]func(text string) error{
				"Write": func(text string) error { return c.Write(patience(t), websocket.MessageText, []byte(text)) },
				"Batch": func(text string) error {
					err := c.Batch().Write(patience(t), websocket.MessageText, []byte(text))
					if err == nil {
						err = c.Batch().Flush(patience(t))
					}
					return err
				},
				"WritePrepared": func(text string) error {
					return c.WritePrepared(patience(t), websocket.Prepare(websocket.MessageText, []byte(text)))
				},
				"Writer": func(text string) error {
					w, err := c.Writer(patience(t), websocket.MessageText)
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
					compressed, wire := p.wantSaid(f, text)
					if want := n >= test.from; compressed != want {
						t.Errorf("%s of %d octets: compressed %v, want %v", name, n, compressed, want)
					}
					if compressed && wire >= n {
						t.Errorf("%s of %d octets takes %d", name, n, wire)
					}
				}
				noise := string((&saying{r: rand.New(rand.NewPCG(1, 1))}).noise(5000))
				if err := say(noise); err != nil {
					t.Fatal(err)
				}
				if compressed, wire := p.wantSaid(f, noise); compressed || wire != len(noise) {
					t.Errorf("%s of noise: compressed %v, takes %d octets of %d", name, compressed, wire, len(noise))
				}
			}
			if err := c.Uncompressed().Write(patience(t), websocket.MessageText, []byte(strings.Repeat("z", 5000))); err != nil {
				t.Fatal(err)
			}
			if compressed, _ := p.wantSaid(f, strings.Repeat("z", 5000)); compressed {
				t.Error("what is not to be compressed is")
			}
			w, err := c.Uncompressed().Writer(patience(t), websocket.MessageText)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(w, strings.Repeat("z", 50_000))
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if compressed, _ := p.wantSaid(f, strings.Repeat("z", 50_000)); compressed {
				t.Error("what is not to be compressed is, by Writer")
			}
		})
	}
}

// A message that was not sent is not in the window: the peer has never seen it.
func TestCancelledWriteIsNotInTheWindow(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		opts := websocket.ConnOptions{Deflate: &handshake.Deflate{}, CompressionThreshold: 200}
		c, p, f := facingDeflated(t, role, opts, stall)
		s := &saying{r: rand.New(rand.NewPCG(5, 5))}
		secret, open := string(s.noise(150))+strings.Repeat(" secret", 20), string(s.noise(150))+strings.Repeat(" open", 20)
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
			fill := background(func() error { return c.Write(patience(t), websocket.MessageText, []byte(filling(role))) })
			if err := <-fill; err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			given := background(func() error { return give(ctx) })
			pending(t, "a write to a peer that does not read", given)
			waiting := background(func() error { return c.Write(patience(t), websocket.MessageText, []byte(open)) })
			pending(t, "a write behind it", waiting)
			gone, leave := context.WithCancel(context.Background())
			hopeless := background(func() error { return c.Write(gone, websocket.MessageText, []byte(open)) })
			pending(t, "another write behind it", hopeless)
			leave()
			wantIs(t, "the write that waited in vain", <-hopeless, context.Canceled)
			cancel()
			wantIs(t, "the write that was cancelled", <-given, context.Canceled)
			p.want("what was there before", opText, filling(role))
			p.wantSaid(f, open)
			if err := <-waiting; err != nil {
				t.Fatalf("%d: %v", i, err)
			}
			both := background(func() error { return c.Write(patience(t), websocket.MessageText, []byte(secret+open)) })
			p.wantSaid(f, secret+open)
			if err := <-both; err != nil {
				t.Fatal(err)
			}
			c, p, f = facingDeflated(t, role, opts, stall)
		}
	})
}

// A writer that waits for its turn to compress is told when the connection ends.
func TestWaitingToCompressEnds(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p, _ := facingDeflated(t, role, websocket.ConnOptions{Deflate: &handshake.Deflate{}, CompressionThreshold: -1}, stall)
		s := &saying{r: rand.New(rand.NewPCG(6, 6))}
		text := append(s.noise(500), strings.Repeat("-", 500)...)
		first := background(func() error { return c.Write(patience(t), websocket.MessageBinary, text) })
		pending(t, "Write", first)
		second := background(func() error { return c.Write(patience(t), websocket.MessageBinary, text) })
		pending(t, "the second Write", second)
		_ = p.Close()
		_ = c.CloseNow()
		wantClosed(t, <-first)
		wantClosed(t, <-second)
		wantClosed(t, c.Write(patience(t), websocket.MessageBinary, text))
	})
}

// It is told at once when nothing can be sent any more, as others are.
func TestWaitingToCompressAfterBeginClose(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p, _ := facingDeflated(t, role, websocket.ConnOptions{Deflate: &handshake.Deflate{}, CompressionThreshold: -1}, 1<<20)
		w, err := c.Writer(patience(t), websocket.MessageBinary)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, 100_000)); err != nil {
			t.Fatal(err)
		}
		var writes []<-chan error
		for range 3 {
			done := background(func() error { return c.Write(patience(t), websocket.MessageBinary, make([]byte, 100)) })
			pending(t, "a Write behind a message that has begun", done)
			writes = append(writes, done)
		}
		begin := time.Now()
		if err := c.BeginClose(patience(t), websocket.StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
		for _, done := range writes {
			wantClosed(t, <-done)
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
	eachServer(t, func(t *testing.T) {
		alone := handshake.DeflateSide{NoContextTakeover: true}
		a, b := deflatedPair(handshake.Deflate{Server: alone, Client: alone}, 1, 1<<20)
		defer a.CloseNow()
		defer b.CloseNow()
		var all sync.WaitGroup
		for i := range 4 {
			s := &saying{r: rand.New(rand.NewPCG(uint64(i), 0))}
			all.Go(func() {
				for range 50 {
					if err := a.Write(patience(t), websocket.MessageBinary, s.noise(600)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 200 {
			if _, p, err := b.Read(patience(t)); len(p) != 600 || err != nil {
				t.Fatal(len(p), err)
			}
		}
		all.Wait()
	})
}

// One to many: compressed once for each set of parameters, understood by all.
func TestPreparedIsCompressedOnce(t *testing.T) {
	eachServer(t, func(t *testing.T) {
		text := strings.Repeat("said to all of them ", 100)
		m := websocket.Prepare(websocket.MessageText, []byte(text))
		never := websocket.PrepareUncompressed(websocket.MessageText, []byte(text))
		frames := map[int]map[string]bool{}
		for i := range 24 {
			bits := 9 + i%3*3
			terms := handshake.Deflate{Server: handshake.DeflateSide{MaxWindowBits: bits, NoContextTakeover: i%2 == 0}}
			c, p, f := facingDeflated(t, websocket.RoleServer, websocket.ConnOptions{Deflate: &terms, CompressionThreshold: -1}, 1<<20)
			for range 3 { // context takeover goes on around it
				for _, say := range []func() error{
					func() error { return c.Write(patience(t), websocket.MessageText, []byte("here "+text)) },
					func() error { return c.WritePrepared(patience(t), m) },
					func() error { return c.Batch().WritePrepared(patience(t), m) },
					func() error { return c.WritePrepared(patience(t), never) },
				} {
					if err := say(); err != nil {
						t.Fatal(err)
					}
				}
				p.wantSaid(f, "here "+text)
				for range 2 {
					x, err := p.next()
					if err != nil || !x.RSV1 {
						t.Fatalf("a prepared message: RSV1 %v, %v", x.RSV1, err)
					}
					if got := f.message(t, x.Payload); got != text {
						t.Fatalf("a prepared message says %.40q", got)
					}
					if frames[bits] == nil {
						frames[bits] = map[string]bool{}
					}
					frames[bits][string(x.Payload)] = true
				}
				if compressed, _ := p.wantSaid(f, text); compressed {
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
