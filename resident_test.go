//go:build unix

package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"time"

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

func quickly(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func returned(t *testing.T, why string, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-quickly(t).Done():
		t.Fatalf("%s: still running", why)
		return nil
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

// The body may read the next messages itself, and what it was given stays as it is.
func TestResidentReadInBody(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
		ctx := quickly(t)
		var got []string
		stage := make(chan bool)
		done := background(func() error {
			for m, err := range c.Messages(ctx) {
				if err != nil {
					return err
				}
				text := bytes.Clone(m.Data)
				got = append(got, string(text))
				if string(text) == "header" {
					_, p, err := c.Read(ctx) // it is there
					if err != nil {
						return err
					}
					got = append(got, "read "+string(p))
					stage <- true
					if _, p, err = c.Read(ctx); err != nil { // it is waited for
						return err
					}
					got = append(got, "read "+string(p))
					_, r, err := c.Reader(ctx)
					if err != nil {
						return err
					}
					big, err := io.ReadAll(r)
					if err != nil {
						return err
					}
					got = append(got, fmt.Sprint("read ", len(big)))
				}
				if !bytes.Equal(text, m.Data) {
					t.Errorf("the message has become %.40q", m.Data)
				}
				if err := c.Write(ctx, m.Type, m.Data); err != nil {
					return err
				}
			}
			return nil
		})
		for range 2 { // the second time the duplicate of the descriptor is another
			p.busy()
			got = nil
			p.send(whole(opText, "header"), whole(opText, "one"))
			<-stage
			p.send(whole(opText, "two"))
			p.send(whole(opBinary, string(make([]byte, 100_000))), whole(opText, "three"))
			p.want("the first", opText, "header")
			p.want("the last", opText, "three")
			p.busy()
			if want := "[header read one read two read 100000 three"; fmt.Sprint(got)[:len(want)] != want {
				t.Errorf("got %v", got)
			}
		}
		p.send(farewell(websocket.StatusNormalClosure, ""))
		p.wantReply(websocket.StatusNormalClosure)
		if err := returned(t, "the loop", done); err != nil {
			t.Error(err)
		}
	})
}

// Ping drives the reading while the body does not, in the body and beside it.
func TestResidentPingWhileBodyRuns(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
		ctx := quickly(t)
		pinged := make(chan error)
		_ = echoes(ctx, c, func(text string) {
			switch text {
			case "ping":
				pinged <- c.Ping(ctx)
			case "beside":
				pinged <- <-background(func() error { return c.Ping(ctx) })
			}
		})
		for _, text := range []string{"ping", "beside"} {
			p.busy()
			p.send(whole(opText, text))
			f, err := p.next()
			if err != nil || f.Opcode != opPing {
				t.Fatalf("%s: got opcode %d, %v; want a ping", text, f.Opcode, err)
			}
			p.send(whole(opPong, string(f.Payload)))
			if err := returned(t, "Ping", pinged); err != nil {
				t.Error(text, err)
			}
			p.want("the echo", opText, text)
		}
	})
}

// A context that ends while the loop waits, or while its body runs, ends the loop and
// not the connection; another loop goes on.
func TestResidentContext(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
		for _, when := range []string{"waiting", "in the body"} {
			ctx, cancel := context.WithCancel(context.Background())
			done := background(func() error {
				for m, err := range c.Messages(ctx) {
					if err != nil {
						return err
					}
					if string(m.Data) == "cancel" {
						cancel()
					}
					if err := c.Write(context.Background(), m.Type, m.Data); err != nil {
						return err
					}
				}
				return nil
			})
			p.busy()
			if when == "waiting" {
				cancel()
			} else {
				p.send(whole(opText, "cancel"))
				p.want("in the body", opText, "cancel")
			}
			if err := returned(t, when, done); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", when, err)
			}
			cancel()
		}
		p.send(whole(opText, "more"))
		wantRead(t, c, "more")
		_ = echoes(context.Background(), c, func(string) {})
		p.busy()
	})
}

// A loop that is left may be entered again, and within another.
func TestResidentLoops(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
		ctx := quickly(t)
		take := func(n int) (got []string) {
			for m, err := range c.Messages(ctx) {
				if err != nil {
					t.Error(err)
					return got
				}
				if got = append(got, string(m.Data)); len(got) == n {
					break
				}
			}
			return got
		}
		go p.send(whole(opText, "a"), whole(opText, "b"), whole(opText, "c"), whole(opText, "d"), whole(opText, "e"), whole(opText, "f"))
		if got := fmt.Sprint(take(2), take(1)); got != "[a b] [c]" {
			t.Error(got)
		}
		wantRead(t, c, "d")
		for m, err := range c.Messages(ctx) {
			if err != nil || string(m.Data) != "e" {
				t.Error(string(m.Data), err)
			}
			go p.send(whole(opText, "g"))
			if got := fmt.Sprint(take(2)); got != "[f g]" {
				t.Error(got)
			}
			break
		}
		_ = echoes(ctx, c, func(string) {})
		p.busy()
	})
}

// A body that does not return takes nothing with it.
func TestResidentBodyLeaves(t *testing.T) {
	for name, leave := range map[string]func(){
		"panic":  func() { panic("in the body") },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
				gone := make(chan bool)
				go func() {
					defer close(gone)
					defer func() { _ = recover() }()
					<-echoes2(c, func(text string) {
						if text == "leave" {
							leave()
						}
					})
				}()
				p.busy()
				p.send(whole(opText, "leave"), whole(opText, "next"))
				<-gone
				wantRead(t, c, "next")
				_ = echoes(context.Background(), c, func(string) {})
				p.busy()
			})
		})
	}
}

// echoes2 is echoes on the caller's goroutine.
func echoes2(c *websocket.Conn, each func(text string)) <-chan error {
	done := make(chan error, 1)
	for m, err := range c.Messages(context.Background()) {
		if err != nil {
			done <- err
			break
		}
		each(string(m.Data))
		_ = c.Write(context.Background(), m.Type, m.Data)
	}
	return done
}

// Frames that come in pieces, in fragments, and among control frames.
func TestResidentPieces(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
		_ = echoes(context.Background(), c, func(string) {})
		p.busy()
		wire := p.wire(whole(opText, "one"), part(opText, "tw"), whole(opPing, "!"), whole(opContinuation, "o"),
			whole(opBinary, string(make([]byte, 40_000))), whole(opText, ""), whole(opText, "three"))
		go func() {
			for len(wire) > 0 {
				n := min(len(wire), 1+len(wire)%7)
				if len(wire) > 5000 {
					n = 3001
				}
				p.sendBytes(wire[:n])
				wire = wire[n:]
			}
		}()
		p.want("whole", opText, "one")
		p.want("the pong", opPong, "!")
		p.want("fragments", opText, "two")
		p.want("large", opBinary, string(make([]byte, 40_000)))
		p.want("empty", opText, "")
		p.want("behind", opText, "three")
		p.busy()
	})
}
