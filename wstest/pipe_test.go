package wstest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wstest"
)

// echo answers every message of c, with the errors of its end.
func echo(ctx context.Context, c *websocket.Conn) error {
	for msg, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := c.Write(ctx, msg.Type, msg.Data); err != nil {
			return err
		}
	}
	return nil
}

func wantMessage(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	_, got, err := c.Read(t.Context())
	if err != nil || string(got) != want {
		t.Fatalf("got message %.40q, %v; want %.40q", got, err, want)
	}
}

func TestPipe(t *testing.T) {
	server, client := wstest.Pipe(&wstest.Options{
		Server: &websocket.ConnOptions{Subprotocol: "chat"},
		Client: &websocket.ConnOptions{Subprotocol: "chat"},
	})
	if server.Role() != websocket.RoleServer || client.Role() != websocket.RoleClient || client.Subprotocol() != "chat" {
		t.Errorf("roles %v and %v, subprotocol %q", server.Role(), client.Role(), client.Subprotocol())
	}
	served := make(chan error, 1)
	go func() { served <- echo(t.Context(), server) }()
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20} {
		msg := bytes.Repeat([]byte("x"), size)
		var wrote sync.WaitGroup
		wrote.Go(func() {
			if err := client.Write(t.Context(), websocket.MessageBinary, msg); err != nil {
				t.Error(err)
			}
		})
		wantMessage(t, client, string(msg))
		wrote.Wait()
	}
	if err := client.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("the echo ended with %v", err)
	}
}

// The closing handshake runs to its end, whoever begins, and takes no time: the
// server's end of the stream comes through as over TCP.
func TestPipeCloses(t *testing.T) {
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		t.Run(role.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				us, peer := wstest.Pipe(nil)
				if role == websocket.RoleClient {
					us, peer = peer, us
				}
				read := make(chan error, 1)
				go func() {
					_, _, err := peer.Read(t.Context())
					read <- err
				}()
				start := time.Now()
				if err := us.Close(4000, "done"); err != nil {
					t.Errorf("Close: %v", err)
				}
				err := <-read
				ce, _ := errors.AsType[websocket.CloseError](err)
				if ce != (websocket.CloseError{Code: 4000, Reason: "done"}) || !errors.Is(err, net.ErrClosed) {
					t.Errorf("the peer's read: %v", err)
				}
				if err := peer.CloseNow(); err != nil && !errors.Is(err, net.ErrClosed) {
					t.Errorf("CloseNow: %v", err)
				}
				if d := time.Since(start); d != 0 {
					t.Errorf("closing took %v", d)
				}
			})
		})
	}
}

func TestPipeKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := wstest.Pipe(&wstest.Options{
			Server: &websocket.ConnOptions{KeepAlive: websocket.KeepAlive{Interval: time.Minute, Timeout: 10 * time.Second}},
		})
		defer server.CloseNow()
		defer client.CloseNow()

		// While the client reads, and so answers pings, nothing happens.
		// It ends between two pings, so that the last word is not taken for an answer.
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour+30*time.Second)
		defer cancel()
		if _, _, err := client.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("the client's read: %v", err)
		}
		if err := client.Write(t.Context(), websocket.MessageText, []byte("alive")); err != nil {
			t.Fatal(err)
		}
		wantMessage(t, server, "alive")

		// It stops reading: the next ping is its last.
		start := time.Now()
		_, _, err := server.Read(t.Context())
		if !errors.Is(err, websocket.ErrKeepAlive) {
			t.Errorf("the server's read: %v", err)
		}
		if d := time.Since(start); d > 70*time.Second {
			t.Errorf("found after %v", d)
		}
	})
}

// A peer that never says anything: Close ends at its timeout.
func TestNetPipeSilentPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.NetPipe(0)
		defer b.Close()
		c := websocket.NewConn(a, websocket.RoleClient, nil)
		start := time.Now()
		err := c.Close(websocket.StatusNormalClosure, "")
		if ce, ok := errors.AsType[*websocket.ClosedError](err); !ok || ce.Clean() || !errors.Is(err, websocket.ErrCloseTimeout) {
			t.Errorf("Close: %v", err)
		}
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("Close took %v", d)
		}
		sent, err := io.ReadAll(b)
		if len(sent) != 2+4+2 || err != nil {
			t.Errorf("the peer got % x, %v; want one Close frame", sent, err)
		}
	})
}

// A peer that stops reading: a write waits until its context ends.
func TestPipeBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := wstest.Pipe(&wstest.Options{Buffer: 16})
		defer server.CloseNow()
		defer client.CloseNow()
		if err := server.Write(t.Context(), websocket.MessageText, []byte("0123456789abcd")); err != nil {
			t.Fatal(err) // 16 bytes with the header
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := server.Write(ctx, websocket.MessageText, []byte("late")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Write into a full buffer: %v", err)
		}
		wantMessage(t, client, "0123456789abcd")
		if err := server.Write(t.Context(), websocket.MessageText, []byte("in time")); err != nil {
			t.Error(err)
		}
		wantMessage(t, client, "in time")
	})
}
