package deflate_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A cancelled read of a compressed message costs neither the connection nor an
// byte, wherever it was cut off.
func TestCancelledReadResumesInflating(t *testing.T) {
	for name, read := range wsplay.ReadWays {
		t.Run(name, func(t *testing.T) {
			wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
				c, p := wsplay.Pipe(t, role, wsplay.Deflating(0), 1<<20)
				d := wsplay.NewDeflater()
				// Every offset of short frames, with a control frame in between.
				for n := range 2 {
					text := strings.Repeat("é candidate", 3+9*n) // the second refers to the first
					wire := func() []byte {
						payload := d.Payload(text) + "\x00\x00\xff\xff" + d.Payload(text)
						half := len(payload) / 2
						return p.Wire(wsplay.RSV1(wsplay.Fragment(wsplay.OpText, payload[:half])), wsplay.Frame(wsplay.OpPong, "late"), wsplay.Fragment(wsplay.OpContinuation, ""), wsplay.Frame(wsplay.OpContinuation, payload[half:]))
					}
					w := wire()
					for cut := 0; cut < len(w); cut++ {
						wsplay.CutAndResume(t, c, p.SendBytes, w, cut, read, text+text)
						w = wire()
					}
					p.SendBytes(w)
					wsplay.WantRead(t, c, text+text)
				}
				// More than any window holds, some of it delivered before the cut.
				s := &wsplay.Sayings{R: rand.New(rand.NewPCG(8, 8))}
				for _, share := range []int{1, 300, 30, 10, 3} {
					big := string(s.Message(300_000))
					wire := p.Wire(wsplay.RSV1(wsplay.Frame(wsplay.OpBinary, d.Payload(big))))
					wsplay.CutAndResume(t, c, p.SendBytes, wire, len(wire)/share-1, read, big)
				}
			})
		})
	}
}

// The rest of a compressed message that a cancelled call has begun can be had by
// another, and what it refers to is there.
func TestCancelledInflatingAndOtherWays(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for _, n := range []int{20, 5_000, 40_000, 200_000} {
			for second, read := range wsplay.ReadWays {
				c, p := wsplay.Pipe(t, role, wsplay.Deflating(0), 1<<20)
				s := &wsplay.Sayings{R: rand.New(rand.NewPCG(9, uint64(n)))}
				d := wsplay.NewDeflater()
				for turn := range 3 { // takeover goes on
					text := string(s.Message(n))
					payload := d.Payload(text)
					wire := p.Wire(wsplay.RSV1(wsplay.Fragment(wsplay.OpBinary, payload[:len(payload)*2/3])), wsplay.Frame(wsplay.OpContinuation, payload[len(payload)*2/3:]))
					at := len(wire) * (turn + 1) / 4
					p.SendBytes(wire[:at])
					ctx, cancel := context.WithCancel(context.Background())
					done := wsplay.Go(func() error { _, _, err := c.Read(ctx); return err })
					wsplay.Pending(t, "Read", done)
					cancel()
					wsplay.WantIs(t, "Read", <-done, context.Canceled)
					p.SendBytes(wire[at:])
					if got, err := read(wsplay.Patience(t), c); got != text || err != nil {
						t.Fatalf("%s after a cancelled Read: %d bytes, %v; want %d", second, len(got), err, n)
					}
				}
			}
		}
	})
}

// A Reader that goes on after a cancelled Read may be cancelled as well, with some of
// what the Read had received still to be delivered: what the rest refers to is there.
func TestCancelledInflatingTwice(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, wsplay.Deflating(0), 1<<20)
		s := &wsplay.Sayings{R: rand.New(rand.NewPCG(10, 10))}
		d := wsplay.NewDeflater()
		for range 2 {
			noise := string(s.Noise(3_000))
			first, second := d.Payload(noise), d.Payload(noise+noise)
			p.Send(wsplay.RSV1(wsplay.Fragment(wsplay.OpBinary, first+"\x00\x00\xff\xff")))
			ctx, cancel := context.WithCancel(context.Background())
			done := wsplay.Go(func() error { _, _, err := c.Read(ctx); return err })
			wsplay.Pending(t, "Read", done)
			cancel()
			wsplay.WantIs(t, "Read", <-done, context.Canceled)

			ctx, cancel = context.WithCancel(context.Background())
			_, r, err := c.Reader(ctx)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 1_000)
			if n, err := r.Read(got); n != len(got) || err != nil {
				t.Fatal(n, err)
			}
			cancel()
			p.Send(wsplay.Frame(wsplay.OpContinuation, second))
			rest, err := wsplay.ReadPieces(wsplay.Patience(t), c)
			if string(got)+rest != noise+noise+noise || err != nil {
				t.Fatalf("%d bytes, %v; the same up to %d", len(got)+len(rest), err, same([]byte(string(got)+rest), []byte(noise+noise+noise)))
			}
		}
	})
}

// ReadInto with room for the message and no more allocates nothing, and does not
// look beyond it.
func TestInflateIntoExactRoom(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, wsplay.Deflating(0), 1<<20)
		d := wsplay.NewDeflater()
		for _, n := range []int{0, 1, 7, 100, 70_000} {
			text := string((&wsplay.Sayings{R: rand.New(rand.NewPCG(4, uint64(n)))}).Message(n))
			p.Send(wsplay.RSV1(wsplay.Frame(wsplay.OpBinary, d.Payload(text))))
			room := make([]byte, 0, n)
			_, got, err := c.ReadInto(wsplay.Patience(t), room)
			if string(got) != text || err != nil {
				t.Fatalf("%d bytes, %v; want %d", len(got), err, n)
			}
			if cap(got) != n {
				t.Errorf("%d bytes came in %d", n, cap(got))
			}
		}
	})
}

// A Ping of ours goes on while a compressed message waits for the application.
func TestPingBesideInflating(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, wsplay.Deflating(0), 1<<20)
		payload := wsplay.Deflated(strings.Repeat("waits ", 100))
		p.Send(wsplay.RSV1(wsplay.Fragment(wsplay.OpText, payload[:5])))
		_, r, err := c.Reader(wsplay.Patience(t))
		if err != nil {
			t.Fatal(err)
		}
		one := make([]byte, 1)
		if n, err := r.Read(one); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		p.Send(wsplay.Frame(wsplay.OpContinuation, payload[5:]), wsplay.Frame(wsplay.OpPing, "still there?"))
		got := string(one)
		piece := make([]byte, 7)
		for {
			n, err := r.Read(piece)
			if got += string(piece[:n]); err != nil {
				break
			}
		}
		if got != strings.Repeat("waits ", 100) {
			t.Errorf("got %q", got)
		}
		go c.Read(wsplay.Patience(t))
		p.Want("the pong", wsplay.OpPong, "still there?")
	})
}

// Closing drops what is left of a compressed message without looking at it.
func TestCloseInsideCompressedMessage(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for _, begun := range []bool{false, true} {
			c, p := wsplay.Pipe(t, role, wsplay.Deflating(0), 1<<20)
			payload := wsplay.Deflated(strings.Repeat("never mind ", 100))
			p.Send(wsplay.RSV1(wsplay.Fragment(wsplay.OpText, payload[:5])))
			if begun {
				_, r, err := c.Reader(wsplay.Patience(t))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := r.Read(make([]byte, 1)); err != nil {
					t.Fatal(err)
				}
			}
			done := wsplay.Go(func() error { return c.Close(websocket.StatusNormalClosure, "") })
			p.WantClose("closing", websocket.StatusNormalClosure)
			p.Send(wsplay.Frame(wsplay.OpContinuation, "\xff\xff"), wsplay.CloseFrame(websocket.StatusNormalClosure, ""))
			if !p.Client {
				_ = p.Close()
			}
			if err := <-done; err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	})
}
