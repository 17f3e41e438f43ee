package websocket_test

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
)

// closed says that the connection was closed by the peer, cleanly, and that every
// call says so.
func (p *peer) closed(c *websocket.Conn, err error, code websocket.StatusCode, reason string) {
	p.t.Helper()
	e := wantClosed(p.t, err)
	if e.Received == nil || *e.Received != (websocket.CloseError{Code: code, Reason: reason}) || !e.Clean() || e.Began != websocket.SideRemote || e.Cause != nil {
		p.t.Errorf("%+v; want a clean close by the peer with %d %q", e, code, reason)
	}
	if got := websocket.CloseStatus(err); got != code {
		p.t.Errorf("CloseStatus is %d, want %d", got, code)
	}
	for range 2 {
		_, _, err := c.Read(patience(p.t))
		wantCause(p.t, "Read", err, nil)
		wantCause(p.t, "Write", c.Write(patience(p.t), websocket.MessageText, nil), nil)
		wantCause(p.t, "Ping", c.Ping(patience(p.t)), nil)
		if got := websocket.CloseStatus(err); got != code {
			p.t.Errorf("CloseStatus is then %d, want %d", got, code)
		}
		_ = p.Close()
		synctest.Wait()
	}
}

func TestAttackClose(t *testing.T) {
	t.Run("codes 0,999,1004-1006,1012-1015,1016,2999,3000,4999,5000,65535; 1-byte payload; reason 123", func(t *testing.T) {
		for _, row := range vectors.Closes {
			attack(t, row.Name, nil, func(t *testing.T, c *websocket.Conn, p *peer) {
				p.send(whole(opClose, string(row.Payload)))
				_, _, err := c.Read(patience(t))
				if row.Fail != 0 {
					p.refused(c, err, websocket.StatusCode(row.Fail))
					return
				}
				p.wantReply(websocket.StatusCode(row.Code))
				p.closed(c, err, websocket.StatusCode(row.Code), row.Reason)
			})
		}
	})
	t.Run("reason 124", func(t *testing.T) {
		attack(t, "received", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(farewell(1000, strings.Repeat("a", 124)))
			_, _, err := c.Read(patience(t))
			if !errors.Is(err, frame.ErrControlTooLong) {
				t.Error(err)
			}
			p.refused(c, err, websocket.StatusProtocolError)
		})
		for _, reason := range []string{strings.Repeat("a", 123), strings.Repeat("a", 124), strings.Repeat("a", 122) + "é", strings.Repeat("é", 62)} {
			attack(t, fmt.Sprintf("sent, %d", len(reason)), nil, func(t *testing.T, c *websocket.Conn, p *peer) {
				go c.Close(websocket.StatusNormalClosure, reason)
				f, err := p.next()
				if err != nil || f.Opcode != opClose || len(f.Payload) > 125 || len(f.Payload) < 123 || !strings.HasPrefix(reason, string(f.Payload[2:])) {
					t.Errorf("%d %q, %v", f.Opcode, f.Payload, err)
				}
			})
		}
	})
	t.Run("codes 0,999,1004-1006,1015,1016,2999,5000,65535, which we may not send", func(t *testing.T) {
		for _, code := range []websocket.StatusCode{-1, 0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65535, 65536 + 1000} {
			attack(t, fmt.Sprint(int(code)), nil, func(t *testing.T, c *websocket.Conn, p *peer) {
				closed := background(func() error { return c.Close(code, "x") })
				if f, _ := p.next(); f.Opcode != opClose || string(f.Payload) != "\x03\xf3" {
					t.Errorf("got opcode %d % x, want 1011", f.Opcode, f.Payload)
				}
				p.send(farewell(1011, ""))
				_ = p.Close()
				if _, ok := errors.AsType[*websocket.UsageError](<-closed); !ok {
					t.Error("no UsageError")
				}
			})
		}
	})
	t.Run("close during fragments", func(t *testing.T) {
		attack(t, "the peer's", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(part(opText, "a"), part(opContinuation, "b"), farewell(1001, "bye"))
			_, got, err := c.Read(patience(t))
			if len(got) > 0 {
				t.Errorf("half a message was delivered: %q", got)
			}
			p.wantReply(1001)
			p.closed(c, err, 1001, "bye")
		})
		attack(t, "the peer's, through a Reader", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(part(opText, "a"), farewell(1001, "bye"))
			_, r, err := c.Reader(patience(t))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if string(got) != "a" || err == nil {
				t.Errorf("%q, %v", got, err)
			}
			p.wantReply(1001)
			p.closed(c, err, 1001, "bye")
		})
		attack(t, "ours", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			w, err := c.Writer(patience(t), websocket.MessageText)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(bytes.Repeat([]byte("a"), 20<<10)); err != nil {
				t.Fatal(err)
			}
			closed := background(func() error { return c.Close(4000, "") })
			if f, err := p.next(); f.Opcode != opText || f.FIN || err != nil {
				t.Errorf("got opcode %d, %v", f.Opcode, err)
			}
			p.want("between the fragments", opClose, "\x0f\xa0")
			wantClosed(t, w.Close())
			p.wantNothing("the message is not finished")
			p.send(farewell(4000, ""))
			if p.client {
				p.wantEnd("the server closes TCP")
			}
			_ = p.Close()
			if err := <-closed; err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("data after close", func(t *testing.T) {
		attack(t, "in the same segment", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(farewell(1000, ""), whole(opText, "late"), whole(opPing, "late"), farewell(4001, "again"), only(3, 1<<62))
			_, got, err := c.Read(patience(t))
			if len(got) > 0 {
				t.Errorf("%q was delivered", got)
			}
			p.wantReply(1000)
			p.closed(c, err, 1000, "")
		})
		attack(t, "later", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(farewell(1000, ""))
			_, _, err := c.Read(patience(t))
			p.wantReply(1000)
			p.send(whole(opText, "late"), whole(opPing, "late"))
			p.closed(c, err, 1000, "")
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
			attack(t, "after ours, a read is waiting, "+how.name, nil, func(t *testing.T, c *websocket.Conn, p *peer) {
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
				p.want("our Close", opClose, "\x03\xe8")
				p.send(whole(opText, "1"), whole(opPing, "no answer"), whole(opText, "2"), farewell(1000, ""), whole(opText, "3"))
				<-done
				if text := fmt.Sprint(got); text != how.want && text != "[1 2]" {
					t.Errorf("got %q", got)
				}
				if p.client {
					p.wantEnd("nothing follows a Close frame")
				} else {
					p.wantNothing("nothing follows a Close frame")
				}
			})
		}
	})
	t.Run("simultaneous close", func(t *testing.T) {
		attack(t, "frames that cross", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(farewell(4001, "the peer's")) // not read yet
			closed := background(func() error { return c.Close(4000, "ours") })
			p.want("ours, once", opClose, "\x0f\xa0ours")
			if p.client {
				p.wantEnd("one Close frame and no more")
			}
			_ = p.Close()
			if err := <-closed; err != nil {
				t.Error(err)
			}
			_, _, err := c.Read(patience(t))
			e := wantClosed(t, err)
			if !e.Clean() || e.Sent.Code != 4000 || e.Received.Code != 4001 || e.Began != websocket.SideLocal {
				t.Errorf("%+v", e)
			}
		})
	})
}
