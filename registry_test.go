package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// upgraded accepts a connection by Upgrade and returns its client, played by hand.
func upgraded(t *testing.T, opts *websocket.AcceptOptions) (*websocket.Conn, *wsplay.Peer, error) {
	t.Helper()
	near, other := wstest.NetPipe(0)
	p := wsplay.NewPeer(t, websocket.RoleServer, other)
	p.SendBytes([]byte(wsplay.UpgradeRequest))
	c, err := websocket.Upgrade(near, opts)
	if err != nil {
		return nil, p, err
	}
	t.Cleanup(func() { c.CloseNow(); other.Close() })
	if head := p.Head(); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
		t.Fatalf("answer %q", head)
	}
	return c, p, nil
}

func TestRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r websocket.Registry
		opts := &websocket.AcceptOptions{Registry: &r}
		one, peerOne, err := upgraded(t, opts)
		if err != nil {
			t.Fatal(err)
		}
		two, peerTwo, _ := upgraded(t, opts)
		if r.Len() != 2 {
			t.Errorf("%d connections, want 2", r.Len())
		}
		for c := range r.All() {
			if c != one && c != two {
				t.Error("an unknown connection")
			}
			break
		}
		one.CloseNow()
		if r.Len() != 1 {
			t.Errorf("%d connections after one has ended", r.Len())
		}
		peerOne.Close()

		// A graceful end: 1001 to all, and nobody new.
		shut := wsplay.Go(func() error { return r.Shutdown(wsplay.Patience(t)) })
		peerTwo.WantClose("Shutdown", websocket.StatusGoingAway)
		wsplay.Pending(t, "Shutdown", shut)
		_, late, err := upgraded(t, opts)
		var refused *websocket.AcceptError
		if !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable {
			t.Errorf("Upgrade during Shutdown: %v", err)
		}
		late.Close()
		recorded := httptest.NewRecorder()
		if _, err := websocket.Accept(recorded, httptest.NewRequest("GET", "/", nil), opts); err == nil || recorded.Code != http.StatusServiceUnavailable {
			t.Errorf("Accept during Shutdown: %v, %d", err, recorded.Code)
		}
		peerTwo.Send(wsplay.CloseFrame(websocket.StatusGoingAway, ""))
		peerTwo.WantEOF("Shutdown")
		peerTwo.Close()
		if err := <-shut; err != nil || r.Len() != 0 {
			t.Errorf("Shutdown: %v, %d left", err, r.Len())
		}
		if err := r.Shutdown(wsplay.Patience(t)); err != nil {
			t.Errorf("second Shutdown: %v", err)
		}
	})
}

// Shutdown takes no longer than its context.
func TestRegistryShutdownIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r websocket.Registry
		for range 3 {
			c, p, err := upgraded(t, &websocket.AcceptOptions{Registry: &r, Timeouts: websocket.Timeouts{Close: time.Hour}})
			if err != nil {
				t.Fatal(err)
			}
			go c.Read(context.Background())
			go io.Copy(io.Discard, p)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		wsplay.Within(t, "Shutdown", time.Second, func() { wsplay.WantIs(t, "Shutdown", r.Shutdown(ctx), context.DeadlineExceeded) })
		if r.Len() != 0 {
			t.Errorf("%d left", r.Len())
		}
	})
}

// Connections that come while Shutdown runs are either closed by it or refused.
func TestRegistryShutdownRace(t *testing.T) {
	var r websocket.Registry
	var done []<-chan error
	for i := range 20 {
		done = append(done, wsplay.Go(func() error {
			near, other := wstest.NetPipe(0)
			defer other.Close()
			go io.WriteString(other, wsplay.UpgradeRequest)
			go io.Copy(io.Discard, other)
			c, err := websocket.Upgrade(near, &websocket.AcceptOptions{Registry: &r, Timeouts: websocket.Timeouts{Close: time.Millisecond}})
			if err != nil {
				return net.ErrClosed
			}
			_, _, err = c.Read(context.Background())
			return err
		}))
		if i == 10 {
			done = append(done, wsplay.Go(func() error { r.Shutdown(context.Background()); return net.ErrClosed }))
		}
	}
	for _, d := range done {
		wsplay.WantIs(t, "an end", <-d, net.ErrClosed)
	}
	if r.Len() != 0 {
		t.Errorf("%d left", r.Len())
	}
}
