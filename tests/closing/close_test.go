package closing_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// RFC 6455 §7.1.1: "the underlying TCP connection, in most normal cases, SHOULD be
// closed first by the server".
func TestCloseHandshake(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		done := wsplay.Go(func() error { return c.Close(4001, "bye") })
		if reason := p.WantClose("our Close frame", 4001); reason != "bye" {
			t.Errorf("reason %q", reason)
		}
		wsplay.Pending(t, "Close before the peer's Close frame", done)
		p.Send(wsplay.CloseFrame(4001, ""))
		if role == websocket.RoleServer {
			p.WantEOF("the server closes TCP")
			p.Close()
			if err := <-done; err != nil {
				t.Error(err)
			}
		} else {
			wsplay.Within(t, "Close of a client, before the server closes TCP", 0, func() {
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
			gone := wsplay.Go(func() error { _, err := p.Read(make([]byte, 1)); return err })
			wsplay.Pending(t, "the client's end of TCP before the server's", gone)
			p.HalfClose()
			if err := <-gone; err != io.EOF {
				t.Errorf("the client closes TCP after the server: %v", err)
			}
		}
		_, _, err := c.Read(wsplay.Patience(t))
		wsplay.WantEnding(t, "Read after Close", err, 4001, 4001, websocket.SideLocal, nil)
		err = c.Close(websocket.StatusNormalClosure, "again")
		wsplay.WantEnding(t, "the second Close", err, 4001, 4001, websocket.SideLocal, nil)
		wsplay.WantEnding(t, "CloseNow after Close", c.CloseNow(), 4001, 4001, websocket.SideLocal, nil)
	})
}

// A server that never closes TCP keeps a client's socket for Timeouts.Close, and its Close not
// at all.
func TestCloseOfAClientIsBoundedBehindIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := wsplay.Pipe(t, websocket.RoleClient, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: time.Minute}}, 0)
		p.Send(wsplay.CloseFrame(1000, ""))
		wsplay.Within(t, "Close", 0, func() {
			if err := c.Close(1000, ""); err != nil {
				t.Error(err)
			}
			_ = c.CloseNow()
			<-c.Context().Done()
		})
		wsplay.Within(t, "the end of TCP", time.Minute, func() {
			p.WantClose("our Close frame", 1000)
			p.WantEOF("in the end the client closes TCP")
		})
	})
}

// Messages that nobody will read are dropped whatever their size: they do not turn
// a clean end into a failed one.
func TestCloseDropsWhatIsTooBig(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		limits := websocket.Limits{Message: 4, Frame: 4, Fragments: 1}
		c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{Limits: limits}, 0)
		done := wsplay.Go(func() error { return c.Close(websocket.StatusNormalClosure, "") })
		p.WantClose("our Close frame", websocket.StatusNormalClosure)
		p.Send(wsplay.Fragment(wsplay.OpText, "much too "), wsplay.Fragment(0, "big"), wsplay.Frame(0, "."), wsplay.CloseFrame(websocket.StatusNormalClosure, ""))
		p.HalfClose()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// RFC 6455 §5.5.1: "If an endpoint receives a Close frame and did not previously
// send a Close frame, the endpoint MUST send a Close frame in response."
func TestClosedByPeer(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		p.Send(wsplay.CloseFrame(websocket.StatusGoingAway, "off"))
		_, _, err := c.Read(wsplay.Patience(t))
		wsplay.WantEnding(t, "Read", err, websocket.StatusGoingAway, websocket.StatusGoingAway, websocket.SideRemote, nil)
		if websocket.CloseStatus(err) != websocket.StatusGoingAway || !strings.Contains(err.Error(), `"off"`) {
			t.Errorf("%v", err)
		}
		c.CloseNow() // does not take the reply back
		p.WantClose("the reply", websocket.StatusGoingAway)
		if role == websocket.RoleServer {
			p.WantEOF("the server closes TCP")
		} else {
			p.HalfClose()
			p.WantEOF("the client closes TCP after the server")
		}
		p.Close()
		synctest.Wait()
		wsplay.WantEnding(t, "Write", c.Write(wsplay.Patience(t), websocket.MessageText, nil), websocket.StatusGoingAway, websocket.StatusGoingAway, websocket.SideRemote, nil)
	})
}

func TestSimultaneousClose(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		p.Send(wsplay.Frame(wsplay.OpText, "unread"), wsplay.CloseFrame(4002, ""))
		done := wsplay.Go(func() error { return c.Close(4001, "") })
		p.WantClose("our Close frame", 4001)
		p.HalfClose()
		p.WantEOF("one Close frame and no more")
		if err := <-done; err != nil {
			t.Error(err)
		}
		_, _, err := c.Read(wsplay.Patience(t))
		wsplay.WantEnding(t, "Read", err, 4001, 4002, websocket.SideLocal, nil)
	})
	// Two of our own.
	synctest.Test(t, func(t *testing.T) {
		server, client := wsplay.Pair(nil, 0)
		one := wsplay.Go(func() error { return server.Close(4001, "") })
		two := wsplay.Go(func() error { return client.Close(4002, "") })
		wsplay.Within(t, "closing at once", 0, func() { <-one; <-two })
	})
}

// badPeers do what keeps a closing handshake from its end.
var badPeers = map[string]func(p *wsplay.Peer){
	"says nothing":  func(p *wsplay.Peer) { io.Copy(io.Discard, p) },
	"does not read": func(p *wsplay.Peer) {},
	"stalls in a header": func(p *wsplay.Peer) {
		p.SendBytes(p.Wire(wsplay.Frame(wsplay.OpBinary, strings.Repeat("x", 300)))[:3])
		io.Copy(io.Discard, p)
	},
	"stalls in a payload": func(p *wsplay.Peer) {
		p.SendBytes(p.Wire(wsplay.Frame(wsplay.OpBinary, strings.Repeat("x", 300)))[:99])
		io.Copy(io.Discard, p)
	},
	"stalls between":         func(p *wsplay.Peer) { p.Send(wsplay.Fragment(wsplay.OpText, "x")); io.Copy(io.Discard, p) },
	"does not close TCP":     func(p *wsplay.Peer) { p.Send(wsplay.CloseFrame(1000, "")); io.Copy(io.Discard, p) },
	"answers, does not read": func(p *wsplay.Peer) { p.Send(wsplay.CloseFrame(1000, "")) },
	"sends slowly":           func(p *wsplay.Peer) { trickle(p, p.Wire(wsplay.Frame(wsplay.OpText, "x"))) },
	"pings slowly":           func(p *wsplay.Peer) { trickle(p, p.Wire(wsplay.Frame(wsplay.OpPing, "x"))) },
	"talks after its end":    func(p *wsplay.Peer) { p.Send(wsplay.CloseFrame(1000, "")); trickle(p, []byte("abc")) },
}

// trickle writes b every second until that fails.
func trickle(p *wsplay.Peer, b []byte) {
	go io.Copy(io.Discard, p)
	_ = p.Repeat(b, time.Second)
}

// Close takes no longer than its timeout, or its context, whatever the peer does;
// also while a write is blocked, and while the application reads.
func TestCloseIsBounded(t *testing.T) {
	const limit = 7 * time.Second
	for name, play := range badPeers {
		for _, busy := range []string{"idle", "reading", "in a message", "writing"} {
			t.Run(name+"/"+busy, func(t *testing.T) {
				wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
					opts := &websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: limit}}
					for _, ctxLimit := range []time.Duration{0, 2 * time.Second} {
						c, p := wsplay.Pipe(t, role, opts, 200)
						gone := wsplay.Go(func() error { play(p); return nil })
						switch busy {
						case "reading":
							go func() {
								for range c.Messages(context.Background()) {
								}
							}()
						case "in a message":
							ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
							c.Read(ctx)
							cancel()
						case "writing":
							go c.Write(context.Background(), websocket.MessageBinary, make([]byte, 1<<10))
							synctest.Wait()
						}
						if ctxLimit == 0 {
							wsplay.Within(t, "Close", limit, func() { c.Close(websocket.StatusNormalClosure, "") })
						} else {
							ctx, cancel := context.WithTimeout(context.Background(), ctxLimit)
							wsplay.Within(t, "CloseContext", ctxLimit, func() { c.CloseContext(ctx, websocket.StatusNormalClosure, "") })
							cancel()
						}
						p.Close()
						<-gone
					}
				})
			})
		}
	}
}

func TestCloseTimeoutIsTheCause(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		go io.Copy(io.Discard, p)
		err := c.Close(websocket.StatusNormalClosure, "")
		wsplay.WantEnding(t, "Close", err, websocket.StatusNormalClosure, 0, websocket.SideLocal, websocket.ErrCloseTimeout)
		c, p = wsplay.Pipe(t, role, nil, 0)
		go io.Copy(io.Discard, p)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err = c.CloseContext(ctx, websocket.StatusNormalClosure, "")
		wsplay.WantEnding(t, "CloseContext", err, websocket.StatusNormalClosure, 0, websocket.SideLocal, context.DeadlineExceeded)
	})
}

// A peer that floods: in real time, as in a bubble it would never wait.
func TestCloseDuringFlood(t *testing.T) {
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		near, other := wstest.NetPipe(0)
		c := websocket.NewConn(near, role, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: 50 * time.Millisecond}})
		p := wsplay.NewPeer(t, role, other)
		flood := p.Wire(wsplay.Frame(wsplay.OpText, "data"), wsplay.Frame(wsplay.OpPing, "ping"), wsplay.Fragment(wsplay.OpText, "a"), wsplay.Frame(wsplay.OpContinuation, "b"))
		go io.Copy(io.Discard, other)
		flooded := wsplay.Go(func() error { return p.Repeat(flood, 0) })
		wsplay.WantIs(t, "Close", c.Close(websocket.StatusNormalClosure, ""), websocket.ErrCloseTimeout)
		<-flooded
		other.Close()
	}
}

// What arrives while Close waits goes to a read that waits for it.
func TestCloseWhileReading(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		var got []string
		reading := wsplay.Go(func() error {
			for {
				_, m, err := c.Read(context.Background())
				if err != nil {
					return err
				}
				got = append(got, string(m))
			}
		})
		synctest.Wait()
		done := wsplay.Go(func() error { return c.Close(websocket.StatusNormalClosure, "") })
		p.WantClose("our Close frame", websocket.StatusNormalClosure)
		p.Send(wsplay.Frame(wsplay.OpText, "last words"))
		synctest.Wait()
		p.Send(wsplay.CloseFrame(1000, ""))
		p.HalfClose()
		if err := <-done; err != nil {
			t.Error(err)
		}
		wsplay.WantEnding(t, "Read", <-reading, 1000, 1000, websocket.SideLocal, nil)
		if len(got) != 1 || got[0] != "last words" {
			t.Errorf("the application got %q", got)
		}
	})
}

// The closing handshake goes its way between the fragments of a Writer.
func TestCloseBetweenFragments(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		w, _ := c.Writer(wsplay.Patience(t), websocket.MessageText)
		io.WriteString(w, "half")
		w.(interface{ Flush() error }).Flush()
		done := wsplay.Go(func() error { return c.Close(websocket.StatusNormalClosure, "") })
		p.Next()
		p.WantClose("our Close frame", websocket.StatusNormalClosure)
		io.WriteString(w, "more")
		wsplay.WantEnding(t, "Close of the writer", w.Close(), 1000, 0, websocket.SideLocal, nil)
		p.Send(wsplay.CloseFrame(1000, ""))
		p.HalfClose()
		p.WantEOF("the end")
		if err := <-done; err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

func TestCloseArguments(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for _, test := range []struct {
			code       websocket.StatusCode
			reason     string
			sent       websocket.StatusCode
			sentReason string
		}{
			{1000, "", 1000, ""},
			{4999, strings.Repeat("é", 61) + "x", 4999, strings.Repeat("é", 61) + "x"},
			{4999, strings.Repeat("é", 62), 4999, strings.Repeat("é", 61)},
			{1005, "dropped", 0, ""},
			{1006, "dropped", 1011, ""},
			{1015, "", 1011, ""},
			{0, "", 1011, ""},
			{-1, "", 1011, ""},
			{1004, "", 1011, ""},
			{5000, "", 1011, ""},
			{65536 + 1000, "", 1011, ""},
		} {
			c, p := wsplay.Pipe(t, role, nil, 0)
			done := wsplay.Go(func() error { return c.Close(test.code, test.reason) })
			x, err := p.Next()
			want := ""
			if test.sent != 0 {
				want = string([]byte{byte(test.sent >> 8), byte(test.sent)}) + test.sentReason
			}
			if err != nil || x.Opcode != wsplay.OpClose || string(x.Payload) != want || !utf8.ValidString(test.sentReason) {
				t.Errorf("Close(%d, %q) sends %q, %v", test.code, test.reason, x.Payload, err)
			}
			p.Send(wsplay.CloseFrame(1000, ""))
			p.Close()
			err = <-done
			if _, usage := errors.AsType[*websocket.UsageError](err); usage != (test.sent == 1011) || !usage && err != nil {
				t.Errorf("Close(%d): %v", test.code, err)
			}
		}
	})
}

// A code that may not be sent is the mistake of the method that was called.
func TestCloseNamesItsMethod(t *testing.T) {
	for method, call := range map[string]func(c *websocket.Conn) error{
		"Conn.Close":        func(c *websocket.Conn) error { return c.Close(999, "") },
		"Conn.CloseContext": func(c *websocket.Conn) error { return c.CloseContext(context.Background(), 999, "") },
		"Conn.BeginClose":   func(c *websocket.Conn) error { return c.BeginClose(context.Background(), 999, "") },
	} {
		wsplay.ForRoles(t, method+"/", func(t *testing.T, role websocket.Role) {
			c, p := wsplay.Pipe(t, role, wsplay.CloseSoon, 0)
			go io.Copy(io.Discard, p)
			err := call(c)
			if usage, ok := errors.AsType[*websocket.UsageError](err); !ok || usage.Method != method {
				t.Errorf("%s: %v", method, err)
			}
		})
	}
}

// wrappedEOF is a stream that wraps the errors of its reads, and counts the ends of its
// own direction.
type wrappedEOF struct {
	net.Conn
	ended int
}

func (w *wrappedEOF) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if err != nil {
		err = fmt.Errorf("read: %w", err)
	}
	return n, err
}

func (w *wrappedEOF) CloseWrite() error {
	w.ended++
	return w.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// An end of the stream that is wrapped is one: the client answers it by the end of its own
// direction, as crypto/tls wants it.
func TestCloseTakesWrappedEOF(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := wstest.NetPipe(0)
		w := &wrappedEOF{Conn: near}
		c := websocket.NewConn(w, websocket.RoleClient, nil)
		p := wsplay.NewPeer(t, websocket.RoleClient, far)
		defer p.Close()
		done := wsplay.Go(func() error { return c.Close(1000, "") })
		p.WantClose("Close", 1000)
		p.Send(wsplay.CloseFrame(1000, ""))
		p.HalfClose()
		err := <-done
		synctest.Wait() // nobody waits for the end of our direction
		if err != nil || w.ended != 1 {
			t.Errorf("%v; its direction was ended %d times", err, w.ended)
		}
	})
}

func TestCloseRead(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		one, two := c.CloseRead(context.Background()), c.CloseRead(context.Background())
		p.Send(wsplay.Frame(wsplay.OpPing, "hi"))
		p.Want("the pong", wsplay.OpPong, "hi")
		if one.Err() != nil || two.Err() != nil {
			t.Error("CloseRead's context has ended")
		}
		p.Send(wsplay.Frame(wsplay.OpText, "data"))
		p.WantClose("data after CloseRead", websocket.StatusPolicyViolation)
		p.Send(wsplay.CloseFrame(websocket.StatusPolicyViolation, ""))
		p.HalfClose()
		<-one.Done()
		<-two.Done()
	})
}
