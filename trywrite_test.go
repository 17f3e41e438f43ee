package websocket_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// What TryWritePrepared and TryWriteEach say of a message that is not taken.
func TestTryWritePreparedRefusal(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0) // a stream that cannot say whether it has room
		closing, _ := wsplay.Pipe(t, role, nil, 0)
		if err := closing.BeginClose(wsplay.Patience(t), websocket.StatusNormalClosure, "enough"); err != nil {
			t.Fatal(err)
		}
		ended, _ := wsplay.Pipe(t, role, nil, 0)
		_ = ended.CloseNow()
		conns := []*websocket.Conn{c, closing, c, ended}
		for name, m := range map[string]*websocket.PreparedMessage{
			"a message": websocket.Prepare(websocket.MessageText, []byte("text")),
			"no such":   websocket.Prepare(9, nil),
			"nil":       nil,
		} {
			want := func(method string, i int, err error) {
				t.Helper()
				var usage *websocket.UsageError
				switch closed := conns[i] != c; {
				case name == "no such":
					if !errors.As(err, &usage) || usage.Method != method {
						t.Errorf("%s, %s: %v, want a UsageError", method, name, err)
					}
				case closed:
					wsplay.WantClosed(t, err)
				case err != nil:
					t.Errorf("%s, %s: %v", method, name, err)
				}
			}
			var refused []int
			m.TryWriteEach(conns, func(i int, err error) {
				refused = append(refused, i)
				want("PreparedMessage.TryWriteEach", i, err)
			})
			if !slices.Equal(refused, []int{0, 1, 2, 3}) {
				t.Errorf("%s: refused by %v", name, refused)
			}
			for i, c := range conns {
				taken, err := c.TryWritePrepared(m)
				if taken {
					t.Errorf("%s was taken", name)
				}
				want("Conn.TryWritePrepared", i, err)
			}
		}
		p.WantNothing("nothing was taken")
	})
}

// Sockets take messages, each one whole and in order, as long as they have room. What
// one of them took in part arrives behind the back of the caller.
func TestTryWriteEachOnSockets(t *testing.T) {
	const many = 40 // more than are looked at together
	for _, role := range wsplay.Roles {
		t.Run(role.String(), func(t *testing.T) {
			var conns []*websocket.Conn
			var peers []*wsplay.Peer
			for range many {
				a, b := wsplay.SmallTCP(t)
				c := websocket.NewConn(a, role, nil)
				t.Cleanup(func() { _ = c.CloseNow(); _ = b.Close() })
				conns, peers = append(conns, c), append(peers, wsplay.NewPeer(t, role, b))
			}
			stuck := []int{3, 17, many - 1} // their peers do not read
			large := websocket.Prepare(websocket.MessageBinary, make([]byte, 1<<20))
			for _, i := range stuck {
				if taken, err := conns[i].TryWritePrepared(large); !taken || err != nil {
					t.Fatal("a message of which the socket takes a part:", taken, err)
				}
			}
			var refused []int
			websocket.Prepare(websocket.MessageText, []byte("to all")).TryWriteEach(conns, func(i int, err error) {
				if err != nil {
					t.Error(err)
				}
				refused = append(refused, i)
			})
			if !slices.Equal(refused, stuck) {
				t.Errorf("refused by %v, want %v", refused, stuck)
			}
			for i, p := range peers {
				if slices.Contains(stuck, i) {
					if f, err := p.Next(); err != nil || len(f.Payload) != 1<<20 {
						t.Fatalf("%d bytes, %v", len(f.Payload), err)
					}
					continue
				}
				p.Want("what was taken", wsplay.OpText, "to all")
			}
		})
	}
}

// Over TLS no message is ever taken, and none is lost.
func TestTryWritePreparedOverTLS(t *testing.T) {
	a, b := wsplay.TCP(t)
	server, client := wsplay.TLSPair(t, a, b)
	c := websocket.NewConn(server, websocket.RoleServer, nil)
	t.Cleanup(func() { _ = c.CloseNow(); _ = client.Close() })
	m := websocket.Prepare(websocket.MessageText, []byte("secret"))
	if taken, err := c.TryWritePrepared(m); taken || err != nil {
		t.Error(taken, err)
	}
	if err := c.WritePrepared(wsplay.Quickly(t), m); err != nil {
		t.Fatal(err)
	}
	wsplay.NewPeer(t, websocket.RoleServer, client).Want("once", wsplay.OpText, "secret")
}

// The call asks nothing of time: it returns while a read of the same connection waits, and
// while the peer's window is full.
func TestTryWritePreparedReturns(t *testing.T) {
	a, b := wsplay.SmallTCP(t)
	c := websocket.NewConn(a, websocket.RoleServer, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: time.Hour}})
	t.Cleanup(func() { _ = c.CloseNow(); _ = b.Close() })
	read := wsplay.Go(func() error { _, _, err := c.Read(context.Background()); return err })
	m := websocket.Prepare(websocket.MessageBinary, make([]byte, 4<<10))
	for taken, n := true, 0; taken; n++ {
		var err error
		if taken, err = c.TryWritePrepared(m); err != nil {
			t.Fatal(err)
		}
		if n > 10_000 {
			t.Fatal("a peer that does not read took it all")
		}
	}
	_ = c.CloseNow()
	wsplay.WantIs(t, "Read", wsplay.Returned(t, "Read", read), net.ErrClosed)
}
