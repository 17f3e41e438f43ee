package loop_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// returns are what an application may do in Open and in Receive, and what comes of it. They
// are those of a ServeFunc.
var returns = []struct {
	name   string
	call   func() error
	code   websocket.StatusCode
	reason string
	report string // part of what OnError is told; empty: nothing
	stack  bool   // with a stack
}{
	{"CloseError", func() error { return websocket.CloseError{Code: 1000, Reason: "bye"} }, 1000, "bye", "", false},
	{"another code", func() error { return websocket.CloseError{Code: 4123, Reason: "no"} }, 4123, "no", "", false},
	{"CloseError, wrapped", func() error { return fmt.Errorf("why: %w", websocket.CloseError{Code: 1008, Reason: "policy"}) }, 1008, "policy", "why", false},
	{"an error", func() error { return errTest }, 1011, "", errTest.Error(), false},
	{"panic", func() error { panic("ouch") }, 1011, "", "panic: ouch", true},
	{"panic with an error", func() error { panic(errTest) }, 1011, "", errTest.Error(), true},
	{"http.ErrAbortHandler", func() error { panic(http.ErrAbortHandler) }, 1011, "", "", false},
	{"runtime.Goexit", func() error { runtime.Goexit(); return nil }, 1011, "", "runtime.Goexit", false},
}

// A loop that a panic or Goexit takes along would serve nobody afterwards; one that does not
// close, or closes with another code, is seen by the peer.
func TestReturns(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		for _, in := range []string{"Open", "Receive", "Receive, with more behind"} {
			for _, row := range returns {
				t.Run(in+"/"+row.name, func(t *testing.T) { oneReturn(t, by, in, row.call, row.code, row.reason, row.report, row.stack) })
			}
		}
	})
}

func oneReturn(t *testing.T, by way, in string, call func() error, code websocket.StatusCode, reason, report string, stack bool) {
	errs := make(reports, 10)
	calls := 0
	loop := echoes()
	loop.OnError = errs.take
	echo := loop.Open
	bad := true // the first connection
	loop.Open = func(ctx context.Context, c *websocket.Conn) (websocket.Receiver, error) {
		if !bad {
			return echo(ctx, c)
		}
		bad = false
		if in == "Open" {
			return nil, call()
		}
		return websocket.ReceiverFunc(func(context.Context, *websocket.Conn, websocket.Message) error {
			if calls++; calls > 1 {
				t.Error("Receive was called again")
			}
			return call()
		}), nil
	}
	s := serve(t, by, loop)
	p := s.play()
	// One who answers an Open that fails may find the connection ended.
	if in == "Receive" {
		p.Send(wsplay.Frame(wsplay.OpText, "go on"))
	} else if in != "Open" {
		p.Send(wsplay.Frame(wsplay.OpText, "go on"), wsplay.Frame(wsplay.OpText, "and on"), wsplay.Frame(wsplay.OpPing, "?"))
	}
	f, err := p.Next()
	if err == nil && f.Opcode == wsplay.OpPong && in == "Receive, with more behind" && strings.Contains(report, "Goexit") {
		f, err = p.Next() // what is behind is read until the Close frame is sent
	}
	if err != nil || f.Opcode != wsplay.OpClose {
		t.Fatalf("got opcode %d %q, %v; want a Close frame", f.Opcode, f.Payload, err)
	}
	if got, text, _ := naive.Close(f.Payload); got != int(code) || text != reason {
		t.Errorf("the Close frame has %d %q, want %d %q", got, text, code, reason)
	}
	p.Send(wsplay.CloseFrame(code, ""))
	p.WantEOF("a server ends TCP first")
	_ = p.Close()
	if in != "Open" {
		_, l := s.only()
		var e *websocket.ClosedError
		if err := l.ended(t); !errors.As(err, &e) || e.Began != websocket.SideLocal || e.Sent == nil || e.Sent.Code != code || !e.Clean() {
			t.Errorf("Closed was told %v", err)
		}
	}
	if report != "" {
		e := arrives(t, "OnError", errs)
		if !strings.Contains(e.Error(), report) || (len(e.Stack) > 0) != stack || e.RemoteAddr == "" && by.network == "tcp" {
			t.Errorf("reported: %v from %q, stack %v", e, e.RemoteAddr, len(e.Stack) > 0)
		}
	}
	errs.none(t)
	echoed(t, s.dial(nil), "others are served as before")
}

// Closed may panic, and may end its goroutine.
func TestClosedFails(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		for name, call := range map[string]func(){"panic": func() { panic("in Closed") }, "Goexit": runtime.Goexit} {
			t.Run(name, func(t *testing.T) {
				errs := make(reports, 10)
				loop := echoes()
				loop.OnError = errs.take
				loop.Closed = func(*websocket.Conn, websocket.Receiver, error) { call() }
				s := serve(t, by, loop)
				for range 3 {
					c := s.dial(nil)
					echoed(t, c, "hello")
					if err := c.Close(1000, ""); err != nil {
						t.Error(err)
					}
					if name == "panic" {
						if e := arrives(t, "OnError", errs); !strings.Contains(e.Error(), "in Closed") || len(e.Stack) == 0 {
							t.Errorf("reported: %v", e)
						}
					}
				}
			})
		}
	})
}

// endings are how a peer ends a connection, and what Closed is told.
var endings = []struct {
	name string
	end  func(p *wsplay.Peer)
	want func(e *websocket.ClosedError) bool
}{
	{"Close", func(p *wsplay.Peer) { p.Send(wsplay.CloseFrame(4000, "x")); p.WantReply(4000); _ = p.Close() },
		func(e *websocket.ClosedError) bool {
			return e.Clean() && e.Received.Code == 4000 && e.Received.Reason == "x"
		}},
	{"Close with the last message, and FIN", func(p *wsplay.Peer) {
		p.Send(wsplay.Frame(wsplay.OpText, "last"), wsplay.CloseFrame(1000, ""))
		p.HalfClose()
		p.Want("the echo", wsplay.OpText, "last")
		p.WantReply(1000)
	}, func(e *websocket.ClosedError) bool { return e.Clean() && e.Received.Code == 1000 }},
	{"FIN with the last message", func(p *wsplay.Peer) {
		p.Send(wsplay.Frame(wsplay.OpText, "last"))
		p.HalfClose()
		p.Want("the echo: what is owed is sent first", wsplay.OpText, "last")
		p.WantEOF("behind it")
	}, func(e *websocket.ClosedError) bool { return e.Cause == io.EOF && e.Began == websocket.SideRemote }},
	{"FIN", func(p *wsplay.Peer) { p.HalfClose(); p.WantEOF("after FIN") },
		func(e *websocket.ClosedError) bool { return e.Cause == io.EOF }},
	{"FIN in a header", func(p *wsplay.Peer) { p.SendBytes([]byte{0x81}); p.HalfClose(); p.WantEOF("after FIN") },
		func(e *websocket.ClosedError) bool { return e.Cause == io.ErrUnexpectedEOF }},
	{"FIN in a payload", func(p *wsplay.Peer) {
		p.SendBytes(p.Wire(wsplay.Frame(wsplay.OpText, strings.Repeat("x", 50_000)))[:30_000])
		p.HalfClose()
		p.WantEOF("after FIN")
	}, func(e *websocket.ClosedError) bool { return e.Cause == io.ErrUnexpectedEOF }},
	{"FIN between fragments", func(p *wsplay.Peer) {
		p.Send(wsplay.Fragment(wsplay.OpText, "x"))
		p.HalfClose()
		p.WantEOF("after FIN")
	}, func(e *websocket.ClosedError) bool { return e.Cause == io.ErrUnexpectedEOF }},
	{"a bad frame", func(p *wsplay.Peer) { p.Send(wsplay.Frame(3, "")); p.WantReply(1002); _ = p.Close() },
		func(e *websocket.ClosedError) bool {
			broken, ok := errors.AsType[*websocket.ProtocolError](e.Cause)
			return ok && broken.Code == 1002 && e.Sent.Code == 1002
		}},
	{"bad text behind good", func(p *wsplay.Peer) {
		p.Send(wsplay.Frame(wsplay.OpText, "good"), wsplay.Frame(wsplay.OpText, "\xff"))
		p.Want("the good one", wsplay.OpText, "good")
		p.WantReply(1007)
		_ = p.Close()
	}, func(e *websocket.ClosedError) bool { return e.Sent.Code == 1007 }},
	{"too big", func(p *wsplay.Peer) { p.Send(wsplay.Header(wsplay.OpBinary, 1<<40)); p.WantReply(1009); _ = p.Close() },
		func(e *websocket.ClosedError) bool { return errors.Is(e, websocket.ErrMessageTooBig) }},
}

func TestEndings(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		for _, row := range endings {
			t.Run(row.name, func(t *testing.T) {
				s := serve(t, by, echoes())
				p := s.play()
				row.end(p)
				_, l := s.only()
				e := wsplay.WantClosed(t, l.ended(t))
				if !row.want(e) {
					t.Errorf("Closed was told %v (sent %v, received %v, cause %v, began %v)", e, e.Sent, e.Received, e.Cause, e.Began)
				}
			})
		}
	})
}

// A reset is told as such; no data of the peer's is needed for the loop to see it.
func TestReset(t *testing.T) {
	for _, by := range ways {
		if by.tls || by.network == "unix" {
			continue // no RST there
		}
		t.Run(by.name, func(t *testing.T) {
			s := serve(t, by, echoes())
			p := s.play()
			p.Send(wsplay.Frame(wsplay.OpText, "hello"))
			p.Want("the echo", wsplay.OpText, "hello")
			p.Reset()
			_, l := s.only()
			if e := wsplay.WantClosed(t, l.ended(t)); !errors.Is(e.Cause, wsplay.ConnReset) || e.Began != websocket.SideRemote {
				t.Errorf("Closed was told %v, because of %v", e, e.Cause)
			}
		})
	}
}

// ours are the ways in which this end closes, from inside Receive and from outside.
var ours = map[string]func(c *websocket.Conn) error{
	"Close":      func(c *websocket.Conn) error { return c.Close(4001, "ours") },
	"BeginClose": func(c *websocket.Conn) error { return c.BeginClose(context.Background(), 4001, "ours") },
	"CloseNow":   func(c *websocket.Conn) error { return c.CloseNow() },
}

func TestClosedByUs(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		for name, end := range ours {
			for _, inside := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/inside %v", name, inside), func(t *testing.T) {
					result := make(chan error, 1)
					loop := echoes()
					if inside {
						loop.Open = opens(func(_ context.Context, c *websocket.Conn, _ websocket.Message) error {
							result <- end(c)
							return nil
						})
					}
					s := serve(t, by, loop)
					p := s.play()
					c, l := s.only()
					if inside {
						p.Send(wsplay.Frame(wsplay.OpText, "now"))
					} else {
						go func() { result <- end(c) }()
					}
					if name == "CloseNow" {
						if f, err := p.Next(); err == nil {
							t.Errorf("CloseNow sent a frame with opcode %d", f.Opcode)
						}
					} else {
						p.WantClose("ours", 4001)
						p.Send(wsplay.CloseFrame(4001, ""))
						p.WantEOF("a server ends TCP first")
					}
					_ = p.Close()
					if err := arrives(t, name, result); err != nil {
						t.Errorf("%s returned %v", name, err)
					}
					e := wsplay.WantClosed(t, l.ended(t))
					if e.Began != websocket.SideLocal || e.Clean() != (name != "CloseNow") {
						t.Errorf("Closed was told %v", e)
					}
				})
			}
		}
	})
}
