package streams_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

func TestNetConn(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		nc := websocket.NetConn(context.Background(), c, websocket.MessageBinary)
		if nc.LocalAddr().Network() != "wstest" || nc.RemoteAddr().Network() != "wstest" {
			t.Errorf("addresses %v, %v", nc.LocalAddr(), nc.RemoteAddr())
		}
		if n, err := io.WriteString(nc, "a message"); n != 9 || err != nil {
			t.Error(n, err)
		}
		p.Want("a write", wsplay.OpBinary, "a message")

		// Messages are joined, and a small buffer loses nothing.
		p.Send(wsplay.Frame(wsplay.OpBinary, "hello, "), wsplay.Frame(wsplay.OpBinary, ""), wsplay.Fragment(wsplay.OpBinary, "wor"), wsplay.Frame(wsplay.OpContinuation, "ld"))
		b := make([]byte, 12)
		if _, err := io.ReadFull(nc, b[:3]); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(nc, b[3:]); string(b) != "hello, world" || err != nil {
			t.Errorf("%q, %v", b, err)
		}

		// A deadline that has passed fails calls until it is moved, also in the middle
		// of a message.
		p.Send(wsplay.Fragment(wsplay.OpBinary, "ab"))
		io.ReadFull(nc, b[:2])
		nc.SetReadDeadline(time.Now().Add(time.Second))
		for range 2 {
			_, err := nc.Read(b)
			wsplay.WantIs(t, "Read", err, os.ErrDeadlineExceeded)
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("%v is no timeout", err)
			}
		}
		nc.SetReadDeadline(time.Time{})
		p.Send(wsplay.Fragment(wsplay.OpContinuation, "cd"))
		if _, err := io.ReadFull(nc, b[:2]); string(b[:2]) != "cd" || err != nil {
			t.Errorf("after the deadline was moved: %q, %v", b[:2], err)
		}
		nc.SetReadDeadline(time.Now().Add(time.Second))
		time.Sleep(2 * time.Second) // passes while nobody reads
		nc.SetReadDeadline(time.Time{})
		rest := wsplay.Go(func() error { _, err := io.ReadFull(nc, b[:2]); return err })
		wsplay.Pending(t, "Read", rest)
		p.Send(wsplay.Frame(wsplay.OpContinuation, "ef"))
		if err := <-rest; string(b[:2]) != "ef" || err != nil {
			t.Errorf("after the deadline was moved: %q, %v", b[:2], err)
		}
		nc.SetWriteDeadline(time.Now())
		_, err := nc.Write([]byte("x"))
		wsplay.WantIs(t, "Write", err, os.ErrDeadlineExceeded)
		nc.SetDeadline(time.Time{})
		if _, err := nc.Write(nil); err != nil {
			t.Error(err)
		}
		p.Want("an empty write", wsplay.OpBinary, "")

		p.Send(wsplay.CloseFrame(1000, ""))
		_, err = nc.Read(b)
		if _, again := nc.Read(nil); again != err {
			t.Errorf("Read of no bytes: %v", again)
		}
		if err != io.EOF {
			t.Errorf("after an orderly end: %v", err)
		}
		p.Close()
		nc.Close()
	})
}

func TestNetConnOfTheOtherType(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		nc := websocket.NetConn(context.Background(), c, websocket.MessageBinary)
		p.Send(wsplay.Frame(wsplay.OpText, "text"))
		read := wsplay.Go(func() error { _, err := nc.Read(make([]byte, 1)); return err })
		p.WantClose("a message of the other type", websocket.StatusUnsupportedData)
		p.Send(wsplay.CloseFrame(websocket.StatusUnsupportedData, ""))
		p.HalfClose()
		if err := <-read; err == nil {
			t.Error("no error")
		}
	})
}

func TestNetConnContext(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, _ := wsplay.Pipe(t, role, nil, wsplay.Stall)
		ctx, cancel := context.WithCancel(context.Background())
		nc := websocket.NetConn(ctx, c, websocket.MessageBinary)
		read := wsplay.Go(func() error { _, err := nc.Read(make([]byte, 1)); return err })
		wsplay.Pending(t, "Read", read)
		cancel()
		wsplay.WantIs(t, "Read", <-read, context.Canceled)
		_, err := nc.Write(nil)
		wsplay.WantIs(t, "Write", err, context.Canceled)
	})
}

// A stream that is no net.Conn has addresses of a kind.
func TestNetConnOverStream(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	c := websocket.NewConn(wsplay.Deaf(a), websocket.RoleServer, nil)
	defer c.CloseNow()
	nc := websocket.NetConn(context.Background(), c, websocket.MessageBinary)
	if c.NetConn() != nil || nc.LocalAddr().String() == "" || nc.RemoteAddr().Network() == "" {
		t.Errorf("%v, %v", nc.LocalAddr(), nc.RemoteAddr())
	}
}
