package streams_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// slowStream takes a time for every write, and has no deadlines.
type slowStream struct {
	took   time.Duration
	closed chan struct{}
}

func (s slowStream) Read([]byte) (int, error) { <-s.closed; return 0, io.EOF }
func (s slowStream) Close() error             { close(s.closed); return nil }

func (s slowStream) Write(p []byte) (int, error) {
	select {
	case <-time.After(s.took):
		return len(p), nil
	case <-s.closed:
		return 0, io.ErrClosedPipe
	}
}

// The limit of a write that ends in the last moment does not fall on the next one.
func TestLateWriteLimit(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			limit := time.Second
			c := websocket.NewConn(slowStream{limit, make(chan struct{})}, websocket.RoleServer,
				&websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: limit}})
			defer c.CloseNow()
			for range 5 {
				if err := c.Write(context.Background(), websocket.MessageText, []byte("x")); err != nil {
					wsplay.WantIs(t, "Write", err, websocket.ErrWriteTimeout)
				}
			}
		})
	}
}

// stuckStream has no deadlines, and its calls do not end: a channel of SSH is like that
// whose peer has stopped.
type stuckStream struct{ end chan struct{} }

func (s stuckStream) Read([]byte) (int, error)  { <-s.end; return 0, io.EOF }
func (s stuckStream) Write([]byte) (int, error) { <-s.end; return 0, io.EOF }
func (s stuckStream) Close() error              { <-s.end; return nil }

// Writes and Close are bounded also where the stream's Close ends nothing. The cause is
// that of the writer, also if a read waits.
func TestBoundsOfStuckStream(t *testing.T) {
	const limit = time.Second
	message := make([]byte, 100<<10)
	write := func(ctx context.Context, c *websocket.Conn) <-chan error {
		return wsplay.Go(func() error { return c.Write(ctx, websocket.MessageBinary, message) })
	}
	rows := map[string]struct {
		opts websocket.ConnOptions
		call func(c *websocket.Conn) error
		want error
	}{
		"a context": {call: func(c *websocket.Conn) error {
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			defer cancel()
			return <-write(ctx, c)
		}, want: context.DeadlineExceeded},
		"Timeouts.Write": {
			opts: websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: limit}},
			call: func(c *websocket.Conn) error { return <-write(context.Background(), c) },
			want: websocket.ErrWriteTimeout,
		},
		"keepalive": {
			opts: websocket.ConnOptions{KeepAlive: websocket.KeepAlive{Interval: limit / 4, Timeout: limit / 2}},
			call: func(c *websocket.Conn) error { return <-write(context.Background(), c) },
			want: websocket.ErrKeepAlive,
		},
		"Close": {
			opts: websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: limit}},
			call: func(c *websocket.Conn) error {
				written := write(context.Background(), c)
				synctest.Wait()
				err := c.Close(websocket.StatusNormalClosure, "")
				<-written
				return err
			},
			want: websocket.ErrCloseTimeout,
		},
	}
	for name, row := range rows {
		wsplay.ForRoles(t, name+"/", func(t *testing.T, role websocket.Role) {
			s := stuckStream{make(chan struct{})}
			defer close(s.end)
			c := websocket.NewConn(s, role, &row.opts)
			defer c.CloseNow()
			reading := wsplay.Go(func() error { _, _, err := c.Read(context.Background()); return err })
			synctest.Wait()
			begin := time.Now()
			wsplay.WantIs(t, name, row.call(c), row.want)
			if took := time.Since(begin); took > limit+limit/10 {
				t.Errorf("%v took %v", name, took)
			}
			wsplay.WantIs(t, "Read", <-reading, row.want)
		})
	}
}
