package attack_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

var noLimits = &websocket.ConnOptions{Limits: websocket.Limits{Message: -1, Frame: -1, Fragments: -1}}

// reads are the ways to read, each of which must trust a declared length as little
// as the others.
var reads = map[string]func(c *websocket.Conn, ctx context.Context) error{
	"Read":     func(c *websocket.Conn, ctx context.Context) error { _, _, err := readUntil(ctx, c); return err },
	"ReadInto": func(c *websocket.Conn, ctx context.Context) error { _, _, err := c.ReadInto(ctx, nil); return err },
	"Messages": func(c *websocket.Conn, ctx context.Context) error {
		for _, err := range c.Messages(ctx) {
			return err
		}
		return nil
	},
	"Reader": func(c *websocket.Conn, ctx context.Context) error {
		_, r, err := c.Reader(ctx)
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		return err
	},
	"NetConn": func(c *websocket.Conn, ctx context.Context) error {
		_, err := io.ReadFull(websocket.NetConn(ctx, c, websocket.MessageBinary), make([]byte, 100))
		return err
	},
	"Close": func(c *websocket.Conn, ctx context.Context) error {
		return c.CloseContext(ctx, websocket.StatusNormalClosure, "")
	},
}

// Without a limit of ours a declared length is believed, byte by byte. A length
// that is cut to 32 bits would end the message too early.
func TestAttackDeclaredLength(t *testing.T) {
	t.Run("declared huge length with no data (no prealloc > 64 KiB ahead of bytes)", func(t *testing.T) {
		for name, read := range reads {
			for _, n := range []uint64{1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 1, 1 << 40, 1 << 62, math.MaxInt64} {
				try := attackReading
				if name == "Read" || name == "Close" {
					try = attack
				}
				try(t, fmt.Sprintf("%s of %#x", name, n), noLimits, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
					p.Send(wsplay.Header(wsplay.OpBinary, n))
					p.SendBytes([]byte("five!"))
					ctx, cancel := context.WithTimeout(context.Background(), time.Second)
					defer cancel()
					var err error
					if got := wsplay.Allocated(func() { err = read(c, ctx) }); got > wsplay.Little {
						t.Errorf("%d bytes allocated for 5 that arrived", got)
					}
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("%v, but the message has not come", err)
					}
				})
			}
		}
	})
	t.Run("declared huge length, then the end of the stream", func(t *testing.T) {
		attack(t, "2^63-1", noLimits, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.Fragment(wsplay.OpText, "Hello"), wsplay.Header(wsplay.OpContinuation, math.MaxInt64))
			_ = p.Close()
			_, _, err := read(t, c)
			if closed := wsplay.WantClosed(t, err); !errors.Is(closed.Cause, io.ErrUnexpectedEOF) {
				t.Errorf("%v, want an unexpected end", err)
			}
			wsplay.WantSticky(t, c, wsplay.WantClosed(t, err).Cause)
		})
	})
	// Space doubles as it fills, and is allocated twice with the race detector. What
	// a cancelled read has received is kept in a copy.
	t.Run("declared huge length with some data", func(t *testing.T) {
		attack(t, "1 MiB of 2^62", noLimits, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			const some = 1 << 20
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			data := make([]byte, some)
			got := wsplay.Allocated(func() {
				go func() {
					p.Send(wsplay.Header(wsplay.OpBinary, 1<<62))
					p.SendBytes(data)
				}()
				if _, _, err := readUntil(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			})
			if got > 8*some {
				t.Errorf("%d bytes allocated for %d that arrived", got, some)
			}
		})
	})
	t.Run("frame limit", func(t *testing.T) {
		opts := &websocket.ConnOptions{Limits: websocket.Limits{Message: 10, Frame: 8}}
		attack(t, "at it", opts, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.Fragment(wsplay.OpText, "12345678"), wsplay.Frame(wsplay.OpContinuation, "90"))
			_, got, err := read(t, c)
			if string(got) != "1234567890" || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
		attack(t, "above it", opts, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.Header(wsplay.OpText, 9))
			_, _, err := read(t, c)
			tooMany(t, err, "frame", 8)
			refused(p, c, err, websocket.StatusMessageTooBig)
		})
	})
}

// tooMany says that a read was refused for a limit, by one.
func tooMany(t *testing.T, err error, what string, limit int64) {
	t.Helper()
	over, ok := errors.AsType[*websocket.LimitError](err)
	if !ok || over.What != what || over.Limit != limit || over.Size != uint64(limit)+1 {
		t.Errorf("%v, want one more than %d, of %s", err, limit, what)
	}
}
