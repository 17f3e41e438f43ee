package closing_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// withCallbacks calls f in both callbacks, and answers every ping.
func withCallbacks(f func()) *websocket.ConnOptions {
	return &websocket.ConnOptions{
		OnPingReceived: func(context.Context, []byte) bool { f(); return true },
		OnPongReceived: func(context.Context, []byte) { f() },
	}
}

// Close in a callback sends its frame and returns; the read that runs the callback goes
// on to the peer's Close frame, and the messages before it.
func TestCloseInCallback(t *testing.T) {
	for what, opcode := range map[string]byte{"ping": wsplay.OpPing, "pong": wsplay.OpPong} {
		wsplay.ForRoles(t, what+"/", func(t *testing.T, role websocket.Role) {
			var c *websocket.Conn
			closed := make(chan error, 1)
			c, p := wsplay.Pipe(t, role, withCallbacks(func() { closed <- c.Close(4001, "enough") }), 0)
			reading := wsplay.Go(func() error {
				_, m, err := c.Read(wsplay.Patience(t))
				if string(m) != "a message before the end" {
					t.Errorf("Read = %q, %v", m, err)
				}
				_, _, err = c.Read(wsplay.Patience(t))
				return err
			})
			wsplay.Within(t, "Close", 0, func() {
				p.Send(wsplay.Frame(opcode, "now"))
				if err := <-closed; err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			p.WantClose("our Close frame", 4001)
			p.Send(wsplay.Frame(wsplay.OpText, "a message before the end"), wsplay.CloseFrame(4001, ""))
			p.HalfClose()
			wsplay.WantEnding(t, "Read", <-reading, 4001, 4001, websocket.SideLocal, nil)
		})
	}
}

// Nobody reads on: the handshake is bounded, and goes on without the application.
func TestCloseInCallbackThatNobodyReadsOnFrom(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		var c *websocket.Conn
		c, p := wsplay.Pipe(t, role, withCallbacks(func() { _ = c.Close(4001, "") }), 0)
		p.Send(wsplay.Frame(wsplay.OpPing, ""))
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _, err := c.Read(ctx)
		wsplay.WantIs(t, "Read", err, context.DeadlineExceeded)
		p.WantClose("our Close frame", 4001)
		p.Send(wsplay.CloseFrame(4001, ""))
		p.HalfClose()
		p.WantEOF("the end")
		wsplay.WantEnding(t, "then", c.CloseNow(), 4001, 4001, websocket.SideLocal, nil)
	})
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		var c *websocket.Conn
		closed := make(chan error, 1)
		c, p := wsplay.Pipe(t, role, withCallbacks(func() { closed <- c.Close(4001, "") }), wsplay.Stall)
		go c.Write(context.Background(), websocket.MessageBinary, make([]byte, 1<<10)) // which the peer does not read
		p.Send(wsplay.Frame(wsplay.OpPing, ""))
		wsplay.Within(t, "Close", 10*time.Millisecond, func() {
			go c.Read(context.Background())
			if err := <-closed; err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		time.Sleep(10 * time.Second)
		_, _, err := c.Read(wsplay.Patience(t))
		wsplay.WantIs(t, "Read", err, websocket.ErrCloseTimeout)
	})
}

// What would wait for the read that waits for the callback says so at once.
func TestReadInCallback(t *testing.T) {
	calls := map[string]func(c *websocket.Conn) error{
		"Read":      func(c *websocket.Conn) error { _, _, err := c.Read(context.Background()); return err },
		"Reader":    func(c *websocket.Conn) error { _, _, err := c.Reader(context.Background()); return err },
		"Conn.Ping": func(c *websocket.Conn) error { return c.Ping(context.Background()) },
		"NetConn": func(c *websocket.Conn) error {
			_, err := websocket.NetConn(context.Background(), c, websocket.MessageText).Read(make([]byte, 1))
			return err
		},
		"Messages": func(c *websocket.Conn) error {
			for _, err := range c.Messages(context.Background()) {
				return err
			}
			return nil
		},
	}
	methods := map[string]string{"Read": "Conn.Read or Conn.ReadInto", "Reader": "Conn.Reader", "Conn.Ping": "Conn.Ping", "NetConn": "Conn.Reader", "Messages": "Conn.Messages"}
	for name, call := range calls {
		wsplay.ForRoles(t, name+"/", func(t *testing.T, role websocket.Role) {
			var c *websocket.Conn
			failed := make(chan error, 1)
			c, p := wsplay.Pipe(t, role, withCallbacks(func() { failed <- call(c) }), 0)
			p.Send(wsplay.Frame(wsplay.OpPing, "p"), wsplay.Frame(wsplay.OpText, "the connection goes on"))
			go io.Copy(io.Discard, p)
			wsplay.Within(t, name, 0, func() { wsplay.WantRead(t, c, "the connection goes on") })
			err := <-failed
			if usage, ok := errors.AsType[*websocket.UsageError](err); !ok || usage.Method != methods[name] {
				t.Errorf("%s in a callback: %v", name, err)
			}
		})
	}
}

// Close on another goroutine waits for a callback that takes its time, and for the end.
func TestCloseDuringCallback(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		goOn := make(chan struct{})
		c, p := wsplay.Pipe(t, role, withCallbacks(func() { <-goOn }), 0)
		p.Send(wsplay.Frame(wsplay.OpPing, ""))
		reading := wsplay.Go(func() error { _, _, err := c.Read(wsplay.Patience(t)); return err })
		wsplay.Pending(t, "Read", reading)
		done := wsplay.Go(func() error { return c.Close(4001, "") })
		p.WantClose("our Close frame", 4001)
		p.Send(wsplay.CloseFrame(4001, ""))
		p.HalfClose()
		wsplay.Pending(t, "Close while the callback runs", done)
		close(goOn)
		if err := <-done; err != nil {
			t.Error(err)
		}
		wsplay.WantEnding(t, "Read", <-reading, 4001, 4001, websocket.SideLocal, nil)
	})
}
