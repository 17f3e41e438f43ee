package attack_test

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
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// stall is what a peer may leave off in the middle of.
var stalls = map[string]func(p *wsplay.Peer){
	"after nothing": func(p *wsplay.Peer) {},
	"in a header": func(p *wsplay.Peer) {
		p.SendBytes(p.Wire(wsplay.Frame(wsplay.OpBinary, string(make([]byte, 126))))[:3])
	},
	"in a payload": func(p *wsplay.Peer) {
		p.Send(with(wsplay.Frame(wsplay.OpText, "abc"), func(f *naive.Frame) { f.Length = 100 }))
	},
	"in a large payload":      func(p *wsplay.Peer) { p.Send(wsplay.Header(wsplay.OpBinary, 1<<20)) },
	"in a fragmented message": func(p *wsplay.Peer) { p.Send(wsplay.Fragment(wsplay.OpText, "a")) },
	"in a ping":               func(p *wsplay.Peer) { p.Send(wsplay.Header(wsplay.OpPing, 5)) },
	"in its Close frame":      func(p *wsplay.Peer) { p.Send(wsplay.Header(wsplay.OpClose, 2)) },
}

// withoutAnswer says that Close gave up when its time was over.
func withoutAnswer(t *testing.T, c *websocket.Conn, call func() error) {
	t.Helper()
	begin := time.Now()
	err := call()
	if e := wsplay.WantClosed(t, err); !errors.Is(e.Cause, websocket.ErrCloseTimeout) || e.Clean() || e.Received != nil {
		t.Errorf("%+v; want a timeout", e)
	}
	if took := time.Since(begin); took != wsplay.CloseTimeout {
		t.Errorf("it took %v, not %v", took, wsplay.CloseTimeout)
	}
	wsplay.WantSticky(t, c, websocket.ErrCloseTimeout)
}

func TestAttackClosing(t *testing.T) {
	closeIt := func(c *websocket.Conn) func() error {
		return func() error { return c.Close(websocket.StatusNormalClosure, "") }
	}
	t.Run("peer never answers; peer stalls mid-frame", func(t *testing.T) {
		for name, stall := range stalls {
			attack(t, name, wsplay.CloseSoon, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				stall(p)
				withoutAnswer(t, c, closeIt(c))
				p.Want("our Close", wsplay.OpClose, "\x03\xe8")
				p.WantEOF("Close has given up")
			})
			attack(t, name+", a read is waiting", wsplay.CloseSoon, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				stall(p)
				read := wsplay.Go(func() error { _, _, err := read(t, c); return err })
				synctest.Wait()
				withoutAnswer(t, c, closeIt(c))
				wsplay.WantCause(t, "Read", <-read, websocket.ErrCloseTimeout)
			})
			attack(t, name+", CloseContext", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
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
		for _, role := range wsplay.Roles {
			t.Run(role.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, _ := wsplay.Pipe(t, role, wsplay.CloseSoon, 1)
					written := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageBinary, make([]byte, 100<<10)) })
					synctest.Wait()
					withoutAnswer(t, c, closeIt(c))
					wsplay.WantCause(t, "Write", <-written, websocket.ErrCloseTimeout)
				})
			})
		}
	})
	t.Run("peer floods data during closing", func(t *testing.T) {
		for name, frames := range map[string][]naive.Frame{
			"messages":         {wsplay.Frame(wsplay.OpBinary, string(make([]byte, 1000)))},
			"fragments":        {wsplay.Fragment(wsplay.OpText, ""), wsplay.Frame(wsplay.OpContinuation, "a")},
			"pings":            {wsplay.Frame(wsplay.OpPing, "flood")},
			"messages, framed": {wsplay.Frame(wsplay.OpText, "a"), wsplay.Frame(wsplay.OpPing, ""), wsplay.Frame(wsplay.OpPong, "")},
		} {
			attack(t, name, wsplay.CloseSoon, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				p.Flood(bytes.Repeat(p.Wire(frames...), 10))
				withoutAnswer(t, c, closeIt(c))
				p.Want("our Close", wsplay.OpClose, "\x03\xe8") // and no pongs
				p.WantEOF("Close has given up")
			})
		}
		attack(t, "after its own Close frame", wsplay.CloseSoon, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.CloseFrame(1000, ""))
			p.Flood(bytes.Repeat(p.Wire(wsplay.Frame(wsplay.OpText, "late")), 100))
			_, _, err := read(t, c)
			begin := time.Now()
			if err := c.Close(websocket.StatusNormalClosure, ""); websocket.CloseStatus(err) != 1000 || time.Since(begin) > wsplay.CloseTimeout {
				t.Errorf("%v after %v", err, time.Since(begin))
			}
			p.Want("our reply", wsplay.OpClose, "\x03\xe8")
			if e := wsplay.WantClosed(t, err); !e.Clean() || e.Cause != nil {
				t.Errorf("%+v", e)
			}
		})
	})
	t.Run("half-closed TCP", func(t *testing.T) {
		attack(t, "between messages", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.Frame(wsplay.OpText, "last"))
			p.HalfClose()
			wantRead(t, c, "last")
			_, _, err := read(t, c)
			lost(p, c, err, io.EOF)
		})
		for name, stall := range stalls {
			if name == "after nothing" {
				continue
			}
			attack(t, name, nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				stall(p)
				p.HalfClose()
				_, _, err := read(t, c)
				lost(p, c, err, io.ErrUnexpectedEOF)
			})
		}
		// Its Close frame arrived: ours can still reach it.
		attack(t, "after its Close frame", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.CloseFrame(1001, "bye"))
			p.HalfClose()
			_, _, err := read(t, c)
			p.WantReply(1001)
			closed(p, c, err, 1001, "bye")
		})
		attack(t, "instead of an answer to our Close frame", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.HalfClose()
			err := c.Close(websocket.StatusNormalClosure, "")
			if e := wsplay.WantClosed(t, err); e.Clean() || !errors.Is(e.Cause, io.EOF) || e.Began != websocket.SideLocal {
				t.Errorf("%+v", e)
			}
		})
	})
	t.Run("RST", func(t *testing.T) {
		attack(t, "while we read", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			read := wsplay.Go(func() error { _, _, err := read(t, c); return err })
			synctest.Wait()
			p.Reset()
			lost(p, c, <-read, wsplay.ConnReset)
		})
		attack(t, "in a payload", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			read := wsplay.Go(func() error { _, _, err := read(t, c); return err })
			stalls["in a payload"](p)
			synctest.Wait()
			p.Reset()
			lost(p, c, <-read, wsplay.ConnReset)
		})
		attack(t, "while we write", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			written := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageBinary, make([]byte, 1<<20)) })
			synctest.Wait()
			p.Reset()
			lost(p, c, <-written, wsplay.ConnReset)
		})
		// A close code that was received is not turned into 1006.
		attack(t, "after its Close frame was read", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.CloseFrame(4002, "bye"))
			_, _, err := read(t, c)
			p.Reset()
			synctest.Wait()
			if _, _, again := read(t, c); websocket.CloseStatus(err) != 4002 || websocket.CloseStatus(again) != 4002 {
				t.Errorf("%v, then %v", err, again)
			}
		})
		attack(t, "while our Close frame waits for an answer", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			closed := wsplay.Go(func() error { return c.Close(websocket.StatusNormalClosure, "") })
			synctest.Wait()
			p.Reset()
			if e := wsplay.WantClosed(t, <-closed); !errors.Is(e.Cause, wsplay.ConnReset) || e.Clean() {
				t.Errorf("%+v", e)
			}
		})
	})
}

// One read meets the end. Those that wait for their turn need not wait for the
// transport to end as well.
func TestAttackManyReaders(t *testing.T) {
	for name, last := range map[string]naive.Frame{"a frame that is refused": wsplay.Frame(3, ""), "a Close frame": wsplay.CloseFrame(1000, "")} {
		attackReading(t, "waiting reads return at once, on "+name, nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			begin := time.Now()
			reads := make(chan error)
			for range 10 {
				go func() { _, _, err := read(t, c); reads <- err }()
			}
			synctest.Wait()
			p.Send(last) // and the peer's side stays open
			first := wsplay.WantClosed(t, <-reads)
			for range 9 {
				wsplay.WantCause(t, "Read", <-reads, first.Cause)
			}
			if waited := time.Since(begin); waited != 0 {
				t.Errorf("they waited for %v", waited)
			}
		})
	}
}

// lost says that the connection ended without a Close frame, and why.
func lost(p *wsplay.Peer, c *websocket.Conn, err, cause error) {
	p.T.Helper()
	e := wsplay.WantClosed(p.T, err)
	if !errors.Is(err, cause) || !errors.Is(err, net.ErrClosed) || e.Received != nil || websocket.CloseStatus(err) != -1 {
		p.T.Errorf("%+v; want nothing received, because of %v", e, cause)
	}
	synctest.Wait()
	wsplay.WantSticky(p.T, c, e.Cause)
	wsplay.WantCause(p.T, "Close", c.Close(websocket.StatusNormalClosure, ""), e.Cause)
}
