//go:build unix

package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket"
)

// A loop over the messages of a socket lives inside the wait for it. What follows is
// what that could break.

// onSocket runs a test of a server's connection on a TCP socket and on a Unix one,
// and looks whether a descriptor is left open.
func onSocket(t *testing.T, test func(t *testing.T, c *websocket.Conn, p *peer)) {
	t.Helper()
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			goroutines, descriptors := goleak.IgnoreCurrent(), openDescriptors(t)
			t.Cleanup(func() {
				goleak.VerifyNone(t, goroutines)
				if now := openDescriptors(t); now > descriptors {
					t.Errorf("%d descriptors are open, %d before", now, descriptors)
				}
			})
			a, b := overTCP(t)
			if network == "unix" {
				_, _ = a.Close(), b.Close()
				a, b = overUnix(t)
			}
			c := websocket.NewConn(a, websocket.RoleServer, nil)
			p := peerOf(t, websocket.RoleServer, b)
			test(t, c, p)
			_ = p.Close()
			_ = c.CloseNow()
		})
	}
}

func overUnix(t *testing.T) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("unix", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// busy has so many messages echoed, one after the other, that the loop no longer looks
// whether there is more before it waits.
func (p *peer) busy() {
	p.t.Helper()
	for i := range 20 {
		p.send(whole(opText, fmt.Sprint(i)))
		p.want("a busy peer", opText, fmt.Sprint(i))
	}
}

// The end of the stream that came with the last octets is told of with them, and
// not again.
func TestResidentSeesTheEnd(t *testing.T) {
	ends := map[string]func(p *peer){
		"FIN":   func(p *peer) { p.halfClose() },
		"close": func(p *peer) { _ = p.Close() },
		"reset": func(p *peer) { p.reset() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
				if _, ok := p.Conn.(*net.UnixConn); ok && name == "reset" {
					return // a Unix socket has no reset
				}
				inBody, goOn := make(chan bool), make(chan bool)
				last := ""
				done := background(func() error {
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
				p.busy()
				p.send(whole(opText, "before"))
				<-inBody
				p.send(whole(opText, "last"))
				end(p) // both arrive while the body runs
				close(goOn)
				err := returned(t, "the loop", done)
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

func TestResidentCloseInBody(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
		closed := make(chan error, 1)
		done := echoes(context.Background(), c, func(text string) {
			if text == "bye" {
				closed <- c.Close(websocket.StatusGoingAway, "as you wish")
			}
		})
		p.busy()
		p.send(whole(opText, "bye"), whole(opText, "discarded"))
		if reason := p.wantFarewell("Close in the body", websocket.StatusGoingAway); reason != "as you wish" {
			t.Error(reason)
		}
		p.send(whole(opText, "discarded as well"), farewell(websocket.StatusGoingAway, ""))
		p.wantEnd("the server closes first")
		if err := returned(t, "Close", closed); err != nil {
			t.Error(err)
		}
		_ = p.Close()
		if err := returned(t, "the loop", done); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Error(err)
		}
	})
}

func TestResidentCloseNowInBody(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
		done := echoes(context.Background(), c, func(text string) {
			if text == "now" {
				_ = c.CloseNow()
				p.wantEnd("the socket is shut down although the body runs")
			}
		})
		p.busy()
		p.send(whole(opText, "now"))
		if err := returned(t, "the loop", done); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}

// What ends the connection while the body runs does not wait for it.
func TestResidentCloseWhileBodyRuns(t *testing.T) {
	for name, end := range map[string]func(c *websocket.Conn, p *peer) error{
		"CloseNow": func(c *websocket.Conn, p *peer) error { return c.CloseNow() },
		"Close": func(c *websocket.Conn, p *peer) error {
			p.floods.Go(func() {
				p.wantFarewell("Close", websocket.StatusNormalClosure)
				p.send(farewell(websocket.StatusNormalClosure, ""))
			})
			defer p.floods.Wait()
			return c.Close(websocket.StatusNormalClosure, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
				inBody, goOn := make(chan bool), make(chan bool)
				done := echoes(context.Background(), c, func(text string) {
					if text == "stop" {
						inBody <- true
						<-goOn
					}
				})
				p.busy()
				p.send(whole(opText, "stop"))
				<-inBody
				if err := returned(t, name, background(func() error { return end(c, p) })); err != nil {
					t.Error(err)
				}
				p.wantEnd("while the body runs")
				close(goOn)
				_ = returned(t, "the loop", done)
			})
		})
	}
}

// A body can read and close when no descriptor is left.
func TestResidentWithoutDescriptors(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
		var was syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
			t.Fatal(err)
		}
		restore := func() { _ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was) }
		defer restore()
		var closeErr, readErr error
		var read string
		done := echoes(context.Background(), c, func(text string) {
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
		p.busy()
		p.send(whole(opText, "read"))
		p.send(whole(opText, "by the body"))
		p.want("the question", opText, "read")
		p.send(whole(opText, "close"))
		p.wantFarewell("the close", websocket.StatusNormalClosure)
		p.send(farewell(websocket.StatusNormalClosure, ""))
		p.halfClose()
		_ = returned(t, "the loop", done)
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
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
		p.send(whole(opText, "one"), whole(opText, "two"), whole(opText, "three"))
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
		p.want("one", opText, "one")
		p.want("two", opText, "two")
	})
}
