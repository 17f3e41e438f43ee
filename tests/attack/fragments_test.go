package attack_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

func TestAttackFragments(t *testing.T) {
	const limit = 10
	few := &websocket.ConnOptions{Limits: websocket.Limits{Fragments: limit, Message: 100}}
	t.Run("count cap incl. empty fragments", func(t *testing.T) {
		for _, payload := range []string{"", "a"} {
			attack(t, fmt.Sprintf("as many as may come of %q", payload), few, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				p.Send(wsplay.Fragment(wsplay.OpText, payload))
				for range limit - 2 {
					p.Send(wsplay.Fragment(wsplay.OpContinuation, payload), wsplay.Frame(wsplay.OpPing, "")) // which does not count
				}
				p.Send(wsplay.Frame(wsplay.OpContinuation, payload))
				_, got, err := read(t, c)
				if string(got) != strings.Repeat(payload, limit) || err != nil {
					t.Errorf("%q, %v", got, err)
				}
			})
			attack(t, fmt.Sprintf("one more of %q", payload), few, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				p.Send(wsplay.Fragment(wsplay.OpText, payload))
				p.Send(slices.Repeat([]naive.Frame{wsplay.Fragment(wsplay.OpContinuation, payload)}, limit)...)
				_, _, err := read(t, c)
				tooMany(t, err, "fragments", limit)
				refused(p, c, err, websocket.StatusMessageTooBig)
			})
		}
		attack(t, "the count begins again with each message", few, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			for range 3 * limit {
				p.Send(wsplay.Fragment(wsplay.OpText, "a"), wsplay.Fragment(wsplay.OpContinuation, ""), wsplay.Frame(wsplay.OpContinuation, "b"))
				if _, got, err := read(t, c); string(got) != "ab" || err != nil {
					t.Fatalf("%q, %v", got, err)
				}
			}
		})
	})
	t.Run("cumulative cap", func(t *testing.T) {
		sixty := wsplay.Fragment(wsplay.OpBinary, strings.Repeat("a", 60))
		attack(t, "at the limit", few, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(sixty, wsplay.Frame(wsplay.OpContinuation, strings.Repeat("b", 40)))
			if _, got, err := read(t, c); len(got) != 100 || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
		// What is above the limit is refused by its header.
		attack(t, "above it", few, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(sixty, wsplay.Fragment(wsplay.OpContinuation, ""), wsplay.Header(wsplay.OpContinuation, 41))
			_, _, err := read(t, c)
			tooMany(t, err, "message", 100)
			refused(p, c, err, websocket.StatusMessageTooBig)
		})
		attackReading(t, "above it, through a Reader", few, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(sixty, wsplay.Header(wsplay.OpContinuation, 41))
			_, r, err := c.Reader(wsplay.Patience(t))
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, r)
			if n != 60 {
				t.Errorf("%d bytes before the limit, want 60", n)
			}
			refused(p, c, err, websocket.StatusMessageTooBig)
			if _, again := r.Read(make([]byte, 1)); wsplay.WantClosed(t, again).Cause != wsplay.WantClosed(t, err).Cause {
				t.Errorf("then %v", again)
			}
		})
		attack(t, "SetReadLimit", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			c.SetReadLimit(5)
			p.Send(wsplay.Fragment(wsplay.OpBinary, "12345"), wsplay.Header(wsplay.OpContinuation, 1))
			_, _, err := read(t, c)
			tooMany(t, err, "message", 5)
			refused(p, c, err, websocket.StatusMessageTooBig)
		})
	})
	// The flood goes on after it was refused, until the connection is dropped.
	t.Run("endless FIN=0", func(t *testing.T) {
		for name, payload := range map[string]string{"empty": "", "of a byte": "a", "of 1 KiB": strings.Repeat("a", 1<<10)} {
			attack(t, name, nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				p.Send(wsplay.Fragment(wsplay.OpText, ""))
				p.Flood(p.Wire(slices.Repeat([]naive.Frame{wsplay.Fragment(wsplay.OpContinuation, payload)}, 64)...))
				_, _, err := read(t, c)
				refused(p, c, err, websocket.StatusMessageTooBig)
			})
		}
	})
	// No timer of ours limits a message: the context of the read does, and costs the
	// connection nothing.
	t.Run("slow-drip fragment timeout", func(t *testing.T) {
		attack(t, "one byte a second", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			go func() {
				p.Send(wsplay.Fragment(wsplay.OpText, "a"))
				for range 59 {
					time.Sleep(time.Second)
					p.Send(wsplay.Fragment(wsplay.OpContinuation, "a"))
				}
				p.Send(wsplay.Frame(wsplay.OpContinuation, "a"))
			}()
			begin := time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if _, _, err := readUntil(ctx, c); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 10*time.Second {
				t.Errorf("%v after %v", err, time.Since(begin))
			}
			wantRead(t, c, strings.Repeat("a", 61))
		})
		attack(t, "Close does not wait for the rest", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.Fragment(wsplay.OpText, "a"))
			p.Flood(p.Wire(wsplay.Fragment(wsplay.OpContinuation, "a")))
			begin := time.Now()
			err := c.Close(websocket.StatusPolicyViolation, "too slow")
			if !errors.Is(err, websocket.ErrCloseTimeout) || time.Since(begin) != 5*time.Second {
				t.Errorf("%v after %v", err, time.Since(begin))
			}
		})
	})
	t.Run("bookkeeping bytes per fragment O(1)", func(t *testing.T) {
		for _, name := range []string{"Read", "Reader", "Messages"} {
			for _, role := range wsplay.Roles {
				t.Run(name+"/"+role.String(), func(t *testing.T) {
					frames := slices.Repeat([]naive.Frame{wsplay.Fragment(wsplay.OpContinuation, "")}, 60_000)
					frames[0].Opcode, frames[len(frames)-1].FIN = wsplay.OpText, true
					p := wsplay.NewPeer(t, role, nil)
					a, _ := net.Pipe()
					c := websocket.NewConn(&ahead{a, bytes.NewReader(p.Wire(frames...))}, role, nil)
					defer c.CloseNow()
					got := wsplay.Allocated(func() {
						if err := reads[name](c, wsplay.Patience(t)); err != nil {
							t.Error(err)
						}
					})
					if got > wsplay.Little {
						t.Errorf("%d bytes allocated for %d empty fragments", got, len(frames))
					}
				})
			}
		}
	})
	t.Run("continuation without start", func(t *testing.T) {
		v := conn.ErrContinuationWithoutStart
		testOrder(t, "alone", v, wsplay.Frame(wsplay.OpContinuation, "a"))
		testOrder(t, "alone, not the last", v, wsplay.Fragment(wsplay.OpContinuation, "a"))
		testOrder(t, "alone, empty", v, wsplay.Frame(wsplay.OpContinuation, ""))
		testOrder(t, "after a ping", v, wsplay.Frame(wsplay.OpPing, "a"), wsplay.Frame(wsplay.OpContinuation, ""))
		testOrder(t, "after a whole message", v, wsplay.Frame(wsplay.OpText, "a"), wsplay.Frame(wsplay.OpContinuation, ""))
		testOrder(t, "after the last fragment", v, wsplay.Fragment(wsplay.OpText, "a"), wsplay.Frame(wsplay.OpContinuation, "b"), wsplay.Fragment(wsplay.OpContinuation, ""))
	})
	t.Run("new data mid-message", func(t *testing.T) {
		v := conn.ErrMessageNotFinished
		testOrder(t, "text in text", v, wsplay.Fragment(wsplay.OpText, "a"), wsplay.Frame(wsplay.OpText, "b"))
		testOrder(t, "binary in text", v, wsplay.Fragment(wsplay.OpText, "a"), wsplay.Fragment(wsplay.OpBinary, "b"))
		testOrder(t, "text in binary, after an empty fragment", v, wsplay.Fragment(wsplay.OpBinary, ""), wsplay.Fragment(wsplay.OpContinuation, ""), wsplay.Frame(wsplay.OpText, ""))
		testOrder(t, "after a ping in fragments", v, wsplay.Fragment(wsplay.OpText, "a"), wsplay.Frame(wsplay.OpPing, ""), wsplay.Frame(wsplay.OpText, "b"))
	})
}

// ahead is a connection on which something has arrived already.
type ahead struct {
	net.Conn
	arrived *bytes.Reader
}

func (a *ahead) Read(p []byte) (int, error) {
	if a.arrived.Len() > 0 {
		return a.arrived.Read(p)
	}
	return a.Conn.Read(p)
}

// testOrder sends frames the last of which may not come now.
func testOrder(t *testing.T, name string, v *frame.Violation, frames ...naive.Frame) {
	t.Helper()
	attack(t, name, nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		p.Send(frames...)
		var err error
		for err == nil {
			_, _, err = read(t, c)
		}
		if !errors.Is(err, v) {
			t.Errorf("%v, want %v", err, v)
		}
		for _, f := range frames {
			if f.Opcode == wsplay.OpPing {
				p.Want("the ping before", wsplay.OpPong, string(f.Payload))
			}
		}
		refused(p, c, err, websocket.StatusProtocolError)
	})
}
