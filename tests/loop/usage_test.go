package loop_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// misused says that err is a UsageError.
func misused(t *testing.T, call string, err error) {
	t.Helper()
	if _, ok := errors.AsType[*websocket.UsageError](err); !ok {
		t.Errorf("%s: %v, want a UsageError", call, err)
	}
}

// readers are the methods that read. The loop would lose what they got.
func readers(ctx context.Context, c *websocket.Conn) map[string]error {
	_, _, read := c.Read(ctx)
	_, _, into := c.ReadInto(ctx, nil)
	_, _, reader := c.Reader(ctx)
	var messages error
	for _, messages = range c.Messages(ctx) {
		break
	}
	_, netConn := websocket.NetConn(ctx, c, websocket.MessageText).Read(make([]byte, 1))
	return map[string]error{"Read": read, "ReadInto": into, "Reader": reader, "Messages": messages, "NetConn": netConn}
}

func TestReadsAreMisuse(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		loop := echoes()
		loop.Open = opens(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
			for name, err := range readers(ctx, c) {
				misused(t, name+" in Receive", err)
			}
			return c.Write(ctx, m.Type, m.Data)
		})
		s := serve(t, by, loop)
		client := s.dial(nil)
		echoed(t, client, "hello")
		c, l := s.only()
		for name, err := range readers(wsplay.Quickly(t), c) {
			misused(t, name+" outside", err)
		}
		reading := c.CloseRead(context.Background())
		echoed(t, client, "the loop goes on") // CloseRead would refuse a message with 1008
		if err := reading.Err(); err != nil {
			t.Errorf("the context of CloseRead has ended before the connection: %v", err)
		}
		if err := client.Close(1000, ""); err != nil {
			t.Error(err)
		}
		l.ended(t)
		arrives(t, "the end of CloseRead's context", reading.Done())
		for name, err := range readers(wsplay.Quickly(t), c) {
			if e, ok := errors.AsType[*websocket.ClosedError](err); name != "NetConn" && name != "Messages" && (!ok || !e.Clean()) {
				t.Errorf("%s after the end: %v", name, err)
			}
		}
	})
}

// accepted returns both ends of a connection that a handler of net/http or Upgrade accepted.
func accepted(t *testing.T, s *site) (server, client *websocket.Conn) {
	t.Helper()
	a, b := wsplay.TCP(t)
	done := wsplay.Go(func() *websocket.Conn {
		c, err := websocket.Upgrade(a, nil)
		if err != nil {
			t.Error(err)
		}
		return c
	})
	client, _, err := websocket.Dial(wsplay.Quickly(t), "ws://example.com/", dialOver(b))
	if err != nil {
		t.Fatal(err)
	}
	server = <-done
	t.Cleanup(func() { _, _ = server.CloseNow(), client.CloseNow() })
	return server, client
}

// echo is a Receiver that echoes c's messages, under the site's watch.
func (s *site) echo(c *websocket.Conn) websocket.Receiver {
	return s.watch.receiver(c, websocket.ReceiverFunc(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
		return c.Write(ctx, m.Type, m.Data)
	}))
}

func TestAdd(t *testing.T) {
	s := serve(t, byTCP, echoes())
	server, client := accepted(t, s)
	misused(t, "Add without a Receiver", s.loop.Add(server, nil))
	if err := s.loop.Add(server, s.echo(server)); err != nil {
		t.Fatal(err)
	}
	echoed(t, client, "hello")
	misused(t, "Add for the second time", s.loop.Add(server, s.echo(server)))
	var other websocket.Loop
	misused(t, "Add to another loop", other.Add(server, s.echo(server)))
	echoed(t, client, "still")
}

// Add takes over no reading that somebody else does.
func TestAddWhileReading(t *testing.T) {
	s := serve(t, byTCP, echoes())
	server, client := accepted(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	read := wsplay.Go(func() error { _, _, err := server.Read(ctx); return err })
	if err := client.Ping(wsplay.Quickly(t)); err != nil { // the read has answered it
		t.Fatal(err)
	}
	misused(t, "Add while a read is under way", s.loop.Add(server, s.echo(server)))
	cancel()
	wsplay.WantIs(t, "the read", <-read, context.Canceled)
	if err := s.loop.Add(server, s.echo(server)); err != nil {
		t.Fatal(err)
	}
	echoed(t, client, "hello")
}

// After Add in the body of a loop over Messages, the Receiver gets the next message, and the
// loop ends. It may be one that runs inside its socket, or that has several messages at hand.
func TestAddInTheBodyOfALoop(t *testing.T) {
	s := serve(t, byTCP, echoes())
	for _, burst := range []int{1, 5} {
		server, client := accepted(t, s)
		const handed = 30
		bodies := 0
		loop := wsplay.Go(func() (err error) {
			var m websocket.Message
			for m, err = range server.Messages(t.Context()) {
				if err != nil {
					return err
				}
				if bodies++; bodies == handed {
					if err := s.loop.Add(server, s.echo(server)); err != nil {
						return err
					}
				}
				_ = server.Write(t.Context(), m.Type, m.Data)
			}
			return nil
		})
		for i := 0; i < 2*handed; i += burst {
			b := client.Batch()
			for n := range burst {
				_ = b.Write(t.Context(), websocket.MessageText, []byte(strconv.Itoa(i+n)))
			}
			_ = b.Flush(t.Context())
			for n := range burst {
				wsplay.WantRead(t, client, strconv.Itoa(i+n))
			}
		}
		misused(t, "Messages after Add", wsplay.Returned(t, "the loop over Messages", loop))
		if bodies != handed {
			t.Errorf("bursts of %d: the loop got %d messages, want %d", burst, bodies, handed)
		}
	}
}

// What has come and was not read is the loop's: whole messages, and the beginnings of
// others, where a read was given up at every byte.
func TestAddWithDataRead(t *testing.T) {
	s := serve(t, byTCP, echoes())
	for _, role := range wsplay.Roles {
		frames := wsplay.NewPeer(t, role, nil)
		first := frames.Wire(wsplay.Frame(wsplay.OpText, "first"))
		rest := frames.Wire(wsplay.Frame(wsplay.OpBinary, "second"), wsplay.Fragment(wsplay.OpText, "th"), wsplay.Frame(wsplay.OpPing, "?"),
			wsplay.Frame(wsplay.OpContinuation, strings.Repeat("ird", 100)))
		for cut := 0; cut <= len(rest); cut += 3 {
			t.Run(fmt.Sprintf("%v/%d", role, cut), func(t *testing.T) {
				a, b := wsplay.TCP(t)
				c := websocket.NewConn(a, role, nil)
				p := wsplay.NewPeer(t, role, b)
				p.SendBytes(append(first, rest[:cut]...))
				wsplay.WantRead(t, c, "first")
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				if cut < 12 || cut%2 == 0 { // it gets the next message, or gives up inside it
					_, got, err := c.Read(ctx)
					if err == nil && string(got) == "second" {
						_, _, err = c.Read(ctx)
					}
					if err == nil { // the third was there: nothing is left
						cancel()
						_ = c.CloseNow()
						return
					}
					wsplay.WantIs(t, "Read", err, context.DeadlineExceeded)
					if _, usage := errors.AsType[*websocket.UsageError](err); usage {
						t.Error(err)
					}
				}
				cancel()
				got := make(chan string, 10)
				err := s.loop.Add(c, s.watch.receiver(c, websocket.ReceiverFunc(func(_ context.Context, _ *websocket.Conn, m websocket.Message) error {
					got <- string(m.Data)
					return nil
				})))
				if err != nil {
					t.Fatal(err)
				}
				p.SendBytes(rest[cut:])
				want := "th" + strings.Repeat("ird", 100)
				text := arrives(t, "a message", got)
				if text == "second" {
					text = arrives(t, "the third", got)
				}
				if text != want {
					t.Errorf("got %.40q, want %.40q", text, want)
				}
				f, err := p.Next()
				if err != nil || f.Opcode != wsplay.OpPong {
					t.Errorf("opcode %d, %v; want the pong", f.Opcode, err)
				}
				p.Send(wsplay.CloseFrame(1000, ""))
				p.WantReply(1000)
				_ = p.Close()
				s.watch.life(c).ended(t)
			})
		}
	}
}

// A message of which a Reader has read a part cannot go to a Receiver: the loop closes, as
// Messages fails, and tells Closed.
func TestAddInTheMiddleOfAReader(t *testing.T) {
	errs := make(reports, 10)
	loop := echoes()
	loop.OnError = errs.take
	s := serve(t, byTCP, loop)
	server, client := accepted(t, s)
	if err := client.Write(t.Context(), websocket.MessageText, []byte("half")); err != nil {
		t.Fatal(err)
	}
	_, r, err := server.Reader(wsplay.Quickly(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	receiver := s.echo(server)
	if err := s.loop.Add(server, receiver); err != nil {
		misused(t, "Add", err)
		s.watch.life(server).receives.Store(0)
		// The rest can still be read, and then it is taken.
		if rest, err := io.ReadAll(r); string(rest) != "lf" || err != nil {
			t.Fatalf("the rest is %q, %v", rest, err)
		}
		if err := s.loop.Add(server, s.echo(server)); err != nil {
			t.Fatal(err)
		}
		echoed(t, client, "hello")
		return
	}
	t.Error("Add took a connection whose message is half read")
}

// After Shutdown a connection is not taken, and its peer is told.
func TestAddAfterShutdown(t *testing.T) {
	s := serve(t, byTCP, echoes())
	server, client := accepted(t, s)
	s.shutdown()
	read := wsplay.Go(func() error { _, _, err := client.Read(wsplay.Quickly(t)); return err })
	if err := s.loop.Add(server, websocket.ReceiverFunc(func(context.Context, *websocket.Conn, websocket.Message) error { return nil })); err != http.ErrServerClosed {
		t.Errorf("Add: %v", err)
	}
	if err := wsplay.Returned(t, "Read", read); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the client got %v", err)
	}
}

// Both ends may be on loops, on the same even: what a client dialled is added.
func TestClientsOnLoops(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		const conns, rounds = 20, 50
		s := serve(t, by, echoes())
		over := make(chan int, conns)
		for i := range conns {
			c := s.dial(nil)
			n := 0
			err := s.loop.Add(c, s.watch.receiver(c, websocket.ReceiverFunc(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
				if want := fmt.Sprint(i, " ", n); string(m.Data) != want {
					return fmt.Errorf("%q came back, want %q", m.Data, want)
				}
				if n++; n == rounds {
					over <- i
					return websocket.CloseError{Code: websocket.StatusNormalClosure}
				}
				return c.Write(ctx, m.Type, []byte(fmt.Sprint(i, " ", n)))
			})))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Write(t.Context(), websocket.MessageText, []byte(fmt.Sprint(i, " ", 0))); err != nil {
				t.Fatal(err)
			}
		}
		for range conns {
			arrives(t, "the last round", over)
		}
	})
}

// An Open that is missing, or returns nothing, is the application's mistake: the peer is
// told, and somebody hears of it.
func TestOpenIsMissing(t *testing.T) {
	for name, open := range map[string]websocket.OpenFunc{
		"nil": nil,
		"returns nothing": func(context.Context, *websocket.Conn) (websocket.Receiver, error) {
			return nil, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			errs := make(reports, 10)
			loop := &websocket.Loop{Open: open}
			loop.OnError = errs.take
			s := serve(t, byTCP, loop)
			if open == nil {
				loop.Open = nil // the watch has put one there
			}
			p := s.play()
			p.WantClose("the end", websocket.StatusInternalError)
			misused(t, "OnError", arrives(t, "OnError", errs))
		})
	}
}

// dialOver returns options of a client on nc.
func dialOver(nc net.Conn) *websocket.DialOptions {
	return &websocket.DialOptions{DialContext: func(context.Context, string, string) (net.Conn, error) { return nc, nil }}
}
