package writing_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// Over TLS a write that is cancelled while it waits for the peer costs the connection:
// a short one as well as a long one, and it says so itself.
func TestCancelledWriteOverTLS(t *testing.T) {
	for _, size := range []int{100, 5000} {
		synctest.Test(t, func(t *testing.T) {
			a, b := wstest.NetPipe(64)
			near, far := wsplay.TLS(a, b)
			shaken := wsplay.Go(far.Handshake)
			if err := near.Handshake(); err != nil {
				t.Fatal(err)
			}
			if err := <-shaken; err != nil {
				t.Fatal(err)
			}
			c := websocket.NewConn(near, websocket.RoleServer, nil)
			ctx, cancel := context.WithCancel(context.Background())
			done := wsplay.Go(func() error { return c.Write(ctx, websocket.MessageBinary, make([]byte, size)) })
			synctest.Wait()
			cancel()
			err := <-done
			var closed *websocket.ClosedError
			if !errors.As(err, &closed) || !errors.Is(err, context.Canceled) {
				t.Errorf("%d bytes: %T %v", size, err, err)
			}
			err = c.Write(context.Background(), websocket.MessageBinary, []byte("next"))
			if !errors.As(err, &closed) || !errors.Is(err, context.Canceled) {
				t.Errorf("%d bytes: then %T %v", size, err, err)
			}
			_ = c.CloseNow()
			_, _ = a.Close(), b.Close()
		})
	}
}

// cutting is a stream whose write sends a part and fails, once.
type cutting struct {
	pipe interface {
		Read([]byte) (int, error)
		Write([]byte) (int, error)
		Close() error
	}
	failed bool
}

var errOnce = errors.New("no more, for now")

func (s *cutting) Read(p []byte) (int, error) { return s.pipe.Read(p) }
func (s *cutting) Close() error               { return s.pipe.Close() }
func (s *cutting) Write(p []byte) (int, error) {
	if s.failed {
		return s.pipe.Write(p)
	}
	s.failed = true
	return 0, errOnce
}

// A write that fails is the end of writing, for a short message as for a long one.
func TestFailedWriteIsNotRepeated(t *testing.T) {
	for _, size := range []int{100, 5000} {
		synctest.Test(t, func(t *testing.T) {
			a, b := wstest.NetPipe(0)
			c := websocket.NewConn(&cutting{pipe: a}, websocket.RoleServer, nil)
			if err := c.Write(context.Background(), websocket.MessageBinary, make([]byte, size)); !errors.Is(err, errOnce) {
				t.Errorf("%d bytes: %v", size, err)
			}
			_ = c.CloseNow()
			_ = b.Close()
		})
	}
}
