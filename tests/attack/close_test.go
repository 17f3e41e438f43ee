package attack_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/vectors"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// closed says that the connection was closed by the peer, cleanly, and that every
// call says so.
func closed(p *wsplay.Peer, c *websocket.Conn, err error, code websocket.StatusCode, reason string) {
	p.T.Helper()
	e := wsplay.WantClosed(p.T, err)
	if e.Received == nil || *e.Received != (websocket.CloseError{Code: code, Reason: reason}) || !e.Clean() || e.Began != websocket.SideRemote || e.Cause != nil {
		p.T.Errorf("%+v; want a clean close by the peer with %d %q", e, code, reason)
	}
	if got := websocket.CloseStatus(err); got != code {
		p.T.Errorf("CloseStatus is %d, want %d", got, code)
	}
	for range 2 {
		_, _, err := read(p.T, c)
		wsplay.WantCause(p.T, "Read", err, nil)
		wsplay.WantCause(p.T, "Write", c.Write(wsplay.Patience(p.T), websocket.MessageText, nil), nil)
		wsplay.WantCause(p.T, "Ping", c.Ping(wsplay.Patience(p.T)), nil)
		if got := websocket.CloseStatus(err); got != code {
			p.T.Errorf("CloseStatus is then %d, want %d", got, code)
		}
		_ = p.Close()
		synctest.Wait()
	}
}

func TestAttackClose(t *testing.T) {
	t.Run("codes 0,999,1004-1006,1012-1015,1016,2999,3000,4999,5000,65535; 1-byte payload; reason 123", func(t *testing.T) {
		for _, row := range vectors.Closes {
			attack(t, row.Name, nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				p.Send(wsplay.Frame(wsplay.OpClose, string(row.Payload)))
				_, _, err := read(t, c)
				if row.Fail != 0 {
					refused(p, c, err, websocket.StatusCode(row.Fail))
					return
				}
				p.WantReply(websocket.StatusCode(row.Code))
				closed(p, c, err, websocket.StatusCode(row.Code), row.Reason)
			})
		}
	})
	t.Run("reason 124", func(t *testing.T) {
		attack(t, "received", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.CloseFrame(1000, strings.Repeat("a", 124)))
			_, _, err := read(t, c)
			if !errors.Is(err, frame.ErrControlTooLong) {
				t.Error(err)
			}
			refused(p, c, err, websocket.StatusProtocolError)
		})
		for _, reason := range []string{strings.Repeat("a", 123), strings.Repeat("a", 124), strings.Repeat("a", 122) + "é", strings.Repeat("é", 62)} {
			attack(t, fmt.Sprintf("sent, %d", len(reason)), nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				go c.Close(websocket.StatusNormalClosure, reason)
				f, err := p.Next()
				if err != nil || f.Opcode != wsplay.OpClose || len(f.Payload) > 125 || len(f.Payload) < 123 || !strings.HasPrefix(reason, string(f.Payload[2:])) {
					t.Errorf("%d %q, %v", f.Opcode, f.Payload, err)
				}
			})
		}
	})
	t.Run("codes 0,999,1004-1006,1015,1016,2999,5000,65535, which we may not send", func(t *testing.T) {
		for _, code := range []websocket.StatusCode{-1, 0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65535, 65536 + 1000} {
			attack(t, fmt.Sprint(int(code)), nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				closed := wsplay.Go(func() error { return c.Close(code, "x") })
				if f, _ := p.Next(); f.Opcode != wsplay.OpClose || string(f.Payload) != "\x03\xf3" {
					t.Errorf("got opcode %d % x, want 1011", f.Opcode, f.Payload)
				}
				p.Send(wsplay.CloseFrame(1011, ""))
				_ = p.Close()
				if _, ok := errors.AsType[*websocket.UsageError](<-closed); !ok {
					t.Error("no UsageError")
				}
			})
		}
	})
	t.Run("close during fragments", func(t *testing.T) {
		attack(t, "the peer's", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.Fragment(wsplay.OpText, "a"), wsplay.Fragment(wsplay.OpContinuation, "b"), wsplay.CloseFrame(1001, "bye"))
			_, got, err := read(t, c)
			if len(got) > 0 {
				t.Errorf("half a message was delivered: %q", got)
			}
			p.WantReply(1001)
			closed(p, c, err, 1001, "bye")
		})
		attackReading(t, "the peer's, through a Reader", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.Fragment(wsplay.OpText, "a"), wsplay.CloseFrame(1001, "bye"))
			_, r, err := c.Reader(wsplay.Patience(t))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if string(got) != "a" || err == nil {
				t.Errorf("%q, %v", got, err)
			}
			p.WantReply(1001)
			closed(p, c, err, 1001, "bye")
		})
		attack(t, "ours", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			w, err := c.Writer(wsplay.Patience(t), websocket.MessageText)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(bytes.Repeat([]byte("a"), 20<<10)); err != nil {
				t.Fatal(err)
			}
			closed := wsplay.Go(func() error { return c.Close(4000, "") })
			if f, err := p.Next(); f.Opcode != wsplay.OpText || f.FIN || err != nil {
				t.Errorf("got opcode %d, %v", f.Opcode, err)
			}
			p.Want("between the fragments", wsplay.OpClose, "\x0f\xa0")
			wsplay.WantClosed(t, w.Close())
			p.WantNothing("the message is not finished")
			p.Send(wsplay.CloseFrame(4000, ""))
			if p.Client {
				p.WantEOF("the server closes TCP")
			}
			_ = p.Close()
			if err := <-closed; err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("data after close", func(t *testing.T) {
		attack(t, "in the same segment", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.CloseFrame(1000, ""), wsplay.Frame(wsplay.OpText, "late"), wsplay.Frame(wsplay.OpPing, "late"), wsplay.CloseFrame(4001, "again"), wsplay.Header(3, 1<<62))
			_, got, err := read(t, c)
			if len(got) > 0 {
				t.Errorf("%q was delivered", got)
			}
			p.WantReply(1000)
			closed(p, c, err, 1000, "")
		})
		attack(t, "later", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.CloseFrame(1000, ""))
			_, _, err := read(t, c)
			p.WantReply(1000)
			p.Send(wsplay.Frame(wsplay.OpText, "late"), wsplay.Frame(wsplay.OpPing, "late"))
			closed(p, c, err, 1000, "")
		})
		// What comes before the peer's answer to our Close frame is still read: all of it
		// with BeginClose, which does not read itself; with Close what a read is waiting
		// for, and it may be Close that reads what comes while the loop's body runs.
		for _, how := range []struct {
			name  string
			close func(c *websocket.Conn)
			want  string
		}{
			{"BeginClose", func(c *websocket.Conn) { c.BeginClose(context.Background(), 1000, "") }, "[1 2]"},
			{"Close", func(c *websocket.Conn) { go c.Close(1000, "") }, "[1]"},
		} {
			attackReading(t, "after ours, a read is waiting, "+how.name, nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				var got []string
				done := make(chan struct{})
				go func() {
					defer close(done)
					for m := range c.Messages(ctx) {
						got = append(got, string(m.Data))
					}
				}()
				synctest.Wait()
				how.close(c)
				p.Want("our Close", wsplay.OpClose, "\x03\xe8")
				p.Send(wsplay.Frame(wsplay.OpText, "1"), wsplay.Frame(wsplay.OpPing, "no answer"), wsplay.Frame(wsplay.OpText, "2"), wsplay.CloseFrame(1000, ""), wsplay.Frame(wsplay.OpText, "3"))
				<-done
				if text := fmt.Sprint(got); text != how.want && text != "[1 2]" {
					t.Errorf("got %q", got)
				}
				if p.Client {
					p.WantEOF("nothing follows a Close frame")
				} else {
					p.WantNothing("nothing follows a Close frame")
				}
			})
		}
	})
	t.Run("simultaneous close", func(t *testing.T) {
		attackReading(t, "frames that cross", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.CloseFrame(4001, "the peer's")) // not read yet: a Loop would
			closed := wsplay.Go(func() error { return c.Close(4000, "ours") })
			p.Want("ours, once", wsplay.OpClose, "\x0f\xa0ours")
			if p.Client {
				p.WantEOF("one Close frame and no more")
			}
			_ = p.Close()
			if err := <-closed; err != nil {
				t.Error(err)
			}
			_, _, err := read(t, c)
			e := wsplay.WantClosed(t, err)
			if !e.Clean() || e.Sent.Code != 4000 || e.Received.Code != 4001 || e.Began != websocket.SideLocal {
				t.Errorf("%+v", e)
			}
		})
	})
}
