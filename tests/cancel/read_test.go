package cancel_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// A cancelled read costs neither the connection nor a byte: the next goes on in
// the middle of a header, a payload or a fragmented message.
func TestCancelledReadResumes(t *testing.T) {
	for name, read := range wsplay.ReadWays {
		t.Run(name, func(t *testing.T) {
			wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
				c, p := wsplay.Pipe(t, role, nil, 1<<20)
				// Every offset of short frames of each header size, with a control frame
				// in between.
				for _, n := range []int{5, 130} {
					text := strings.Repeat("é", n)
					wire := p.Wire(wsplay.Fragment(wsplay.OpText, text), wsplay.Frame(wsplay.OpPong, "late"), wsplay.Fragment(wsplay.OpContinuation, ""), wsplay.Frame(wsplay.OpContinuation, text))
					for cut := range wire {
						wsplay.CutAndResume(t, c, p.SendBytes, wire, cut, read, text+text)
					}
				}
				// A large payload, part of it read straight into its destination.
				big := strings.Repeat("0123456789abcdef", 70<<10/16)
				wire := p.Wire(wsplay.Frame(wsplay.OpBinary, big))
				for _, cut := range []int{1, 9, 10, 13, 14, 15, 8 << 10, 16 << 10, 20001, 65 << 10, len(wire) - 1} {
					wsplay.CutAndResume(t, c, p.SendBytes, wire, cut, read, big)
				}
				p.Send(wsplay.Frame(wsplay.OpText, "next"))
				wsplay.WantRead(t, c, "next")
			})
		})
	}
}

// The rest of a message that a cancelled call has begun can be had by another.
func TestCancelledReadAndOtherWays(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for _, second := range []string{"Read", "ReadInto", "Messages", "Reader"} {
			c, p := wsplay.Pipe(t, role, nil, 0)
			wire := p.Wire(wsplay.Fragment(wsplay.OpText, "abc"), wsplay.Frame(wsplay.OpContinuation, "defgh"))
			p.SendBytes(wire[:len(wire)-3])
			ctx, cancel := context.WithCancel(context.Background())
			done := wsplay.Go(func() error { _, _, err := c.Read(ctx); return err })
			wsplay.Pending(t, "Read", done)
			cancel()
			wsplay.WantIs(t, "Read", <-done, context.Canceled)
			p.SendBytes(wire[len(wire)-3:])
			if got, err := wsplay.ReadWays[second](wsplay.Patience(t), c); got != "abcdefgh" || err != nil {
				t.Errorf("%s after a cancelled Read: %q, %v", second, got, err)
			}
		}

		c, p := wsplay.Pipe(t, role, nil, 0)
		p.Send(wsplay.Fragment(wsplay.OpText, "abc"))
		ctx, cancel := context.WithCancel(context.Background())
		typ, r, err := c.Reader(ctx)
		if err != nil || typ != websocket.MessageText {
			t.Fatal(typ, err)
		}
		var usage *websocket.UsageError
		if _, _, err := c.Reader(wsplay.Patience(t)); !errors.As(err, &usage) {
			t.Errorf("Reader in the middle of a message: %v", err)
		}
		if _, _, err := c.Read(wsplay.Patience(t)); !errors.As(err, &usage) {
			t.Errorf("Read in the middle of a message: %v", err)
		}
		rest := wsplay.Go(func() error { _, err := io.ReadAll(r); return err })
		wsplay.Pending(t, "the reader", rest)
		cancel()
		wsplay.WantIs(t, "the reader", <-rest, context.Canceled)
		p.Send(wsplay.Frame(wsplay.OpContinuation, "def"))
		typ, taken, err := c.Reader(wsplay.Patience(t))
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
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		wire := p.Wire(wsplay.Frame(wsplay.OpText, "caf\xc3("))
		p.SendBytes(wire[:len(wire)-1])
		ctx, cancel := context.WithCancel(context.Background())
		done := wsplay.Go(func() error { _, _, err := c.Read(ctx); return err })
		wsplay.Pending(t, "Read", done)
		cancel()
		<-done
		p.SendBytes(wire[len(wire)-1:])
		_, _, err := c.Read(wsplay.Patience(t))
		var refused *websocket.ProtocolError
		if !errors.As(err, &refused) || refused.Code != websocket.StatusInvalidFramePayloadData {
			t.Errorf("Read of bad text: %v", err)
		}
		p.WantClose("bad text", websocket.StatusInvalidFramePayloadData)
	})
}

func TestCancelledReadOverOtherStreams(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 40<<10/16)
	streams := map[string]func(t *testing.T) (near io.ReadWriteCloser, other net.Conn){
		"no deadlines": func(t *testing.T) (io.ReadWriteCloser, net.Conn) {
			near, other := wstest.NetPipe(1 << 20)
			return wsplay.Deaf(near), other
		},
		"net.Pipe": func(t *testing.T) (io.ReadWriteCloser, net.Conn) {
			near, other := net.Pipe()
			return near, other
		},
		"TLS": func(t *testing.T) (io.ReadWriteCloser, net.Conn) {
			a, b := wstest.NetPipe(1 << 20)
			near, other := wsplay.TLSPair(t, a, b)
			return near, other
		},
	}
	for name, stream := range streams {
		for way, read := range wsplay.ReadWays {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					near, other := stream(t)
					c := websocket.NewConn(near, websocket.RoleServer, nil)
					defer c.CloseNow()
					defer other.Close()
					p := wsplay.NewPeer(t, websocket.RoleServer, other)
					for _, text := range []string{"hello", big} {
						wire := p.Wire(wsplay.Fragment(wsplay.OpText, text), wsplay.Frame(wsplay.OpContinuation, "."))
						for _, cut := range []int{0, 1, 5, 7, len(wire) / 2, len(wire) - 1} {
							wsplay.CutAndResume(t, c, p.SendBytes, wire, cut, read, text+".")
						}
					}
				})
			})
		}
	}
}

// A deadline that was left on the stream before it became a connection does not make
// reads or writes fail. One that is set later ends a read, and costs a write nothing.
func TestLeftoverDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, other := wstest.NetPipe(0)
		near.SetDeadline(wsplay.PastTime)
		c := websocket.NewConn(near, websocket.RoleServer, nil)
		defer c.CloseNow()
		p := wsplay.NewPeer(t, websocket.RoleServer, other)
		p.Send(wsplay.Frame(wsplay.OpText, "hello"))
		wsplay.WantRead(t, c, "hello")
		done := wsplay.Go(func() error { _, _, err := c.Read(context.Background()); return err })
		wsplay.Pending(t, "Read", done)
		near.SetWriteDeadline(wsplay.PastTime)
		if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte("hello")); err != nil {
			t.Error(err)
		}
		p.Want("the message", wsplay.OpText, "hello")
		near.SetReadDeadline(wsplay.PastTime)
		wsplay.WantIs(t, "Read with a foreign deadline", <-done, os.ErrDeadlineExceeded)
		wsplay.WantIs(t, "Read with a foreign deadline", c.Ping(wsplay.Patience(t)), net.ErrClosed)
	})
}
