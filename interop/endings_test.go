package interop

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	gobwas "github.com/gobwas/ws"
	"github.com/hawser-ws/websocket"
)

// Real peers end connections badly. The tests here play such peers on bare TCP,
// as the client and as the server, against one rule: a close code that has
// arrived is what the application sees, whatever happens to TCP behind it.

// promptly is how soon a call returns when nothing can arrive any more. It is
// below the timeout of the closing handshake, which such a call must not use up.
const promptly = 3 * time.Second

// wantRead reads the message that the script has sent.
func wantRead(t *testing.T, ctx context.Context, c *websocket.Conn, want string) {
	t.Helper()
	kind, data, err := c.Read(ctx)
	if err != nil {
		t.Fatalf("Read: %v, want the message %q", err, want)
	}
	if got := (message{kind, data}); !got.is(text(want)) {
		t.Fatalf("Read: %v, want %q", got, want)
	}
}

// wantReadClosed checks that reading reports this close code, again and again.
func wantReadClosed(t *testing.T, ctx context.Context, c *websocket.Conn, code int, reason string) {
	t.Helper()
	for _, who := range []string{"Read", "Read once more"} {
		_, _, err := c.Read(ctx)
		if v := verdictOf(err); err == nil || v.Code != code || v.Reason != reason {
			t.Errorf("%s: %v: the close code in it is %v, want %d %q", who, err, v, code, reason)
		}
	}
}

// wantGone checks an error of a connection that ended without a Close frame.
func wantGone(t *testing.T, who string, err error) {
	t.Helper()
	wantDropped(t, who, err)
	for _, target := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET} {
		if errors.Is(err, target) {
			return
		}
	}
	t.Errorf("%s: %v matches none of the errors that mean that the connection is gone", who, err)
}

// result is what became of a call in a goroutine of its own.
type result chan error

func inBackground(call func() error) result {
	done := make(result, 1)
	go func() { done <- call() }()
	return done
}

func (done result) get(t *testing.T, who string) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(promptly):
		t.Fatalf("%s has not returned after %v", who, promptly)
		return nil
	}
}

// wantPromptClose checks only that Close does not wait for what cannot come.
func wantPromptClose(t *testing.T, c *websocket.Conn) {
	t.Helper()
	inBackground(func() error { return c.Close(4001, "bye") }).get(t, "Close")
}

// The Close frame arrives, then RST.
func TestCloseFrameThenReset(t *testing.T) {
	bothRoles(t, func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script) {
		p.send(textFrame("last"))
		p.send(closeFrame(4010, "gone"))
		p.reset()

		wantRead(t, ctx, c, "last")
		wantReadClosed(t, ctx, c, 4010, "gone")
		if err := c.Write(ctx, websocket.MessageText, []byte("too late")); err == nil {
			t.Error("Write on a closed connection = nil")
		}
		wantPromptClose(t, c)
		wantReadClosed(t, ctx, c, 4010, "gone")
	})
}

// The same, while the application is reading already.
func TestCloseFrameThenResetWhileReading(t *testing.T) {
	bothRoles(t, func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script) {
		p.send(textFrame("first"))
		wantRead(t, ctx, c, "first")
		reading := inBackground(func() error {
			_, _, err := c.Read(ctx)
			return err
		})
		p.send(closeFrame(4011, "gone"))
		p.reset()

		want(t, "the pending Read", verdictOf(reading.get(t, "Read")), 4011, "gone")
		wantReadClosed(t, ctx, c, 4011, "gone")
	})
}

// The peer closes TCP while it has unread bytes of ours: its kernel sends RST.
func TestCloseFrameThenResetByUnreadData(t *testing.T) {
	bothRoles(t, func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script) {
		if err := c.Write(ctx, websocket.MessageBinary, pattern(20_000)); err != nil {
			t.Fatal(err)
		}
		if _, err := p.r.Peek(1); err != nil { // it has arrived
			t.Fatal(err)
		}
		p.send(textFrame("last"), closeFrame(4012, "not listening"))
		p.c.Close()

		wantRead(t, ctx, c, "last")
		wantReadClosed(t, ctx, c, 4012, "not listening")
	})
}

// The peer's Close frame and RST are here before the application calls Close:
// our own Close frame cannot be sent, theirs can still be read.
func TestResetBeforeOurClose(t *testing.T) {
	bothRoles(t, func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script) {
		p.send(closeFrame(4013, "gone first"))
		p.reset()

		wantPromptClose(t, c)
		wantReadClosed(t, ctx, c, 4013, "gone first")
	})
}

// The peer's Close frame and RST are here while the application only writes.
func TestResetWhileWriting(t *testing.T) {
	bothRoles(t, func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script) {
		p.send(closeFrame(4014, "slow down"))
		p.reset()

		failed := false
		for range 1000 {
			if err := c.Write(ctx, websocket.MessageBinary, pattern(1000)); err != nil {
				failed = true
				break
			}
		}
		if !failed {
			t.Error("1000 writes to a connection that was reset succeeded")
		}
		wantReadClosed(t, ctx, c, 4014, "slow down")
		wantPromptClose(t, c)
	})
}

// Our Close frame is on its way when RST arrives instead of an answer.
func TestResetInsteadOfAnswer(t *testing.T) {
	bothRoles(t, func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script) {
		closing := inBackground(func() error { return c.Close(4001, "bye") })
		want(t, "the script", p.receiveClose(), 4001, "bye")
		p.reset()

		wantGone(t, "Close", closing.get(t, "Close"))
		_, _, err := c.Read(ctx)
		wantDropped(t, "Read", err)
	})
}

// Our Close frame is on its way when FIN arrives instead of an answer.
func TestFINInsteadOfAnswer(t *testing.T) {
	bothRoles(t, func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script) {
		closing := inBackground(func() error { return c.Close(4001, "bye") })
		want(t, "the script", p.receiveClose(), 4001, "bye")
		p.c.Close()

		wantGone(t, "Close", closing.get(t, "Close"))
		_, _, err := c.Read(ctx)
		wantDropped(t, "Read", err)
	})
}

// The answer to our Close frame arrives, then RST: the handshake is complete.
func TestResetBehindAnswer(t *testing.T) {
	bothRoles(t, func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script) {
		closing := inBackground(func() error { return c.Close(4001, "bye") })
		want(t, "the script", p.receiveClose(), 4001, "bye")
		p.send(closeFrame(4001, ""))
		p.reset()

		if err := closing.get(t, "Close"); err != nil {
			t.Errorf("Close = %v, want nil", err)
		}
		wantReadClosed(t, ctx, c, 4001, "")
	})
}

// Both ends begin the closing handshake, and the peer closes TCP with it.
func TestCrossedCloses(t *testing.T) {
	bothRoles(t, func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script) {
		p.send(closeFrame(4015, "me first"))
		p.c.CloseWrite()

		wantPromptClose(t, c)
		wantReadClosed(t, ctx, c, 4015, "me first")
		p.receiveClose()
		p.receiveEnd()
	})
}

// The Close frame is glued to the last data frame.
func TestCloseFrameGluedToData(t *testing.T) {
	bothRoles(t, func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script) {
		p.send(textFrame("last"), closeFrame(4016, "that was all"))

		wantRead(t, ctx, c, "last")
		reading := inBackground(func() error {
			_, _, err := c.Read(ctx)
			return err
		})
		if v := p.receiveClose(); v.Code != 4016 {
			t.Errorf("our answer is %v, want the code 4016", v)
		}
		if p.isClient { // then our end closes TCP first (§7.1.1)
			p.receiveEnd()
		}
		p.c.Close()
		want(t, "Read", verdictOf(reading.get(t, "Read")), 4016, "that was all")
		wantReadClosed(t, ctx, c, 4016, "that was all")
	})
}

// A Close frame without a code is 1005, and is answered with one like it.
func TestCloseFrameWithoutCode(t *testing.T) {
	bothRoles(t, func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script) {
		p.send(gobwas.NewCloseFrame(nil))
		p.c.CloseWrite()

		wantReadClosed(t, ctx, c, 1005, "")
		want(t, "the script", p.receiveClose(), 1005, "")
		p.receiveEnd()
	})
}

// The peer goes on with a message, and begins another, before it answers.
func TestDataBehindOurClose(t *testing.T) {
	bothRoles(t, func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script) {
		closing := inBackground(func() error { return c.Close(4001, "bye") })
		want(t, "the script", p.receiveClose(), 4001, "bye")
		for range 10 {
			p.send(gobwas.NewBinaryFrame(pattern(10_000)))
		}
		p.send(gobwas.NewFrame(gobwas.OpText, false, []byte("never ended")), gobwas.NewPingFrame(nil), closeFrame(4001, "bye"))
		if p.isClient {
			if n, err := io.Copy(io.Discard, p.r); err != nil {
				t.Errorf("behind our Close frame the script received %d bytes and %v, want the end of TCP", n, err)
			}
		}
		p.c.Close()

		if err := closing.get(t, "Close"); err != nil {
			t.Errorf("Close = %v, want nil", err)
		}
	})
}

// TCP ends without a Close frame, at every kind of place.
func TestNoCloseFrame(t *testing.T) {
	message := gobwas.NewBinaryFrame(pattern(1000))
	for _, tt := range []struct {
		name string
		sent func(p *script) []byte
		end  func(p *script)
	}{
		{"FIN between messages", func(*script) []byte { return nil }, hangUp},
		{"FIN in a header", func(p *script) []byte { return p.bytes(message)[:3] }, hangUp},
		{"FIN behind a header", func(p *script) []byte { return p.bytes(message)[:len(p.bytes(message))-1000] }, hangUp},
		{"FIN in a payload", func(p *script) []byte { return p.bytes(message)[:500] }, hangUp},
		{"FIN between fragments", func(p *script) []byte { return p.bytes(gobwas.NewFrame(gobwas.OpText, false, []byte("half"))) }, hangUp},
		{"FIN in a Close frame", func(p *script) []byte { return p.bytes(closeFrame(4017, "cut"))[:5] }, hangUp},
		{"RST between messages", func(*script) []byte { return nil }, (*script).reset},
		{"RST in a payload", func(p *script) []byte { return p.bytes(message)[:500] }, (*script).reset},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bothRoles(t, func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script) {
				p.send(textFrame("last"))
				p.sendBytes(tt.sent(p))
				tt.end(p)

				wantRead(t, ctx, c, "last")
				for _, who := range []string{"Read", "Read once more"} {
					_, _, err := c.Read(ctx)
					wantGone(t, who, err)
				}
				wantPromptClose(t, c)
			})
		})
	}
}

func hangUp(p *script) { p.c.Close() }

// Our own Write waits for a peer that has stopped reading, and then leaves.
func TestResetWhileWriteWaits(t *testing.T) {
	bothRoles(t, func(t *testing.T, ctx context.Context, c *websocket.Conn, p *script) {
		writing := inBackground(func() error {
			for {
				if err := c.Write(ctx, websocket.MessageBinary, pattern(100_000)); err != nil {
					return err
				}
			}
		})
		if _, err := p.r.Peek(1); err != nil { // it has begun
			t.Fatal(err)
		}
		p.send(closeFrame(4019, "too much"))
		p.reset()

		if err := writing.get(t, "Write"); err == nil {
			t.Error("Write = nil")
		}
		wantReadClosed(t, ctx, c, 4019, "too much")
		wantPromptClose(t, c)
	})
}

// A whole conversation arrives in one segment with the handshake.
func TestGluedToHandshake(t *testing.T) {
	t.Parallel()
	for _, role := range roles {
		for _, end := range []struct {
			name string
			of   func(*script)
		}{
			{"FIN", func(p *script) { p.c.CloseWrite() }},
			{"RST", (*script).reset},
		} {
			t.Run(role.name+", "+end.name, func(t *testing.T) {
				t.Parallel()
				ctx := bounded(t)
				c, p := role.connect(t, ctx, textFrame("early"), closeFrame(4018, "that was quick"))
				end.of(p)

				wantRead(t, ctx, c, "early")
				wantReadClosed(t, ctx, c, 4018, "that was quick")
			})
		}
	}
}
