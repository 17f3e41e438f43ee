//go:build unix

package websocket_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A loop over the messages of a socket lives inside the wait for it. What follows is
// what that could break.

// onSocket runs a test of a server's connection on a TCP socket and on a Unix one,
// and looks whether a descriptor is left open.
func onSocket(t *testing.T, test func(t *testing.T, c *websocket.Conn, p *wsplay.Peer)) {
	t.Helper()
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			goroutines, descriptors := goleak.IgnoreCurrent(), wsplay.OpenDescriptors(t)
			t.Cleanup(func() {
				goleak.VerifyNone(t, goroutines)
				if now := wsplay.OpenDescriptors(t); now > descriptors {
					t.Errorf("%d descriptors are open, %d before", now, descriptors)
				}
			})
			a, b := wsplay.TCP(t)
			if network == "unix" {
				_, _ = a.Close(), b.Close()
				a, b = wsplay.Unix(t)
			}
			c := websocket.NewConn(a, websocket.RoleServer, nil)
			p := wsplay.NewPeer(t, websocket.RoleServer, b)
			test(t, c, p)
			_ = p.Close()
			_ = c.CloseNow()
		})
	}
}

// The end of the stream that came with the last bytes is told of with them, and
// not again.
func TestInlineSeesTheEnd(t *testing.T) {
	ends := map[string]func(p *wsplay.Peer){
		"FIN":   func(p *wsplay.Peer) { p.HalfClose() },
		"close": func(p *wsplay.Peer) { _ = p.Close() },
		"reset": func(p *wsplay.Peer) { p.Reset() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				if _, ok := p.Conn.(*net.UnixConn); ok && name == "reset" {
					return // a Unix socket has no reset
				}
				inBody, goOn := make(chan bool), make(chan bool)
				last := ""
				done := wsplay.Go(func() error {
					for m, err := range c.Messages(context.Background()) {
						if err != nil {
							return err
						}
						if last = string(m.Data); last == "before" {
							inBody <- true
							<-goOn
						}
						if last != "last" { // a write would find out what a read must
							_ = c.Write(context.Background(), m.Type, m.Data)
						}
					}
					return nil
				})
				p.Busy()
				p.Send(wsplay.Frame(wsplay.OpText, "before"))
				<-inBody
				p.Send(wsplay.Frame(wsplay.OpText, "last"))
				end(p) // both arrive while the body runs
				close(goOn)
				err := wsplay.Returned(t, "the loop", done)
				if err == nil {
					t.Error("the loop ended in order")
				}
				if last != "last" && name != "reset" { // which may take with it what came before
					t.Errorf("the last message was %q", last)
				}
			})
		})
	}
}

func TestInlineCloseInBody(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		closed := make(chan error, 1)
		done := wsplay.Echo(context.Background(), c, func(text string) {
			if text == "bye" {
				closed <- c.Close(websocket.StatusGoingAway, "as you wish")
			}
		})
		p.Busy()
		p.Send(wsplay.Frame(wsplay.OpText, "bye"), wsplay.Frame(wsplay.OpText, "discarded"))
		if reason := p.WantClose("Close in the body", websocket.StatusGoingAway); reason != "as you wish" {
			t.Error(reason)
		}
		p.Send(wsplay.Frame(wsplay.OpText, "discarded as well"), wsplay.CloseFrame(websocket.StatusGoingAway, ""))
		p.WantEOF("the server closes first")
		if err := wsplay.Returned(t, "Close", closed); err != nil {
			t.Error(err)
		}
		_ = p.Close()
		if err := wsplay.Returned(t, "the loop", done); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Error(err)
		}
	})
}

func TestInlineCloseNowInBody(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		done := wsplay.Echo(context.Background(), c, func(text string) {
			if text == "now" {
				_ = c.CloseNow()
				p.WantEOF("the socket is shut down although the body runs")
			}
		})
		p.Busy()
		p.Send(wsplay.Frame(wsplay.OpText, "now"))
		if err := wsplay.Returned(t, "the loop", done); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}

// What ends the connection while the body runs does not wait for it.
func TestInlineCloseWhileBodyRuns(t *testing.T) {
	for name, end := range map[string]func(c *websocket.Conn, p *wsplay.Peer) error{
		"CloseNow": func(c *websocket.Conn, p *wsplay.Peer) error { return c.CloseNow() },
		"Close": func(c *websocket.Conn, p *wsplay.Peer) error {
			p.Floods.Go(func() {
				p.WantClose("Close", websocket.StatusNormalClosure)
				p.Send(wsplay.CloseFrame(websocket.StatusNormalClosure, ""))
			})
			defer p.Floods.Wait()
			return c.Close(websocket.StatusNormalClosure, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				inBody, goOn := make(chan bool), make(chan bool)
				done := wsplay.Echo(context.Background(), c, func(text string) {
					if text == "stop" {
						inBody <- true
						<-goOn
					}
				})
				p.Busy()
				p.Send(wsplay.Frame(wsplay.OpText, "stop"))
				<-inBody
				if err := wsplay.Returned(t, name, wsplay.Go(func() error { return end(c, p) })); err != nil {
					t.Error(err)
				}
				p.WantEOF("while the body runs")
				close(goOn)
				_ = wsplay.Returned(t, "the loop", done)
			})
		})
	}
}

// A body can read and close when no descriptor is left.
func TestInlineWithoutDescriptors(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		var was syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
			t.Fatal(err)
		}
		restore := func() { _ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was) }
		defer restore()
		var closeErr, readErr error
		var read string
		done := wsplay.Echo(context.Background(), c, func(text string) {
			switch text {
			case "read":
				_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 3, Max: was.Max})
				var b []byte
				_, b, readErr = c.Read(context.Background())
				read = string(b)
			case "close":
				closeErr = c.Close(websocket.StatusNormalClosure, "")
				restore()
			}
		})
		p.Busy()
		p.Send(wsplay.Frame(wsplay.OpText, "read"))
		p.Send(wsplay.Frame(wsplay.OpText, "by the body"))
		p.Want("the question", wsplay.OpText, "read")
		p.Send(wsplay.Frame(wsplay.OpText, "close"))
		p.WantClose("the close", websocket.StatusNormalClosure)
		p.Send(wsplay.CloseFrame(websocket.StatusNormalClosure, ""))
		p.HalfClose()
		_ = wsplay.Returned(t, "the loop", done)
		if readErr != nil || read != "by the body" {
			t.Error(read, readErr)
		}
		if closeErr != nil {
			t.Error(closeErr)
		}
	})
}

// What is held back when the body calls CloseNow goes as far as it can without waiting.
func TestRepliesAreSentBeforeCloseNow(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		p.Send(wsplay.Frame(wsplay.OpText, "one"), wsplay.Frame(wsplay.OpText, "two"), wsplay.Frame(wsplay.OpText, "three"))
		for m, err := range c.Messages(context.Background()) {
			if err != nil {
				t.Error(err)
				break
			}
			if err := c.Write(context.Background(), m.Type, m.Data); err != nil {
				t.Error(err)
			}
			if string(m.Data) == "two" {
				_ = c.CloseNow()
				break
			}
		}
		p.Want("one", wsplay.OpText, "one")
		p.Want("two", wsplay.OpText, "two")
	})
}
