package websocket_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
)

// A cancelled read of a compressed message costs neither the connection nor an
// octet, wherever it was cut off.
func TestCancelledReadResumesInflating(t *testing.T) {
	for name, read := range readWays {
		t.Run(name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role websocket.Role) {
				c, p := facing(t, role, deflating(0), 1<<20)
				d := newDeflater()
				// Every offset of short frames, with a control frame in between.
				for n := range 2 {
					text := strings.Repeat("é candidate", 3+9*n) // the second refers to the first
					wire := func() []byte {
						payload := d.payload(text) + "\x00\x00\xff\xff" + d.payload(text)
						half := len(payload) / 2
						return p.wire(rsv1(part(opText, payload[:half])), whole(opPong, "late"), part(opContinuation, ""), whole(opContinuation, payload[half:]))
					}
					w := wire()
					for cut := 0; cut < len(w); cut++ {
						cutAndResume(t, c, p.sendBytes, w, cut, read, text+text)
						w = wire()
					}
					p.sendBytes(w)
					wantRead(t, c, text+text)
				}
				// More than any window holds, some of it delivered before the cut.
				s := &saying{r: rand.New(rand.NewPCG(8, 8))}
				for _, share := range []int{1, 300, 30, 10, 3} {
					big := string(s.message(300_000))
					wire := p.wire(rsv1(whole(opBinary, d.payload(big))))
					cutAndResume(t, c, p.sendBytes, wire, len(wire)/share-1, read, big)
				}
			})
		})
	}
}

// The rest of a compressed message that a cancelled call has begun can be had by
// another, and what it refers to is there.
func TestCancelledInflatingAndOtherWays(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		for _, n := range []int{20, 5_000, 40_000, 200_000} {
			for second, read := range readWays {
				c, p := facing(t, role, deflating(0), 1<<20)
				s := &saying{r: rand.New(rand.NewPCG(9, uint64(n)))}
				d := newDeflater()
				for turn := range 3 { // takeover goes on
					text := string(s.message(n))
					payload := d.payload(text)
					wire := p.wire(rsv1(part(opBinary, payload[:len(payload)*2/3])), whole(opContinuation, payload[len(payload)*2/3:]))
					at := len(wire) * (turn + 1) / 4
					p.sendBytes(wire[:at])
					ctx, cancel := context.WithCancel(context.Background())
					done := background(func() error { _, _, err := c.Read(ctx); return err })
					pending(t, "Read", done)
					cancel()
					wantIs(t, "Read", <-done, context.Canceled)
					p.sendBytes(wire[at:])
					if got, err := read(patience(t), c); got != text || err != nil {
						t.Fatalf("%s after a cancelled Read: %d octets, %v; want %d", second, len(got), err, n)
					}
				}
			}
		}
	})
}

// A Reader that goes on after a cancelled Read may be cancelled as well, with some of
// what the Read had received still to be delivered: what the rest refers to is there.
func TestCancelledInflatingTwice(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, deflating(0), 1<<20)
		s := &saying{r: rand.New(rand.NewPCG(10, 10))}
		d := newDeflater()
		for range 2 {
			noise := string(s.noise(3_000))
			first, second := d.payload(noise), d.payload(noise+noise)
			p.send(rsv1(part(opBinary, first+"\x00\x00\xff\xff")))
			ctx, cancel := context.WithCancel(context.Background())
			done := background(func() error { _, _, err := c.Read(ctx); return err })
			pending(t, "Read", done)
			cancel()
			wantIs(t, "Read", <-done, context.Canceled)

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
			p.send(whole(opContinuation, second))
			rest, err := readPieces(patience(t), c)
			if string(got)+rest != noise+noise+noise || err != nil {
				t.Fatalf("%d octets, %v; the same up to %d", len(got)+len(rest), err, same([]byte(string(got)+rest), []byte(noise+noise+noise)))
			}
		}
	})
}

// ReadInto with room for the message and no more allocates nothing, and does not
// look beyond it.
func TestInflateIntoExactRoom(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, deflating(0), 1<<20)
		d := newDeflater()
		for _, n := range []int{0, 1, 7, 100, 70_000} {
			text := string((&saying{r: rand.New(rand.NewPCG(4, uint64(n)))}).message(n))
			p.send(rsv1(whole(opBinary, d.payload(text))))
			room := make([]byte, 0, n)
			_, got, err := c.ReadInto(patience(t), room)
			if string(got) != text || err != nil {
				t.Fatalf("%d octets, %v; want %d", len(got), err, n)
			}
			if cap(got) != n {
				t.Errorf("%d octets came in %d", n, cap(got))
			}
		}
	})
}

// A Ping of ours goes on while a compressed message waits for the application.
func TestPingBesideInflating(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, deflating(0), 1<<20)
		payload := deflated(strings.Repeat("waits ", 100))
		p.send(rsv1(part(opText, payload[:5])))
		_, r, err := c.Reader(patience(t))
		if err != nil {
			t.Fatal(err)
		}
		one := make([]byte, 1)
		if n, err := r.Read(one); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		p.send(whole(opContinuation, payload[5:]), whole(opPing, "still there?"))
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
		go c.Read(patience(t))
		p.want("the pong", opPong, "still there?")
	})
}

// Closing drops what is left of a compressed message without looking at it.
func TestCloseInsideCompressedMessage(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		for _, begun := range []bool{false, true} {
			c, p := facing(t, role, deflating(0), 1<<20)
			payload := deflated(strings.Repeat("never mind ", 100))
			p.send(rsv1(part(opText, payload[:5])))
			if begun {
				_, r, err := c.Reader(patience(t))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := r.Read(make([]byte, 1)); err != nil {
					t.Fatal(err)
				}
			}
			done := background(func() error { return c.Close(websocket.StatusNormalClosure, "") })
			p.wantFarewell("closing", websocket.StatusNormalClosure)
			p.send(whole(opContinuation, "\xff\xff"), farewell(websocket.StatusNormalClosure, ""))
			if !p.client {
				_ = p.Close()
			}
			if err := <-done; err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	})
}
