//go:build unix

package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

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

// Messages of every size, one behind the other: buffers grow and shrink with them.
func TestResidentSizes(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
		ctx := quickly(t)
		done := background(func() error {
			for m, err := range c.Messages(ctx) {
				if err != nil {
					return err
				}
				before := bytes.Clone(m.Data)
				if len(m.Data)%7 == 0 { // others come into the buffer meanwhile
					if _, next, err := c.Read(ctx); err != nil || len(next) != len(m.Data)+1 {
						return fmt.Errorf("%d octets behind %d: %w", len(next), len(m.Data), err)
					}
				}
				if !bytes.Equal(before, m.Data) {
					t.Errorf("a message of %d octets has changed", len(before))
				}
				if err := c.Write(ctx, m.Type, m.Data); err != nil {
					return err
				}
			}
			return nil
		})
		p.busy()
		text := bytes.Repeat([]byte("0123456789"), 30_000)
		for _, n := range []int{5, 70_000, 65_536, 64_000, 70_001, 20, 16_384, 100, 131_050, 32_760, 131_072, 250_000, 7, 65_530, 1} {
			p.floods.Go(func() {
				p.send(whole(opBinary, string(text[:n])))
				if n%7 == 0 {
					p.send(whole(opBinary, string(text[:n+1])))
				}
			})
			p.want("the echo", opBinary, string(text[:n]))
			p.floods.Wait()
		}
		p.send(farewell(websocket.StatusNormalClosure, ""))
		p.wantReply(websocket.StatusNormalClosure)
		if err := returned(t, "the loop", done); err != nil {
			t.Error(err)
		}
	})
}

// A busy loop within the body of a busy loop, and one beside it.
func TestResidentLoopWithinLoop(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
		ctx := quickly(t)
		done := background(func() error {
			echo := func(m websocket.Message, err error) error {
				if err != nil {
					return err
				}
				return c.Write(ctx, m.Type, m.Data)
			}
			for m, err := range c.Messages(ctx) {
				if err := echo(m, err); err != nil {
					return err
				}
				if string(m.Data) != "nest" {
					continue
				}
				for m, err := range c.Messages(ctx) {
					if err := echo(m, err); err != nil {
						return err
					}
					if string(m.Data) == "leave" {
						break
					}
				}
			}
			return nil
		})
		p.SetReadDeadline(time.Now().Add(5 * time.Second))
		p.busy()
		for range 2 {
			p.send(whole(opText, "nest"))
			p.want("the inner loop", opText, "nest")
			for i := range 50 {
				p.send(whole(opText, fmt.Sprint(i)))
				p.want("the inner loop", opText, fmt.Sprint(i))
			}
			p.send(whole(opText, "leave"))
			p.want("the inner loop", opText, "leave")
			p.busy()
			p.busy()
		}
		p.send(farewell(websocket.StatusNormalClosure, ""))
		if err := returned(t, "both loops", done); err != nil {
			t.Error(err)
		}
	})
}

func TestResidentLoopsSideBySide(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *peer) {
		ctx := quickly(t)
		echo := func() error {
			for m, err := range c.Messages(ctx) {
				if err != nil {
					return err
				}
				if err := c.Write(ctx, m.Type, m.Data); err != nil {
					return err
				}
			}
			return nil
		}
		one, two := background(echo), background(echo)
		p.SetReadDeadline(time.Now().Add(5 * time.Second))
		for range 200 {
			p.send(whole(opText, "question"))
			p.want("an answer", opText, "question")
		}
		p.send(farewell(websocket.StatusNormalClosure, ""))
		if err := returned(t, "one", one); err != nil {
			t.Error(err)
		}
		if err := returned(t, "two", two); err != nil {
			t.Error(err)
		}
	})
}
