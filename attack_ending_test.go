package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
)

// stall is what a peer may leave off in the middle of.
var stalls = map[string]func(p *peer){
	"after nothing":           func(p *peer) {},
	"in a header":             func(p *peer) { p.sendBytes(p.wire(whole(opBinary, string(make([]byte, 126))))[:3]) },
	"in a payload":            func(p *peer) { p.send(with(whole(opText, "abc"), func(f *naive.Frame) { f.Length = 100 })) },
	"in a large payload":      func(p *peer) { p.send(only(opBinary, 1<<20)) },
	"in a fragmented message": func(p *peer) { p.send(part(opText, "a")) },
	"in a ping":               func(p *peer) { p.send(only(opPing, 5)) },
	"in its Close frame":      func(p *peer) { p.send(only(opClose, 2)) },
}

// closeTimeout is Timeouts.Close of the tests here, another than the default.
const closeTimeout = 7 * time.Second

var closeSoon = &websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: closeTimeout}}

// withoutAnswer says that Close gave up when its time was over.
func withoutAnswer(t *testing.T, c *websocket.Conn, call func() error) {
	t.Helper()
	begin := time.Now()
	err := call()
	if e := wantClosed(t, err); !errors.Is(e.Cause, websocket.ErrCloseTimeout) || e.Clean() || e.Received != nil {
		t.Errorf("%+v; want a timeout", e)
	}
	if took := time.Since(begin); took != closeTimeout {
		t.Errorf("it took %v, not %v", took, closeTimeout)
	}
	sticks(t, c, websocket.ErrCloseTimeout)
}

func TestAttackClosing(t *testing.T) {
	closeIt := func(c *websocket.Conn) func() error {
		return func() error { return c.Close(websocket.StatusNormalClosure, "") }
	}
	t.Run("peer never answers; peer stalls mid-frame", func(t *testing.T) {
		for name, stall := range stalls {
			attack(t, name, closeSoon, func(t *testing.T, c *websocket.Conn, p *peer) {
				stall(p)
				withoutAnswer(t, c, closeIt(c))
				p.want("our Close", opClose, "\x03\xe8")
				p.wantEnd("Close has given up")
			})
			attack(t, name+", a read is waiting", closeSoon, func(t *testing.T, c *websocket.Conn, p *peer) {
				stall(p)
				read := background(func() error { _, _, err := c.Read(patience(t)); return err })
				synctest.Wait()
				withoutAnswer(t, c, closeIt(c))
				wantCause(t, "Read", <-read, websocket.ErrCloseTimeout)
			})
			attack(t, name+", CloseContext", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
				stall(p)
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				begin := time.Now()
				err := c.CloseContext(ctx, websocket.StatusNormalClosure, "")
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
					t.Errorf("%v after %v", err, time.Since(begin))
				}
			})
		}
	})
	t.Run("peer never answers and does not read", func(t *testing.T) {
		for _, role := range bothRoles {
			t.Run(role.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, _ := facing(t, role, closeSoon, 1)
					written := background(func() error { return c.Write(patience(t), websocket.MessageBinary, make([]byte, 100<<10)) })
					synctest.Wait()
					withoutAnswer(t, c, closeIt(c))
					wantCause(t, "Write", <-written, websocket.ErrCloseTimeout)
				})
			})
		}
	})
	t.Run("peer floods data during closing", func(t *testing.T) {
		for name, frames := range map[string][]naive.Frame{
			"messages":         {whole(opBinary, string(make([]byte, 1000)))},
			"fragments":        {part(opText, ""), whole(opContinuation, "a")},
			"pings":            {whole(opPing, "flood")},
			"messages, framed": {whole(opText, "a"), whole(opPing, ""), whole(opPong, "")},
		} {
			attack(t, name, closeSoon, func(t *testing.T, c *websocket.Conn, p *peer) {
				p.flood(bytes.Repeat(p.wire(frames...), 10))
				withoutAnswer(t, c, closeIt(c))
				p.want("our Close", opClose, "\x03\xe8") // and no pongs
				p.wantEnd("Close has given up")
			})
		}
		attack(t, "after its own Close frame", closeSoon, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(farewell(1000, ""))
			p.flood(bytes.Repeat(p.wire(whole(opText, "late")), 100))
			_, _, err := c.Read(patience(t))
			begin := time.Now()
			if err := c.Close(websocket.StatusNormalClosure, ""); websocket.CloseStatus(err) != 1000 || time.Since(begin) > closeTimeout {
				t.Errorf("%v after %v", err, time.Since(begin))
			}
			p.want("our reply", opClose, "\x03\xe8")
			if e := wantClosed(t, err); !e.Clean() || e.Cause != nil {
				t.Errorf("%+v", e)
			}
		})
	})
	t.Run("half-closed TCP", func(t *testing.T) {
		attack(t, "between messages", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(whole(opText, "last"))
			p.halfClose()
			wantRead(t, c, "last")
			_, _, err := c.Read(patience(t))
			p.lost(c, err, io.EOF)
		})
		for name, stall := range stalls {
			if name == "after nothing" {
				continue
			}
			attack(t, name, nil, func(t *testing.T, c *websocket.Conn, p *peer) {
				stall(p)
				p.halfClose()
				_, _, err := c.Read(patience(t))
				p.lost(c, err, io.ErrUnexpectedEOF)
			})
		}
		// Its Close frame arrived: ours can still reach it.
		attack(t, "after its Close frame", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(farewell(1001, "bye"))
			p.halfClose()
			_, _, err := c.Read(patience(t))
			p.wantReply(1001)
			p.closed(c, err, 1001, "bye")
		})
		attack(t, "instead of an answer to our Close frame", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.halfClose()
			err := c.Close(websocket.StatusNormalClosure, "")
			if e := wantClosed(t, err); e.Clean() || !errors.Is(e.Cause, io.EOF) || e.Began != websocket.SideLocal {
				t.Errorf("%+v", e)
			}
		})
	})
	t.Run("RST", func(t *testing.T) {
		attack(t, "while we read", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			read := background(func() error { _, _, err := c.Read(patience(t)); return err })
			synctest.Wait()
			p.reset()
			p.lost(c, <-read, connReset)
		})
		attack(t, "in a payload", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			read := background(func() error { _, _, err := c.Read(patience(t)); return err })
			stalls["in a payload"](p)
			synctest.Wait()
			p.reset()
			p.lost(c, <-read, connReset)
		})
		attack(t, "while we write", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			written := background(func() error { return c.Write(patience(t), websocket.MessageBinary, make([]byte, 1<<20)) })
			synctest.Wait()
			p.reset()
			p.lost(c, <-written, connReset)
		})
		// A close code that was received is not turned into 1006.
		attack(t, "after its Close frame was read", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(farewell(4002, "bye"))
			_, _, err := c.Read(patience(t))
			p.reset()
			synctest.Wait()
			if _, _, again := c.Read(patience(t)); websocket.CloseStatus(err) != 4002 || websocket.CloseStatus(again) != 4002 {
				t.Errorf("%v, then %v", err, again)
			}
		})
		attack(t, "while our Close frame waits for an answer", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			closed := background(func() error { return c.Close(websocket.StatusNormalClosure, "") })
			synctest.Wait()
			p.reset()
			if e := wantClosed(t, <-closed); !errors.Is(e.Cause, connReset) || e.Clean() {
				t.Errorf("%+v", e)
			}
		})
	})
}

// One read meets the end. Those that wait for their turn need not wait for the
// transport to end as well.
func TestAttackManyReaders(t *testing.T) {
	for name, last := range map[string]naive.Frame{"a frame that is refused": whole(3, ""), "a Close frame": farewell(1000, "")} {
		attack(t, "waiting reads return at once, on "+name, nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			begin := time.Now()
			reads := make(chan error)
			for range 10 {
				go func() { _, _, err := c.Read(patience(t)); reads <- err }()
			}
			synctest.Wait()
			p.send(last) // and the peer's side stays open
			first := wantClosed(t, <-reads)
			for range 9 {
				wantCause(t, "Read", <-reads, first.Cause)
			}
			if waited := time.Since(begin); waited != 0 {
				t.Errorf("they waited for %v", waited)
			}
		})
	}
}

// lost says that the connection ended without a Close frame, and why.
func (p *peer) lost(c *websocket.Conn, err, cause error) {
	p.t.Helper()
	e := wantClosed(p.t, err)
	if !errors.Is(err, cause) || !errors.Is(err, net.ErrClosed) || e.Received != nil || websocket.CloseStatus(err) != -1 {
		p.t.Errorf("%+v; want nothing received, because of %v", e, cause)
	}
	synctest.Wait()
	sticks(p.t, c, e.Cause)
	wantCause(p.t, "Close", c.Close(websocket.StatusNormalClosure, ""), e.Cause)
}
