package websocket_test

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
)

func TestAttackFragments(t *testing.T) {
	const limit = 10
	few := &websocket.ConnOptions{Limits: websocket.Limits{Fragments: limit, Message: 100}}
	t.Run("count cap incl. empty fragments", func(t *testing.T) {
		for _, payload := range []string{"", "a"} {
			attack(t, fmt.Sprintf("as many as may come of %q", payload), few, func(t *testing.T, c *websocket.Conn, p *peer) {
				p.send(part(opText, payload))
				for range limit - 2 {
					p.send(part(opContinuation, payload), whole(opPing, "")) // which does not count
				}
				p.send(whole(opContinuation, payload))
				_, got, err := c.Read(patience(t))
				if string(got) != strings.Repeat(payload, limit) || err != nil {
					t.Errorf("%q, %v", got, err)
				}
			})
			attack(t, fmt.Sprintf("one more of %q", payload), few, func(t *testing.T, c *websocket.Conn, p *peer) {
				p.send(part(opText, payload))
				p.send(slices.Repeat([]naive.Frame{part(opContinuation, payload)}, limit)...)
				_, _, err := c.Read(patience(t))
				tooMany(t, err, "fragments", limit)
				p.refused(c, err, websocket.StatusMessageTooBig)
			})
		}
		attack(t, "the count begins again with each message", few, func(t *testing.T, c *websocket.Conn, p *peer) {
			for range 3 * limit {
				p.send(part(opText, "a"), part(opContinuation, ""), whole(opContinuation, "b"))
				if _, got, err := c.Read(patience(t)); string(got) != "ab" || err != nil {
					t.Fatalf("%q, %v", got, err)
				}
			}
		})
	})
	t.Run("cumulative cap", func(t *testing.T) {
		sixty := part(opBinary, strings.Repeat("a", 60))
		attack(t, "at the limit", few, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(sixty, whole(opContinuation, strings.Repeat("b", 40)))
			if _, got, err := c.Read(patience(t)); len(got) != 100 || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
		// What is above the limit is refused by its header.
		attack(t, "above it", few, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(sixty, part(opContinuation, ""), only(opContinuation, 41))
			_, _, err := c.Read(patience(t))
			tooMany(t, err, "message", 100)
			p.refused(c, err, websocket.StatusMessageTooBig)
		})
		attack(t, "above it, through a Reader", few, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(sixty, only(opContinuation, 41))
			_, r, err := c.Reader(patience(t))
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, r)
			if n != 60 {
				t.Errorf("%d octets before the limit, want 60", n)
			}
			p.refused(c, err, websocket.StatusMessageTooBig)
			if _, again := r.Read(make([]byte, 1)); wantClosed(t, again).Cause != wantClosed(t, err).Cause {
				t.Errorf("then %v", again)
			}
		})
		attack(t, "SetReadLimit", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			c.SetReadLimit(5)
			p.send(part(opBinary, "12345"), only(opContinuation, 1))
			_, _, err := c.Read(patience(t))
			tooMany(t, err, "message", 5)
			p.refused(c, err, websocket.StatusMessageTooBig)
		})
	})
	// The flood goes on after it was refused, until the connection is dropped.
	t.Run("endless FIN=0", func(t *testing.T) {
		for name, payload := range map[string]string{"empty": "", "of an octet": "a", "of 1 KiB": strings.Repeat("a", 1<<10)} {
			attack(t, name, nil, func(t *testing.T, c *websocket.Conn, p *peer) {
				p.send(part(opText, ""))
				p.flood(p.wire(slices.Repeat([]naive.Frame{part(opContinuation, payload)}, 64)...))
				_, _, err := c.Read(patience(t))
				p.refused(c, err, websocket.StatusMessageTooBig)
			})
		}
	})
	// No timer of ours limits a message: the context of the read does, and costs the
	// connection nothing.
	t.Run("slow-drip fragment timeout", func(t *testing.T) {
		attack(t, "one octet a second", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			go func() {
				p.send(part(opText, "a"))
				for range 59 {
					time.Sleep(time.Second)
					p.send(part(opContinuation, "a"))
				}
				p.send(whole(opContinuation, "a"))
			}()
			begin := time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if _, _, err := c.Read(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 10*time.Second {
				t.Errorf("%v after %v", err, time.Since(begin))
			}
			wantRead(t, c, strings.Repeat("a", 61))
		})
		attack(t, "Close does not wait for the rest", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(part(opText, "a"))
			p.flood(p.wire(part(opContinuation, "a")))
			begin := time.Now()
			err := c.Close(websocket.StatusPolicyViolation, "too slow")
			if !errors.Is(err, websocket.ErrCloseTimeout) || time.Since(begin) != 5*time.Second {
				t.Errorf("%v after %v", err, time.Since(begin))
			}
		})
	})
	t.Run("bookkeeping bytes per fragment O(1)", func(t *testing.T) {
		for _, name := range []string{"Read", "Reader", "Messages"} {
			for _, role := range bothRoles {
				t.Run(name+"/"+role.String(), func(t *testing.T) {
					frames := slices.Repeat([]naive.Frame{part(opContinuation, "")}, 60_000)
					frames[0].Opcode, frames[len(frames)-1].FIN = opText, true
					p := peerOf(t, role, nil)
					a, _ := net.Pipe()
					c := websocket.NewConn(&ahead{a, bytes.NewReader(p.wire(frames...))}, role, nil)
					defer c.CloseNow()
					got := allocated(func() {
						if err := reads[name](c, patience(t)); err != nil {
							t.Error(err)
						}
					})
					if got > little {
						t.Errorf("%d octets allocated for %d empty fragments", got, len(frames))
					}
				})
			}
		}
	})
	t.Run("continuation without start", func(t *testing.T) {
		v := conn.ErrContinuationWithoutStart
		testOrder(t, "alone", v, whole(opContinuation, "a"))
		testOrder(t, "alone, not the last", v, part(opContinuation, "a"))
		testOrder(t, "alone, empty", v, whole(opContinuation, ""))
		testOrder(t, "after a ping", v, whole(opPing, "a"), whole(opContinuation, ""))
		testOrder(t, "after a whole message", v, whole(opText, "a"), whole(opContinuation, ""))
		testOrder(t, "after the last fragment", v, part(opText, "a"), whole(opContinuation, "b"), part(opContinuation, ""))
	})
	t.Run("new data mid-message", func(t *testing.T) {
		v := conn.ErrMessageNotFinished
		testOrder(t, "text in text", v, part(opText, "a"), whole(opText, "b"))
		testOrder(t, "binary in text", v, part(opText, "a"), part(opBinary, "b"))
		testOrder(t, "text in binary, after an empty fragment", v, part(opBinary, ""), part(opContinuation, ""), whole(opText, ""))
		testOrder(t, "after a ping in fragments", v, part(opText, "a"), whole(opPing, ""), whole(opText, "b"))
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
	attack(t, name, nil, func(t *testing.T, c *websocket.Conn, p *peer) {
		p.send(frames...)
		var err error
		for err == nil {
			_, _, err = c.Read(patience(t))
		}
		if !errors.Is(err, v) {
			t.Errorf("%v, want %v", err, v)
		}
		for _, f := range frames {
			if f.Opcode == opPing {
				p.want("the ping before", opPong, string(f.Payload))
			}
		}
		p.refused(c, err, websocket.StatusProtocolError)
	})
}
