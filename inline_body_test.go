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
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// The body may read the next messages itself, and what it was given stays as it is.
func TestInlineReadInBody(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		ctx := wsplay.Quickly(t)
		var got []string
		stage := make(chan bool)
		done := wsplay.Go(func() error {
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
			p.Busy()
			got = nil
			p.Send(wsplay.Frame(wsplay.OpText, "header"), wsplay.Frame(wsplay.OpText, "one"))
			<-stage
			p.Send(wsplay.Frame(wsplay.OpText, "two"))
			p.Send(wsplay.Frame(wsplay.OpBinary, string(make([]byte, 100_000))), wsplay.Frame(wsplay.OpText, "three"))
			p.Want("the first", wsplay.OpText, "header")
			p.Want("the last", wsplay.OpText, "three")
			p.Busy()
			if want := "[header read one read two read 100000 three"; fmt.Sprint(got)[:len(want)] != want {
				t.Errorf("got %v", got)
			}
		}
		p.Send(wsplay.CloseFrame(websocket.StatusNormalClosure, ""))
		p.WantReply(websocket.StatusNormalClosure)
		if err := wsplay.Returned(t, "the loop", done); err != nil {
			t.Error(err)
		}
	})
}

// Ping drives the reading while the body does not, in the body and beside it.
func TestInlinePingWhileBodyRuns(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		ctx := wsplay.Quickly(t)
		pinged := make(chan error)
		_ = wsplay.Echo(ctx, c, func(text string) {
			switch text {
			case "ping":
				pinged <- c.Ping(ctx)
			case "beside":
				pinged <- <-wsplay.Go(func() error { return c.Ping(ctx) })
			}
		})
		for _, text := range []string{"ping", "beside"} {
			p.Busy()
			p.Send(wsplay.Frame(wsplay.OpText, text))
			f, err := p.Next()
			if err != nil || f.Opcode != wsplay.OpPing {
				t.Fatalf("%s: got opcode %d, %v; want a ping", text, f.Opcode, err)
			}
			p.Send(wsplay.Frame(wsplay.OpPong, string(f.Payload)))
			if err := wsplay.Returned(t, "Ping", pinged); err != nil {
				t.Error(text, err)
			}
			p.Want("the echo", wsplay.OpText, text)
		}
	})
}

// A context that ends while the loop waits, or while its body runs, ends the loop and
// not the connection; another loop goes on.
func TestInlineContext(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		for _, when := range []string{"waiting", "in the body"} {
			ctx, cancel := context.WithCancel(context.Background())
			done := wsplay.Go(func() error {
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
			p.Busy()
			if when == "waiting" {
				cancel()
			} else {
				p.Send(wsplay.Frame(wsplay.OpText, "cancel"))
				p.Want("in the body", wsplay.OpText, "cancel")
			}
			if err := wsplay.Returned(t, when, done); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", when, err)
			}
			cancel()
		}
		p.Send(wsplay.Frame(wsplay.OpText, "more"))
		wsplay.WantRead(t, c, "more")
		_ = wsplay.Echo(context.Background(), c, func(string) {})
		p.Busy()
	})
}

// A loop that is left may be entered again, and within another.
func TestInlineLoops(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		ctx := wsplay.Quickly(t)
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
		go p.Send(wsplay.Frame(wsplay.OpText, "a"), wsplay.Frame(wsplay.OpText, "b"), wsplay.Frame(wsplay.OpText, "c"), wsplay.Frame(wsplay.OpText, "d"), wsplay.Frame(wsplay.OpText, "e"), wsplay.Frame(wsplay.OpText, "f"))
		if got := fmt.Sprint(take(2), take(1)); got != "[a b] [c]" {
			t.Error(got)
		}
		wsplay.WantRead(t, c, "d")
		for m, err := range c.Messages(ctx) {
			if err != nil || string(m.Data) != "e" {
				t.Error(string(m.Data), err)
			}
			go p.Send(wsplay.Frame(wsplay.OpText, "g"))
			if got := fmt.Sprint(take(2)); got != "[f g]" {
				t.Error(got)
			}
			break
		}
		_ = wsplay.Echo(ctx, c, func(string) {})
		p.Busy()
	})
}

// A body that does not return takes nothing with it.
func TestInlineBodyLeaves(t *testing.T) {
	for name, leave := range map[string]func(){
		"panic":  func() { panic("in the body") },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
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
				p.Busy()
				p.Send(wsplay.Frame(wsplay.OpText, "leave"), wsplay.Frame(wsplay.OpText, "next"))
				<-gone
				wsplay.WantRead(t, c, "next")
				_ = wsplay.Echo(context.Background(), c, func(string) {})
				p.Busy()
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
func TestInlinePieces(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		_ = wsplay.Echo(context.Background(), c, func(string) {})
		p.Busy()
		wire := p.Wire(wsplay.Frame(wsplay.OpText, "one"), wsplay.Fragment(wsplay.OpText, "tw"), wsplay.Frame(wsplay.OpPing, "!"), wsplay.Frame(wsplay.OpContinuation, "o"),
			wsplay.Frame(wsplay.OpBinary, string(make([]byte, 40_000))), wsplay.Frame(wsplay.OpText, ""), wsplay.Frame(wsplay.OpText, "three"))
		go func() {
			for len(wire) > 0 {
				n := min(len(wire), 1+len(wire)%7)
				if len(wire) > 5000 {
					n = 3001
				}
				p.SendBytes(wire[:n])
				wire = wire[n:]
			}
		}()
		p.Want("whole", wsplay.OpText, "one")
		p.Want("the pong", wsplay.OpPong, "!")
		p.Want("fragments", wsplay.OpText, "two")
		p.Want("large", wsplay.OpBinary, string(make([]byte, 40_000)))
		p.Want("empty", wsplay.OpText, "")
		p.Want("behind", wsplay.OpText, "three")
		p.Busy()
	})
}

// Messages of every size, one behind the other: buffers grow and shrink with them.
func TestInlineSizes(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		ctx := wsplay.Quickly(t)
		done := wsplay.Go(func() error {
			for m, err := range c.Messages(ctx) {
				if err != nil {
					return err
				}
				before := bytes.Clone(m.Data)
				if len(m.Data)%7 == 0 { // others come into the buffer meanwhile
					if _, next, err := c.Read(ctx); err != nil || len(next) != len(m.Data)+1 {
						return fmt.Errorf("%d bytes behind %d: %w", len(next), len(m.Data), err)
					}
				}
				if !bytes.Equal(before, m.Data) {
					t.Errorf("a message of %d bytes has changed", len(before))
				}
				if err := c.Write(ctx, m.Type, m.Data); err != nil {
					return err
				}
			}
			return nil
		})
		p.Busy()
		text := bytes.Repeat([]byte("0123456789"), 30_000)
		for _, n := range []int{5, 70_000, 65_536, 64_000, 70_001, 20, 16_384, 100, 131_050, 32_760, 131_072, 250_000, 7, 65_530, 1} {
			p.Floods.Go(func() {
				p.Send(wsplay.Frame(wsplay.OpBinary, string(text[:n])))
				if n%7 == 0 {
					p.Send(wsplay.Frame(wsplay.OpBinary, string(text[:n+1])))
				}
			})
			p.Want("the echo", wsplay.OpBinary, string(text[:n]))
			p.Floods.Wait()
		}
		p.Send(wsplay.CloseFrame(websocket.StatusNormalClosure, ""))
		p.WantReply(websocket.StatusNormalClosure)
		if err := wsplay.Returned(t, "the loop", done); err != nil {
			t.Error(err)
		}
	})
}

// A busy loop within the body of a busy loop, and one beside it.
func TestInlineLoopWithinLoop(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		ctx := wsplay.Quickly(t)
		done := wsplay.Go(func() error {
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
		p.Busy()
		for range 2 {
			p.Send(wsplay.Frame(wsplay.OpText, "nest"))
			p.Want("the inner loop", wsplay.OpText, "nest")
			for i := range 50 {
				p.Send(wsplay.Frame(wsplay.OpText, fmt.Sprint(i)))
				p.Want("the inner loop", wsplay.OpText, fmt.Sprint(i))
			}
			p.Send(wsplay.Frame(wsplay.OpText, "leave"))
			p.Want("the inner loop", wsplay.OpText, "leave")
			p.Busy()
			p.Busy()
		}
		p.Send(wsplay.CloseFrame(websocket.StatusNormalClosure, ""))
		if err := wsplay.Returned(t, "both loops", done); err != nil {
			t.Error(err)
		}
	})
}

func TestInlineLoopsSideBySide(t *testing.T) {
	onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		ctx := wsplay.Quickly(t)
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
		one, two := wsplay.Go(echo), wsplay.Go(echo)
		p.SetReadDeadline(time.Now().Add(5 * time.Second))
		for range 200 {
			p.Send(wsplay.Frame(wsplay.OpText, "question"))
			p.Want("an answer", wsplay.OpText, "question")
		}
		p.Send(wsplay.CloseFrame(websocket.StatusNormalClosure, ""))
		if err := wsplay.Returned(t, "one", one); err != nil {
			t.Error(err)
		}
		if err := wsplay.Returned(t, "two", two); err != nil {
			t.Error(err)
		}
	})
}

// Messages that have come together are taken out of the buffer outside the gate. What the
// body does in one of them holds for the next, as if each had been waited for.
func TestInlineBurst(t *testing.T) {
	limit := func(err error) bool { _, ok := errors.AsType[*websocket.LimitError](err); return ok }
	text := func(err error) bool {
		e, ok := errors.AsType[*websocket.ProtocolError](err)
		return ok && e.Code == websocket.StatusInvalidFramePayloadData
	}
	none := func(err error) bool { return err == nil }
	cases := map[string]struct {
		second string // the second of five messages
		body   func(ctx context.Context, c *websocket.Conn) (more string, err error)
		want   string
		ends   func(error) bool
	}{
		"a read": {"b", func(ctx context.Context, c *websocket.Conn) (string, error) {
			_, p, err := c.Read(ctx)
			return string(p), err
		}, "a b c d e", none},
		"a Reader": {"b", func(ctx context.Context, c *websocket.Conn) (string, error) {
			_, r, err := c.Reader(ctx)
			if err != nil {
				return "", err
			}
			p, err := io.ReadAll(r)
			return string(p), err
		}, "a b c d e", none},
		"a loop": {"b", func(ctx context.Context, c *websocket.Conn) (string, error) {
			for m, err := range c.Messages(ctx) {
				return string(m.Data), err
			}
			return "", nil
		}, "a b c d e", none},
		"a read elsewhere": {"b", func(ctx context.Context, c *websocket.Conn) (string, error) {
			var p []byte
			err := <-wsplay.Go(func() (err error) { _, p, err = c.Read(ctx); return err })
			return string(p), err
		}, "a b c d e", none},
		"a ping": {"b", func(ctx context.Context, c *websocket.Conn) (string, error) {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
			defer cancel()
			if err := c.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
				return "", err
			}
			return "", nil
		}, "a b c d e", none},
		"a limit": {"bb", func(_ context.Context, c *websocket.Conn) (string, error) {
			c.SetReadLimit(1)
			return "", nil
		}, "a", limit},
		"nothing, and invalid text": {"\xff", func(context.Context, *websocket.Conn) (string, error) {
			return "", nil
		}, "a", text},
		"CloseNow": {"b", func(_ context.Context, c *websocket.Conn) (string, error) {
			return "", c.CloseNow()
		}, "a", func(err error) bool { _, ok := errors.AsType[*websocket.ClosedError](err); return ok }},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			onSocket(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				ctx := wsplay.Quickly(t)
				busy, got := true, []string(nil)
				done := wsplay.Go(func() error {
					for m, err := range c.Messages(ctx) {
						if err != nil {
							return err
						}
						if string(m.Data) == "a" {
							busy = false
							more, err := test.body(ctx, c)
							if got = append(got, string(m.Data)); err != nil {
								return err
							}
							if more != "" {
								got = append(got, more)
							}
							continue
						}
						if busy {
							if err := c.Write(ctx, m.Type, m.Data); err != nil {
								return err
							}
							continue
						}
						if got = append(got, string(m.Data)); string(m.Data) == "e" {
							return nil
						}
					}
					return nil
				})
				p.SetReadDeadline(time.Now().Add(5 * time.Second))
				p.Busy()
				p.Send(wsplay.Frame(wsplay.OpText, "a"), wsplay.Frame(wsplay.OpText, test.second), wsplay.Frame(wsplay.OpText, "c"),
					wsplay.Frame(wsplay.OpText, "d"), wsplay.Frame(wsplay.OpText, "e"))
				if err := wsplay.Returned(t, "the loop", done); !test.ends(err) {
					t.Error(err)
				}
				if got := fmt.Sprint(got); got != "["+test.want+"]" {
					t.Errorf("%s, want [%s]", got, test.want)
				}
			})
		})
	}
}
