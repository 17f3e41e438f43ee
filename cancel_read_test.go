package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wstest"
)

// readWays are the ways to read one message to its end. A way that is cancelled is
// called again.
var readWays = map[string]func(ctx context.Context, c *websocket.Conn) (string, error){
	"Read": func(ctx context.Context, c *websocket.Conn) (string, error) {
		_, p, err := c.Read(ctx)
		return string(p), err
	},
	"ReadInto": func(ctx context.Context, c *websocket.Conn) (string, error) {
		_, p, err := c.ReadInto(ctx, []byte("before "))
		rest, ok := strings.CutPrefix(string(p), "before ")
		if !ok || err != nil && rest != "" {
			return "", fmt.Errorf("buf became %.40q with %v", p, err)
		}
		return rest, err
	},
	"Messages": func(ctx context.Context, c *websocket.Conn) (string, error) {
		for m, err := range c.Messages(ctx) {
			return string(m.Data), err
		}
		return "", errors.New("no message and no error")
	},
	"Reader": func(ctx context.Context, c *websocket.Conn) (string, error) {
		_, r, err := c.Reader(ctx)
		if err != nil {
			return "", err
		}
		p, err := io.ReadAll(r)
		return string(p), err
	},
}

// cutAndResume sends the head of what the peer says, lets a read wait for more and
// cancels it, then sends the rest and reads the message.
func cutAndResume(t *testing.T, c *websocket.Conn, put func([]byte), wire []byte, cut int, read func(context.Context, *websocket.Conn) (string, error), want string) {
	t.Helper()
	if cut > 0 {
		go put(wire[:cut])
	}
	ctx, cancel := context.WithCancel(context.Background())
	type result struct {
		got string
		err error
	}
	done := background(func() result { got, err := read(ctx, c); return result{got, err} })
	pending(t, "a read of half a message", done)
	cancel()
	first := <-done
	wantIs(t, fmt.Sprintf("the read cancelled after %d octets", cut), first.err, context.Canceled)
	if _, err := read(ctx, c); !errors.Is(err, context.Canceled) {
		t.Fatalf("a read with a context that has ended: %v", err)
	}
	go put(wire[cut:])
	got, err := read(patience(t), c)
	if got = first.got + got; got != want || err != nil {
		t.Fatalf("cut after %d octets: got %d octets %.40q, %v; want %d", cut, len(got), got, err, len(want))
	}
}

// A cancelled read costs neither the connection nor an octet: the next goes on in
// the middle of a header, a payload or a fragmented message.
func TestCancelledReadResumes(t *testing.T) {
	for name, read := range readWays {
		t.Run(name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role websocket.Role) {
				c, p := facing(t, role, nil, 1<<20)
				// Every offset of short frames of each header size, with a control frame
				// in between.
				for _, n := range []int{5, 130} {
					text := strings.Repeat("é", n)
					wire := p.wire(part(opText, text), whole(opPong, "late"), part(opContinuation, ""), whole(opContinuation, text))
					for cut := range wire {
						cutAndResume(t, c, p.sendBytes, wire, cut, read, text+text)
					}
				}
				// A large payload, part of it read straight into its destination.
				big := strings.Repeat("0123456789abcdef", 70<<10/16)
				wire := p.wire(whole(opBinary, big))
				for _, cut := range []int{1, 9, 10, 13, 14, 15, 8 << 10, 16 << 10, 20001, 65 << 10, len(wire) - 1} {
					cutAndResume(t, c, p.sendBytes, wire, cut, read, big)
				}
				p.send(whole(opText, "next"))
				wantRead(t, c, "next")
			})
		})
	}
}

// The rest of a message that a cancelled call has begun can be had by another.
func TestCancelledReadAndOtherWays(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		for _, second := range []string{"Read", "ReadInto", "Messages", "Reader"} {
			c, p := facing(t, role, nil, 0)
			wire := p.wire(part(opText, "abc"), whole(opContinuation, "defgh"))
			p.sendBytes(wire[:len(wire)-3])
			ctx, cancel := context.WithCancel(context.Background())
			done := background(func() error { _, _, err := c.Read(ctx); return err })
			pending(t, "Read", done)
			cancel()
			wantIs(t, "Read", <-done, context.Canceled)
			p.sendBytes(wire[len(wire)-3:])
			if got, err := readWays[second](patience(t), c); got != "abcdefgh" || err != nil {
				t.Errorf("%s after a cancelled Read: %q, %v", second, got, err)
			}
		}

		c, p := facing(t, role, nil, 0)
		p.send(part(opText, "abc"))
		ctx, cancel := context.WithCancel(context.Background())
		typ, r, err := c.Reader(ctx)
		if err != nil || typ != websocket.MessageText {
			t.Fatal(typ, err)
		}
		var usage *websocket.UsageError
		if _, _, err := c.Reader(patience(t)); !errors.As(err, &usage) {
			t.Errorf("Reader in the middle of a message: %v", err)
		}
		if _, _, err := c.Read(patience(t)); !errors.As(err, &usage) {
			t.Errorf("Read in the middle of a message: %v", err)
		}
		rest := background(func() error { _, err := io.ReadAll(r); return err })
		pending(t, "the reader", rest)
		cancel()
		wantIs(t, "the reader", <-rest, context.Canceled)
		p.send(whole(opContinuation, "def"))
		typ, taken, err := c.Reader(patience(t))
		if err != nil || typ != websocket.MessageText {
			t.Fatalf("Reader after a cancelled one: %v, %v", typ, err)
		}
		if got, err := io.ReadAll(taken); string(got) != "def" || err != nil {
			t.Errorf("the second reader: %q, %v", got, err)
		}
		if _, err := taken.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the second reader once more: %v", err)
		}
		if _, err := r.Read(make([]byte, 1)); !errors.As(err, &usage) {
			t.Errorf("the first reader once more: %v", err)
		}
	})
}

// Text is judged across a cancelled read as without.
func TestCancelledReadKeepsJudging(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		wire := p.wire(whole(opText, "caf\xc3("))
		p.sendBytes(wire[:len(wire)-1])
		ctx, cancel := context.WithCancel(context.Background())
		done := background(func() error { _, _, err := c.Read(ctx); return err })
		pending(t, "Read", done)
		cancel()
		<-done
		p.sendBytes(wire[len(wire)-1:])
		_, _, err := c.Read(patience(t))
		var refused *websocket.ProtocolError
		if !errors.As(err, &refused) || refused.Code != websocket.StatusInvalidFramePayloadData {
			t.Errorf("Read of bad text: %v", err)
		}
		p.wantFarewell("bad text", websocket.StatusInvalidFramePayloadData)
	})
}

// deaf hides that a stream is a net.Conn: it has no deadlines.
type deaf struct{ io.ReadWriteCloser }

func TestCancelledReadOverOtherStreams(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 40<<10/16)
	streams := map[string]func(t *testing.T) (near io.ReadWriteCloser, other net.Conn){
		"no deadlines": func(t *testing.T) (io.ReadWriteCloser, net.Conn) {
			near, other := wstest.NetPipe(1 << 20)
			return deaf{near}, other
		},
		"net.Pipe": func(t *testing.T) (io.ReadWriteCloser, net.Conn) {
			near, other := net.Pipe()
			return near, other
		},
		"TLS": func(t *testing.T) (io.ReadWriteCloser, net.Conn) {
			a, b := wstest.NetPipe(1 << 20)
			near, other := tlsPair(t, a, b)
			return near, other
		},
	}
	for name, stream := range streams {
		for way, read := range readWays {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					near, other := stream(t)
					c := websocket.NewConn(near, websocket.RoleServer, nil)
					defer c.CloseNow()
					defer other.Close()
					p := peerOf(t, websocket.RoleServer, other)
					for _, text := range []string{"hello", big} {
						wire := p.wire(part(opText, text), whole(opContinuation, "."))
						for _, cut := range []int{0, 1, 5, 7, len(wire) / 2, len(wire) - 1} {
							cutAndResume(t, c, p.sendBytes, wire, cut, read, text+".")
						}
					}
				})
			})
		}
	}
}

var pastTime = time.Unix(1, 0)

// A deadline that was left on the stream before it became a connection does not make
// reads or writes fail. One that is set later ends a read, and costs a write nothing.
func TestLeftoverDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, other := wstest.NetPipe(0)
		near.SetDeadline(pastTime)
		c := websocket.NewConn(near, websocket.RoleServer, nil)
		defer c.CloseNow()
		p := peerOf(t, websocket.RoleServer, other)
		p.send(whole(opText, "hello"))
		wantRead(t, c, "hello")
		done := background(func() error { _, _, err := c.Read(context.Background()); return err })
		pending(t, "Read", done)
		near.SetWriteDeadline(pastTime)
		if err := c.Write(patience(t), websocket.MessageText, []byte("hello")); err != nil {
			t.Error(err)
		}
		p.want("the message", opText, "hello")
		near.SetReadDeadline(pastTime)
		wantIs(t, "Read with a foreign deadline", <-done, os.ErrDeadlineExceeded)
		wantIs(t, "Read with a foreign deadline", c.Ping(patience(t)), net.ErrClosed)
	})
}
