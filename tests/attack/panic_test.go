package attack_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// logged collects what is logged.
func logged(t *testing.T) *bytes.Buffer {
	var b bytes.Buffer
	log.SetOutput(&b)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	return &b
}

// callbacks are the calls in which one may run.
var callbacks = map[string]func(c *websocket.Conn, ctx context.Context){
	"Read":   func(c *websocket.Conn, ctx context.Context) { _, _, _ = c.Read(ctx) },
	"Reader": func(c *websocket.Conn, ctx context.Context) { _, _, _ = c.Reader(ctx) },
	"Ping":   func(c *websocket.Conn, ctx context.Context) { _ = c.Ping(ctx) },
	"Close":  func(c *websocket.Conn, ctx context.Context) { _ = c.CloseContext(ctx, 1000, "") },
	"Messages": func(c *websocket.Conn, ctx context.Context) {
		c.Messages(ctx)(func(websocket.Message, error) bool { return true })
	},
	// On goroutines of ours:
	"CloseRead": func(c *websocket.Conn, ctx context.Context) { <-c.CloseRead(ctx).Done() },
	"keepalive": func(c *websocket.Conn, ctx context.Context) { time.Sleep(time.Hour) },
}

func TestAttackPanic(t *testing.T) {
	const name = "panic in user callback does not kill process"
	opts := &websocket.ConnOptions{
		KeepAlive:      websocket.KeepAlive{Interval: time.Minute},
		OnPingReceived: func(context.Context, []byte) bool { panic("in OnPingReceived") },
		OnPongReceived: func(context.Context, []byte) { panic("in OnPongReceived") },
	}
	for call, run := range callbacks {
		for _, op := range []byte{wsplay.OpPing, wsplay.OpPong} {
			attack(t, name+"/"+call+map[byte]string{wsplay.OpPing: ", ping", wsplay.OpPong: ", pong"}[op], opts, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				out := logged(t)
				p.Send(wsplay.Frame(op, ""))
				done := make(chan struct{})
				go func() { defer close(done); run(c, wsplay.Patience(t)) }()
				var last byte
				for last != wsplay.OpClose { // ours, of a call of Close, comes first
					f, err := p.Next()
					if err != nil {
						t.Fatal(err)
					}
					if last = f.Opcode; last == wsplay.OpClose && call != "Close" && string(f.Payload) != "\x03\xf3" {
						t.Errorf("closed with % x, want 1011", f.Payload)
					}
				}
				_ = p.Close()
				<-done
				_, _, err := read(t, c)
				if cause := wsplay.WantClosed(t, err).Cause; cause == nil || !strings.Contains(cause.Error(), "panic in a callback: in OnP") {
					t.Errorf("%v does not say that a callback panicked", err)
				}
				wsplay.WantSticky(t, c, wsplay.WantClosed(t, err).Cause)
				if !strings.Contains(out.String(), "in OnP") || !strings.Contains(out.String(), "panic_test.go") {
					t.Errorf("logged %q", out)
				}
			})
		}
	}
	tracing := &websocket.ConnOptions{Trace: &websocket.Trace{
		HandshakeDone: func(*websocket.Conn) { panic("in HandshakeDone") },

		FrameRead:    func(*websocket.Conn, websocket.FrameInfo) { panic("in FrameRead") },
		FrameWritten: func(*websocket.Conn, websocket.FrameInfo) { panic("in FrameWritten") },
		StateChanged: func(*websocket.Conn, conn.State, conn.State) { panic("in StateChanged") },
		Closed:       func(*websocket.Conn, *websocket.ClosedError) { panic("in Closed") },
	}}
	out := logged(t)
	attack(t, name+"/Trace", tracing, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		defer out.Reset()
		p.Send(wsplay.Frame(wsplay.OpText, "a"), wsplay.Frame(wsplay.OpPing, "b"), wsplay.Frame(wsplay.OpText, "c"))
		for _, want := range []string{"a", "c"} {
			wantRead(t, c, want)
		}
		p.Want("pong", wsplay.OpPong, "b")
		p.Send(wsplay.CloseFrame(1000, ""))
		_, _, err := read(t, c)
		p.WantReply(1000)
		closed(p, c, err, 1000, "")
		for _, hook := range []string{"HandshakeDone", "FrameRead", "FrameWritten", "StateChanged", "Closed"} {
			if !strings.Contains(out.String(), "in "+hook) {
				t.Errorf("no panic in %s was logged", hook)
			}
		}
	})
	t.Run(name+"/Handler", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := doors["Handler"](t, nil, 0, func(*websocket.Conn, error) { panic("in serve") })
			p.SendBytes([]byte(wsplay.UpgradeRequest))
			p.Response()
			p.Want("told so, without why", wsplay.OpClose, "\x03\xf3")
			p.Send(wsplay.CloseFrame(1011, ""))
			p.WantEOF("the closing handshake is over")
		})
	})
	t.Run(name+"/OnRequest", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b := wstest.NetPipe(0)
			_, _ = io.WriteString(b, wsplay.Request+"\r\n")
			defer func() { // it is the caller's, who can recover
				if p := recover(); p != "in OnRequest" {
					t.Errorf("recovered %v", p)
				}
				if _, err := b.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("the connection was not closed: %v", err)
				}
			}()
			_, _ = websocket.Upgrade(a, &websocket.AcceptOptions{OnRequest: func(*handshake.Request) error { panic("in OnRequest") }})
		})
	})
	t.Run(name+"/Registry.Shutdown", func(t *testing.T) {
		logged(t)
		synctest.Test(t, func(t *testing.T) {
			var registry websocket.Registry
			accepted := make(chan struct{})
			p := doors["Upgrade"](t, &websocket.AcceptOptions{Registry: &registry, OnPingReceived: opts.OnPingReceived}, 0, func(c *websocket.Conn, err error) {
				defer close(accepted)
				if err != nil {
					t.Error(err)
				}
			})
			p.SendBytes(append([]byte(wsplay.Request+"\r\n"), p.Wire(wsplay.Frame(wsplay.OpPing, ""))...))
			p.Response()
			<-accepted
			go func() {
				p.Want("our Close", wsplay.OpClose, "\x03\xe9")
				_ = p.Close()
			}()
			if err := registry.Shutdown(wsplay.Patience(t)); err != nil || registry.Len() != 0 {
				t.Errorf("%v, %d left", err, registry.Len())
			}
		})
	})
	t.Run(name+"/http.ErrAbortHandler", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := doors["Handler"](t, nil, 0, func(*websocket.Conn, error) { panic(http.ErrAbortHandler) })
			p.SendBytes([]byte(wsplay.UpgradeRequest))
			p.Response()
			p.Want("closed as well", wsplay.OpClose, "\x03\xf3")
			_ = p.Close()
		})
	})
}
