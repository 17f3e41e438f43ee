package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

func TestNetConn(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		nc := websocket.NetConn(context.Background(), c, websocket.MessageBinary)
		if nc.LocalAddr().Network() != "wstest" || nc.RemoteAddr().Network() != "wstest" {
			t.Errorf("addresses %v, %v", nc.LocalAddr(), nc.RemoteAddr())
		}
		if n, err := io.WriteString(nc, "a message"); n != 9 || err != nil {
			t.Error(n, err)
		}
		p.want("a write", opBinary, "a message")

		// Messages are joined, and a small buffer loses nothing.
		p.send(whole(opBinary, "hello, "), whole(opBinary, ""), part(opBinary, "wor"), whole(opContinuation, "ld"))
		b := make([]byte, 12)
		if _, err := io.ReadFull(nc, b[:3]); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(nc, b[3:]); string(b) != "hello, world" || err != nil {
			t.Errorf("%q, %v", b, err)
		}

		// A deadline that has passed fails calls until it is moved, also in the middle
		// of a message.
		p.send(part(opBinary, "ab"))
		io.ReadFull(nc, b[:2])
		nc.SetReadDeadline(time.Now().Add(time.Second))
		for range 2 {
			_, err := nc.Read(b)
			wantIs(t, "Read", err, os.ErrDeadlineExceeded)
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("%v is no timeout", err)
			}
		}
		nc.SetReadDeadline(time.Time{})
		p.send(part(opContinuation, "cd"))
		if _, err := io.ReadFull(nc, b[:2]); string(b[:2]) != "cd" || err != nil {
			t.Errorf("after the deadline was moved: %q, %v", b[:2], err)
		}
		nc.SetReadDeadline(time.Now().Add(time.Second))
		time.Sleep(2 * time.Second) // passes while nobody reads
		nc.SetReadDeadline(time.Time{})
		rest := background(func() error { _, err := io.ReadFull(nc, b[:2]); return err })
		pending(t, "Read", rest)
		p.send(whole(opContinuation, "ef"))
		if err := <-rest; string(b[:2]) != "ef" || err != nil {
			t.Errorf("after the deadline was moved: %q, %v", b[:2], err)
		}
		nc.SetWriteDeadline(time.Now())
		_, err := nc.Write([]byte("x"))
		wantIs(t, "Write", err, os.ErrDeadlineExceeded)
		nc.SetDeadline(time.Time{})
		if _, err := nc.Write(nil); err != nil {
			t.Error(err)
		}
		p.want("an empty write", opBinary, "")

		p.send(farewell(1000, ""))
		_, err = nc.Read(b)
		if err != io.EOF {
			t.Errorf("after an orderly end: %v", err)
		}
		p.Close()
		nc.Close()
	})
}

func TestNetConnOfTheOtherType(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		nc := websocket.NetConn(context.Background(), c, websocket.MessageBinary)
		p.send(whole(opText, "text"))
		read := background(func() error { _, err := nc.Read(make([]byte, 1)); return err })
		p.wantFarewell("a message of the other type", websocket.StatusUnsupportedData)
		p.send(farewell(websocket.StatusUnsupportedData, ""))
		p.halfClose()
		if err := <-read; err == nil {
			t.Error("no error")
		}
	})
}

func TestNetConnContext(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, _ := facing(t, role, nil, stall)
		ctx, cancel := context.WithCancel(context.Background())
		nc := websocket.NetConn(ctx, c, websocket.MessageBinary)
		read := background(func() error { _, err := nc.Read(make([]byte, 1)); return err })
		pending(t, "Read", read)
		cancel()
		wantIs(t, "Read", <-read, context.Canceled)
		_, err := nc.Write(nil)
		wantIs(t, "Write", err, context.Canceled)
	})
}

// A stream that is no net.Conn has addresses of a kind.
func TestNetConnOverStream(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	c := websocket.NewConn(deaf{a}, websocket.RoleServer, nil)
	defer c.CloseNow()
	nc := websocket.NetConn(context.Background(), c, websocket.MessageBinary)
	if c.NetConn() != nil || nc.LocalAddr().String() == "" || nc.RemoteAddr().Network() == "" {
		t.Errorf("%v, %v", nc.LocalAddr(), nc.RemoteAddr())
	}
}
