//go:build poolcheck && unix

package websocket_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/poolcheck"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A loop that leaves while another read is inside cannot settle what its body had of
// the read buffer. Whoever is inside gives it back: when the connection ends, or when
// the next loop resides.
func TestPoolCheckOfABodyThatLeaves(t *testing.T) {
	for _, again := range []bool{false, true} {
		onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			before := lent(t, "read buffers")
			long := strings.Repeat("l", 10_000) // its body runs where it lies in the buffer
			leave := func() <-chan error {
				inside := make(chan error, 1)
				done := wsplay.Go(func() error {
					for m, err := range c.Messages(context.Background()) {
						if err != nil {
							return err
						}
						if len(m.Data) < len(long) {
							if err := c.Write(context.Background(), m.Type, m.Data); err != nil {
								return err
							}
							continue
						}
						go func() {
							_, _, err := c.Read(context.Background())
							inside <- err
						}()
						for range 1000 { // until that is inside
							ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
							_, _, err := c.Read(ctx)
							cancel()
							if err != nil {
								break
							}
						}
						return nil
					}
					return nil
				})
				p.Busy()
				p.Send(wsplay.Frame(wsplay.OpText, long))
				if err := wsplay.Returned(t, "the loop", done); err != nil {
					t.Error(err)
				}
				return inside
			}
			inside := leave()
			if again {
				p.Send(wsplay.Frame(wsplay.OpText, "for the other read"))
				if err := wsplay.Returned(t, "the other read", inside); err != nil {
					t.Error(err)
				}
				inside = leave()
			}
			p.HalfClose()
			_ = wsplay.Returned(t, "the read", inside)
			_ = c.CloseNow()
			for range 200 {
				if lent(t, "read buffers") == before {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			if n := lent(t, "read buffers") - before; n != 0 {
				t.Errorf("%d buffers are out, a second loop %v", n, again)
			}
			if faults := poolcheck.Faults(); len(faults) > 0 {
				t.Errorf("%q", faults)
			}
		})
	}
}
