//go:build linux

package loop_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// Connections are opened and closed as fast as can be, while goroutines write on them, and on
// those that have gone, so that numbers of descriptors are used again at once. What a client gets
// is meant for it, and a pair of sockets that the loop knows nothing of gets nothing.
func TestDescriptorsAreReused(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		const clients, times = 8, 10
		var writing sync.WaitGroup
		defer writing.Wait()
		s := serve(t, by, &websocket.Loop{
			Open: func(context.Context, *websocket.Conn) (websocket.Receiver, error) {
				return &talker{writing: &writing}, nil
			},
			AcceptOptions: websocket.AcceptOptions{OnError: func(*websocket.HandlerError) {}},
		})
		stop := make(chan struct{})
		var beside sync.WaitGroup
		for range 2 {
			beside.Go(func() { standBeside(t, stop) })
		}
		var all sync.WaitGroup
		for client := range clients {
			all.Go(func() {
				for i := range times {
					if err := listen(s, fmt.Sprint(client, ".", i), i); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		close(stop)
		beside.Wait()
	})
}

// talker is told the name of a client, and then writes it all the time, to the end and a little
// beyond.
type talker struct{ writing *sync.WaitGroup }

func (w *talker) Receive(_ context.Context, c *websocket.Conn, m websocket.Message) error {
	name := string(m.Data)
	switch name {
	case "leave":
		return websocket.CloseError{Code: websocket.StatusNormalClosure}
	case "drop":
		time.AfterFunc(2*time.Millisecond, func() { _ = c.CloseNow() }) // while writers wait for room
		return nil
	}
	prepared := websocket.Prepare(websocket.MessageText, m.Data)
	long := []byte(strings.Repeat(name, 30_000))
	for _, write := range []func() error{
		func() error { return c.Write(context.Background(), websocket.MessageText, []byte(name)) },
		func() error { return c.WritePrepared(context.Background(), prepared) },
		func() error { return c.Write(context.Background(), websocket.MessageText, long) },
		func() error {
			b := c.Batch()
			err := b.Write(context.Background(), websocket.MessageText, []byte(name))
			if err == nil {
				err = b.Flush(context.Background())
			}
			return err
		},
	} {
		w.writing.Go(func() {
			for after := 0; after < 3; {
				if write() != nil {
					after++
				}
			}
		})
	}
	return nil
}

// listen is a client that reads some messages and then ends in one of some ways.
func listen(s *site, name string, how int) error {
	c, err := s.dialTo("/", nil)
	if err != nil {
		return err
	}
	defer c.CloseNow()
	ctx := wsplay.Quickly(s.T)
	if err := c.Write(ctx, websocket.MessageText, []byte(name)); err != nil {
		return err
	}
	if how%6 == 5 {
		_ = c.Write(ctx, websocket.MessageText, []byte("drop"))
		time.Sleep(5 * time.Millisecond) // it does not read: the socket is full when it is closed
	}
	for range how % 4 {
		_, p, err := c.Read(ctx)
		if err != nil && how%6 == 5 {
			return nil
		}
		if err != nil {
			return err
		}
		if strings.ReplaceAll(string(p), name, "") != "" {
			return fmt.Errorf("%s got %.100q", name, p)
		}
	}
	switch how % 6 {
	case 0:
		return nil // CloseNow
	case 1:
		_ = c.Close(websocket.StatusNormalClosure, "")
	case 2:
		if tcp, ok := c.NetConn().(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset
		}
	case 3, 5:
		_ = c.Write(ctx, websocket.MessageText, []byte("leave"))
		for err == nil {
			_, _, err = c.Read(ctx)
		}
	default:
		_ = c.BeginClose(ctx, websocket.StatusGoingAway, "")
	}
	return nil
}

// standBeside opens pairs of sockets, which nobody else uses, and looks at what has become of
// them.
func standBeside(t *testing.T, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Error(err)
			return
		}
		for range 20 {
			for _, fd := range pair {
				var b [100]byte
				n, err := syscall.Read(fd, b[:])
				if !errors.Is(err, syscall.EAGAIN) {
					t.Errorf("somebody else's socket: read %d bytes %q, %v", n, b[:max(n, 0)], err)
				}
			}
		}
		for _, fd := range pair {
			if err := syscall.Close(fd); err != nil {
				t.Errorf("somebody else's socket: closing it: %v", err)
			}
		}
	}
}
