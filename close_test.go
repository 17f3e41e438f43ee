package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wstest"
)

// within says that a call takes no longer than it may. Inside a bubble that is exact.
func within(t *testing.T, why string, limit time.Duration, call func()) {
	t.Helper()
	start := time.Now()
	call()
	if took := time.Since(start); took > limit {
		t.Errorf("%s took %v, limit %v", why, took, limit)
	}
}

// wantEnding compares what an error tells of the end.
func wantEnding(t *testing.T, why string, err error, sent, received websocket.StatusCode, began websocket.Side, cause error) {
	t.Helper()
	var e *websocket.ClosedError
	if !errors.As(err, &e) {
		t.Fatalf("%s: %v; want a ClosedError", why, err)
	}
	code := func(ce *websocket.CloseError) websocket.StatusCode {
		if ce == nil {
			return 0
		}
		return ce.Code
	}
	if code(e.Sent) != sent || code(e.Received) != received || e.Began != began || !errors.Is(e.Cause, cause) {
		t.Errorf("%s: sent %v, received %v, began %v, cause %v; want %d, %d, %v, %v", why, e.Sent, e.Received, e.Began, e.Cause, sent, received, began, cause)
	}
	if e.Clean() != (sent != 0 && received != 0) {
		t.Errorf("%s: Clean is %v", why, e.Clean())
	}
	wantIs(t, why, err, net.ErrClosed)
}

// RFC 6455 §7.1.1: "the underlying TCP connection, in most normal cases, SHOULD be
// closed first by the server".
func TestCloseHandshake(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		done := background(func() error { return c.Close(4001, "bye") })
		if reason := p.wantFarewell("our Close frame", 4001); reason != "bye" {
			t.Errorf("reason %q", reason)
		}
		pending(t, "Close before the peer's Close frame", done)
		p.send(farewell(4001, ""))
		if role == websocket.RoleServer {
			p.wantEnd("the server closes TCP")
			p.Close()
		} else {
			pending(t, "Close of a client before the server closes TCP", done)
			p.halfClose()
			p.wantEnd("the client closes TCP after the server")
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		_, _, err := c.Read(patience(t))
		wantEnding(t, "Read after Close", err, 4001, 4001, websocket.SideLocal, nil)
		err = c.Close(websocket.StatusNormalClosure, "again")
		wantEnding(t, "the second Close", err, 4001, 4001, websocket.SideLocal, nil)
		wantEnding(t, "CloseNow after Close", c.CloseNow(), 4001, 4001, websocket.SideLocal, nil)
	})
}

// Messages that nobody will read are dropped whatever their size: they do not turn
// a clean end into a failed one.
func TestCloseDropsWhatIsTooBig(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		limits := websocket.Limits{Message: 4, Frame: 4, Fragments: 1}
		c, p := facing(t, role, &websocket.ConnOptions{Limits: limits}, 0)
		done := background(func() error { return c.Close(websocket.StatusNormalClosure, "") })
		p.wantFarewell("our Close frame", websocket.StatusNormalClosure)
		p.send(part(opText, "much too "), part(0, "big"), whole(0, "."), farewell(websocket.StatusNormalClosure, ""))
		p.halfClose()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// RFC 6455 §5.5.1: "If an endpoint receives a Close frame and did not previously
// send a Close frame, the endpoint MUST send a Close frame in response."
func TestClosedByPeer(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		p.send(farewell(websocket.StatusGoingAway, "off"))
		_, _, err := c.Read(patience(t))
		wantEnding(t, "Read", err, websocket.StatusGoingAway, websocket.StatusGoingAway, websocket.SideRemote, nil)
		if websocket.CloseStatus(err) != websocket.StatusGoingAway || !strings.Contains(err.Error(), `"off"`) {
			t.Errorf("%v", err)
		}
		c.CloseNow() // does not take the reply back
		p.wantFarewell("the reply", websocket.StatusGoingAway)
		if role == websocket.RoleServer {
			p.wantEnd("the server closes TCP")
		} else {
			p.halfClose()
			p.wantEnd("the client closes TCP after the server")
		}
		p.Close()
		synctest.Wait()
		wantEnding(t, "Write", c.Write(patience(t), websocket.MessageText, nil), websocket.StatusGoingAway, websocket.StatusGoingAway, websocket.SideRemote, nil)
	})
}

func TestSimultaneousClose(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		p.send(whole(opText, "unread"), farewell(4002, ""))
		done := background(func() error { return c.Close(4001, "") })
		p.wantFarewell("our Close frame", 4001)
		p.halfClose()
		p.wantEnd("one Close frame and no more")
		if err := <-done; err != nil {
			t.Error(err)
		}
		_, _, err := c.Read(patience(t))
		wantEnding(t, "Read", err, 4001, 4002, websocket.SideLocal, nil)
	})
	// Two of our own.
	synctest.Test(t, func(t *testing.T) {
		server, client := wstestPair(nil, 0)
		one := background(func() error { return server.Close(4001, "") })
		two := background(func() error { return client.Close(4002, "") })
		within(t, "closing at once", 0, func() { <-one; <-two })
	})
}

// badPeers do what keeps a closing handshake from its end.
var badPeers = map[string]func(p *peer){
	"says nothing":  func(p *peer) { io.Copy(io.Discard, p) },
	"does not read": func(p *peer) {},
	"stalls in a header": func(p *peer) {
		p.sendBytes(p.wire(whole(opBinary, strings.Repeat("x", 300)))[:3])
		io.Copy(io.Discard, p)
	},
	"stalls in a payload": func(p *peer) {
		p.sendBytes(p.wire(whole(opBinary, strings.Repeat("x", 300)))[:99])
		io.Copy(io.Discard, p)
	},
	"stalls between":         func(p *peer) { p.send(part(opText, "x")); io.Copy(io.Discard, p) },
	"does not close TCP":     func(p *peer) { p.send(farewell(1000, "")); io.Copy(io.Discard, p) },
	"answers, does not read": func(p *peer) { p.send(farewell(1000, "")) },
	"sends slowly":           func(p *peer) { trickle(p, p.wire(whole(opText, "x"))) },
	"pings slowly":           func(p *peer) { trickle(p, p.wire(whole(opPing, "x"))) },
	"talks after its end":    func(p *peer) { p.send(farewell(1000, "")); trickle(p, []byte("abc")) },
}

// trickle writes b every second until that fails.
func trickle(p *peer, b []byte) {
	go io.Copy(io.Discard, p)
	_ = p.repeat(b, time.Second)
}

// Close takes no longer than its timeout, or its context, whatever the peer does;
// also while a write is blocked, and while the application reads.
func TestCloseIsBounded(t *testing.T) {
	const limit = 7 * time.Second
	for name, play := range badPeers {
		for _, busy := range []string{"idle", "reading", "in a message", "writing"} {
			t.Run(name+"/"+busy, func(t *testing.T) {
				eachRole(t, func(t *testing.T, role websocket.Role) {
					opts := &websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: limit}}
					for _, ctxLimit := range []time.Duration{0, 2 * time.Second} {
						c, p := facing(t, role, opts, 200)
						gone := background(func() error { play(p); return nil })
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
							within(t, "Close", limit, func() { c.Close(websocket.StatusNormalClosure, "") })
						} else {
							ctx, cancel := context.WithTimeout(context.Background(), ctxLimit)
							within(t, "CloseContext", ctxLimit, func() { c.CloseContext(ctx, websocket.StatusNormalClosure, "") })
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
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		go io.Copy(io.Discard, p)
		err := c.Close(websocket.StatusNormalClosure, "")
		wantEnding(t, "Close", err, websocket.StatusNormalClosure, 0, websocket.SideLocal, websocket.ErrCloseTimeout)
		c, p = facing(t, role, nil, 0)
		go io.Copy(io.Discard, p)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err = c.CloseContext(ctx, websocket.StatusNormalClosure, "")
		wantEnding(t, "CloseContext", err, websocket.StatusNormalClosure, 0, websocket.SideLocal, context.DeadlineExceeded)
	})
}

// A peer that floods: in real time, as in a bubble it would never wait.
func TestCloseDuringFlood(t *testing.T) {
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		near, other := wstest.NetPipe(0)
		c := websocket.NewConn(near, role, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: 50 * time.Millisecond}})
		p := peerOf(t, role, other)
		flood := p.wire(whole(opText, "data"), whole(opPing, "ping"), part(opText, "a"), whole(opContinuation, "b"))
		go io.Copy(io.Discard, other)
		flooded := background(func() error { return p.repeat(flood, 0) })
		wantIs(t, "Close", c.Close(websocket.StatusNormalClosure, ""), websocket.ErrCloseTimeout)
		<-flooded
		other.Close()
	}
}

// What arrives while Close waits goes to a read that waits for it.
func TestCloseWhileReading(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		var got []string
		reading := background(func() error {
			for {
				_, m, err := c.Read(context.Background())
				if err != nil {
					return err
				}
				got = append(got, string(m))
			}
		})
		synctest.Wait()
		done := background(func() error { return c.Close(websocket.StatusNormalClosure, "") })
		p.wantFarewell("our Close frame", websocket.StatusNormalClosure)
		p.send(whole(opText, "last words"))
		synctest.Wait()
		p.send(farewell(1000, ""))
		p.halfClose()
		if err := <-done; err != nil {
			t.Error(err)
		}
		wantEnding(t, "Read", <-reading, 1000, 1000, websocket.SideLocal, nil)
		if len(got) != 1 || got[0] != "last words" {
			t.Errorf("the application got %q", got)
		}
	})
}

// The closing handshake goes its way between the fragments of a Writer.
func TestCloseBetweenFragments(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		w, _ := c.Writer(patience(t), websocket.MessageText)
		io.WriteString(w, "half")
		w.(interface{ Flush() error }).Flush()
		done := background(func() error { return c.Close(websocket.StatusNormalClosure, "") })
		p.next()
		p.wantFarewell("our Close frame", websocket.StatusNormalClosure)
		io.WriteString(w, "more")
		wantEnding(t, "Close of the writer", w.Close(), 1000, 0, websocket.SideLocal, nil)
		p.send(farewell(1000, ""))
		p.halfClose()
		p.wantEnd("the end")
		if err := <-done; err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

func TestCloseArguments(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
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
			c, p := facing(t, role, nil, 0)
			done := background(func() error { return c.Close(test.code, test.reason) })
			x, err := p.next()
			want := ""
			if test.sent != 0 {
				want = string([]byte{byte(test.sent >> 8), byte(test.sent)}) + test.sentReason
			}
			if err != nil || x.Opcode != opClose || string(x.Payload) != want || !utf8.ValidString(test.sentReason) {
				t.Errorf("Close(%d, %q) sends %q, %v", test.code, test.reason, x.Payload, err)
			}
			p.send(farewell(1000, ""))
			p.Close()
			err = <-done
			if _, usage := errors.AsType[*websocket.UsageError](err); usage != (test.sent == 1011) || !usage && err != nil {
				t.Errorf("Close(%d): %v", test.code, err)
			}
		}
	})
}

func TestCloseRead(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		one, two := c.CloseRead(context.Background()), c.CloseRead(context.Background())
		p.send(whole(opPing, "hi"))
		p.want("the pong", opPong, "hi")
		if one.Err() != nil || two.Err() != nil {
			t.Error("CloseRead's context has ended")
		}
		p.send(whole(opText, "data"))
		p.wantFarewell("data after CloseRead", websocket.StatusPolicyViolation)
		p.send(farewell(websocket.StatusPolicyViolation, ""))
		p.halfClose()
		<-one.Done()
		<-two.Done()
	})
}
