package closing_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

var keepAlive = &websocket.ConnOptions{KeepAlive: websocket.KeepAlive{Interval: time.Minute, Timeout: 10 * time.Second}}

// answerPings plays a live peer until the stream ends.
func answerPings(p *wsplay.Peer, count *int) {
	for {
		x, err := p.Next()
		if err != nil {
			return
		}
		if x.Opcode == wsplay.OpPing {
			*count++
			p.Send(wsplay.Frame(wsplay.OpPong, string(x.Payload)))
		}
	}
}

// It works while the application is not reading, and while it is.
func TestKeepAlive(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for _, reading := range []bool{false, true} {
			c, p := wsplay.Pipe(t, role, keepAlive, 0)
			pings := 0
			done := wsplay.Go(func() error { answerPings(p, &pings); return nil })
			if reading {
				go c.Read(context.Background())
			}
			time.Sleep(time.Hour + time.Second)
			if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte("still here")); err != nil {
				t.Error(err)
			}
			c.CloseNow()
			<-done
			if pings < 59 {
				t.Errorf("reading %v: %d pings in an hour", reading, pings)
			}
		}
	})
}

// A peer that gives no sign of life is given up, in time.
func TestKeepAliveOfDeadPeer(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for name, deaf := range map[string]bool{"silent": false, "not even reading": true} {
			c, p := wsplay.Pipe(t, role, keepAlive, wsplay.Stall)
			drained := make(chan error, 1)
			if deaf {
				go c.Write(context.Background(), websocket.MessageBinary, make([]byte, 1<<10))
				drained <- nil
			} else {
				go func() { _, err := io.Copy(io.Discard, p); drained <- err }()
			}
			wsplay.Within(t, name, 70*time.Second, func() {
				_, _, err := c.Read(context.Background())
				wsplay.WantEnding(t, name, err, 0, 0, websocket.SideRemote, websocket.ErrKeepAlive)
			})
			wsplay.WantIs(t, "Write", c.Write(wsplay.Patience(t), websocket.MessageText, nil), websocket.ErrKeepAlive)
			<-drained
		}
	})
}

// A peer whose data waits for the application is not blamed for the pong behind it.
func TestKeepAliveOfSlowApplication(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, keepAlive, 0)
		p.Send(wsplay.Frame(wsplay.OpText, "unread"), wsplay.Frame(wsplay.OpText, "as well"))
		go io.Copy(io.Discard, p)
		time.Sleep(time.Hour)
		wsplay.WantRead(t, c, "unread")
		wsplay.WantRead(t, c, "as well")
		c.CloseNow()
	})
}

// Anything the peer sends is a sign of life.
func TestKeepAliveOfTalkingPeer(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, keepAlive, 0)
		talking := wsplay.Go(func() error {
			go io.Copy(io.Discard, p)
			return p.Repeat(p.Wire(wsplay.Frame(wsplay.OpPong, "")), 9*time.Second)
		})
		reading := wsplay.Go(func() error { _, _, err := c.Read(context.Background()); return err })
		time.Sleep(time.Hour)
		wsplay.Pending(t, "Read", reading)
		c.CloseNow()
		<-reading
		<-talking
	})
}

// A callback that panics where keepalive reads ends its connection, not the program.
func TestKeepAliveCallbackPanics(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{
			KeepAlive:      keepAlive.KeepAlive,
			OnPingReceived: func(context.Context, []byte) bool { panic("oops") },
		}, 0)
		p.Send(wsplay.Frame(wsplay.OpPing, ""))
		go io.Copy(io.Discard, p)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if err := c.Write(wsplay.Patience(t), websocket.MessageText, nil); err == nil {
			t.Error("the connection goes on")
		}
	})
}
