package closing_test

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// Ping reads by itself, to the pong, and tells how long that took.
func TestPing(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		if c.Latency() != 0 {
			t.Errorf("latency before the first ping: %v", c.Latency())
		}
		done := wsplay.Go(func() error { return c.Ping(wsplay.Patience(t)) })
		x, _ := p.Next()
		if x.Opcode != wsplay.OpPing || len(x.Payload) > 125 {
			t.Fatalf("got %+v", x)
		}
		// RFC 6455 §5.5.3: a pong that was not asked for is allowed, and answers nothing.
		p.Send(wsplay.Frame(wsplay.OpPong, "unasked"), wsplay.Frame(wsplay.OpPong, ""), wsplay.Frame(wsplay.OpPing, "and you?"))
		p.Want("the pong", wsplay.OpPong, "and you?")
		wsplay.Pending(t, "Ping", done)
		time.Sleep(30 * time.Millisecond)
		p.Send(wsplay.Frame(wsplay.OpPong, string(x.Payload)))
		if err := <-done; err != nil || c.Latency() != 30*time.Millisecond {
			t.Errorf("Ping: %v, latency %v", err, c.Latency())
		}
		p.Send(wsplay.Frame(wsplay.OpText, "next"))
		wsplay.WantRead(t, c, "next")
	})
}

// RFC 6455 §5.5.3: an endpoint "MAY elect to send a Pong frame for only the most
// recently processed Ping frame": it answers the earlier ones too.
func TestOnePongAnswersEarlierPings(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		var calls []<-chan error
		var payload [3]string
		for i := range payload {
			calls = append(calls, wsplay.Go(func() error { return c.Ping(wsplay.Patience(t)) }))
			x, _ := p.Next()
			payload[i] = string(x.Payload)
		}
		p.Send(wsplay.Frame(wsplay.OpPong, payload[1]))
		if err := <-calls[0]; err != nil {
			t.Error(err)
		}
		if err := <-calls[1]; err != nil {
			t.Error(err)
		}
		wsplay.Pending(t, "the third Ping", calls[2])
		p.Send(wsplay.Frame(wsplay.OpPong, payload[2]))
		if err := <-calls[2]; err != nil {
			t.Error(err)
		}
	})
}

// Ping does not read beyond data that is for the application; it goes on when the
// application has read that.
func TestPingBehindData(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		done := wsplay.Go(func() error { return c.Ping(wsplay.Patience(t)) })
		x, _ := p.Next()
		p.Send(wsplay.Fragment(wsplay.OpText, "da"), wsplay.Frame(wsplay.OpContinuation, "ta"), wsplay.Frame(wsplay.OpPong, string(x.Payload)))
		wsplay.Pending(t, "Ping behind data", done)
		wsplay.WantRead(t, c, "data")
		if err := <-done; err != nil {
			t.Error(err)
		}

		// A reader that has stopped in the middle keeps it waiting too.
		p.Send(wsplay.Fragment(wsplay.OpText, "half"))
		_, r, err := c.Reader(wsplay.Patience(t))
		if err != nil {
			t.Fatal(err)
		}
		io.ReadFull(r, make([]byte, 4))
		ctx, cancel := context.WithCancel(context.Background())
		done = wsplay.Go(func() error { return c.Ping(ctx) })
		x, _ = p.Next()
		p.Send(wsplay.Frame(wsplay.OpPong, string(x.Payload)), wsplay.Frame(wsplay.OpContinuation, ""))
		wsplay.Pending(t, "Ping behind half a message", done)
		cancel()
		wsplay.WantIs(t, "Ping", <-done, context.Canceled)
		if _, err := io.ReadAll(r); err != nil {
			t.Error(err)
		}
	})
}

// A read that begins while Ping drives the reading gets the message, and one that
// is cancelled hands the reading back.
func TestPingAndRead(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		ping := wsplay.Go(func() error { return c.Ping(wsplay.Patience(t)) })
		x, _ := p.Next()
		synctest.Wait()
		ctx, cancel := context.WithCancel(context.Background())
		read := wsplay.Go(func() error { _, _, err := c.Read(ctx); return err })
		wsplay.Pending(t, "Read", read)
		cancel()
		wsplay.WantIs(t, "Read", <-read, context.Canceled)

		text := wsplay.Go(func() string { _, b, _ := c.Read(wsplay.Patience(t)); return string(b) })
		synctest.Wait()
		p.Send(wsplay.Frame(wsplay.OpText, "data"))
		if got := <-text; got != "data" {
			t.Errorf("Read: %q", got)
		}

		// Now the application reads, and is cancelled: Ping takes over.
		ctx, cancel = context.WithCancel(context.Background())
		read = wsplay.Go(func() error { _, _, err := c.Read(ctx); return err })
		wsplay.Pending(t, "Read", read)
		cancel()
		<-read
		p.Send(wsplay.Frame(wsplay.OpPong, string(x.Payload)))
		if err := <-ping; err != nil {
			t.Error(err)
		}
	})
}

func TestPingFails(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		wsplay.WantIs(t, "Ping with a context that has ended", c.Ping(ended), context.Canceled)
		late, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		wsplay.Within(t, "Ping", time.Second, func() { wsplay.WantIs(t, "Ping without a pong", c.Ping(late), context.DeadlineExceeded) })
		driving := wsplay.Go(func() error { return c.Ping(context.Background()) })
		waiting := wsplay.Go(func() error { return c.Ping(context.Background()) })
		wsplay.Pending(t, "Ping", driving)
		p.Close()
		wsplay.WantIs(t, "Ping", <-driving, io.EOF)
		wsplay.WantIs(t, "Ping", <-waiting, io.EOF)
		wsplay.WantIs(t, "Ping after the end", c.Ping(context.Background()), net.ErrClosed)
	})
}

// Pings that come faster than their pongs leave are answered by the latest.
func TestPingFlood(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, wsplay.Stall)
		go c.Read(context.Background())
		for range 1000 {
			p.Send(wsplay.Frame(wsplay.OpPing, "early"))
		}
		p.Send(wsplay.Frame(wsplay.OpPing, "last"))
		synctest.Wait()
		for n := 1; ; n++ {
			x, err := p.Next()
			if err != nil || x.Opcode != wsplay.OpPong {
				t.Fatalf("got %+v, %v", x, err)
			}
			if string(x.Payload) == "last" {
				if n > 50 {
					t.Errorf("%d pongs were kept", n)
				}
				return
			}
		}
	})
}

func TestPingCallbacks(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		var pings, pongs []string
		c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{
			OnPingReceived: func(_ context.Context, b []byte) bool { pings = append(pings, string(b)); return string(b) != "quiet" },
			OnPongReceived: func(_ context.Context, b []byte) { pongs = append(pongs, string(b)) },
		}, 0)
		p.Send(wsplay.Frame(wsplay.OpPing, "quiet"), wsplay.Frame(wsplay.OpPing, "loud"), wsplay.Frame(wsplay.OpPong, "pong"), wsplay.Frame(wsplay.OpText, "x"))
		wsplay.WantRead(t, c, "x")
		p.Want("the pong", wsplay.OpPong, "loud")
		if len(pings) != 2 || len(pongs) != 1 || pongs[0] != "pong" {
			t.Errorf("pings %q, pongs %q", pings, pongs)
		}
	})
}
