package websocket_test

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
)

// Ping reads by itself, to the pong, and tells how long that took.
func TestPing(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		if c.Latency() != 0 {
			t.Errorf("latency before the first ping: %v", c.Latency())
		}
		done := background(func() error { return c.Ping(patience(t)) })
		x, _ := p.next()
		if x.Opcode != opPing || len(x.Payload) > 125 {
			t.Fatalf("got %+v", x)
		}
		// RFC 6455 §5.5.3: a pong that was not asked for is allowed, and answers nothing.
		p.send(whole(opPong, "unasked"), whole(opPong, ""), whole(opPing, "and you?"))
		p.want("the pong", opPong, "and you?")
		pending(t, "Ping", done)
		time.Sleep(30 * time.Millisecond)
		p.send(whole(opPong, string(x.Payload)))
		if err := <-done; err != nil || c.Latency() != 30*time.Millisecond {
			t.Errorf("Ping: %v, latency %v", err, c.Latency())
		}
		p.send(whole(opText, "next"))
		wantRead(t, c, "next")
	})
}

// RFC 6455 §5.5.3: an endpoint "MAY elect to send a Pong frame for only the most
// recently processed Ping frame": it answers the earlier ones too.
func TestOnePongAnswersEarlierPings(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		var calls []<-chan error
		var payload [3]string
		for i := range payload {
			calls = append(calls, background(func() error { return c.Ping(patience(t)) }))
			x, _ := p.next()
			payload[i] = string(x.Payload)
		}
		p.send(whole(opPong, payload[1]))
		if err := <-calls[0]; err != nil {
			t.Error(err)
		}
		if err := <-calls[1]; err != nil {
			t.Error(err)
		}
		pending(t, "the third Ping", calls[2])
		p.send(whole(opPong, payload[2]))
		if err := <-calls[2]; err != nil {
			t.Error(err)
		}
	})
}

// Ping does not read beyond data that is for the application; it goes on when the
// application has read that.
func TestPingBehindData(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		done := background(func() error { return c.Ping(patience(t)) })
		x, _ := p.next()
		p.send(part(opText, "da"), whole(opContinuation, "ta"), whole(opPong, string(x.Payload)))
		pending(t, "Ping behind data", done)
		wantRead(t, c, "data")
		if err := <-done; err != nil {
			t.Error(err)
		}

		// A reader that has stopped in the middle keeps it waiting too.
		p.send(part(opText, "half"))
		_, r, err := c.Reader(patience(t))
		if err != nil {
			t.Fatal(err)
		}
		io.ReadFull(r, make([]byte, 4))
		ctx, cancel := context.WithCancel(context.Background())
		done = background(func() error { return c.Ping(ctx) })
		x, _ = p.next()
		p.send(whole(opPong, string(x.Payload)), whole(opContinuation, ""))
		pending(t, "Ping behind half a message", done)
		cancel()
		wantIs(t, "Ping", <-done, context.Canceled)
		if _, err := io.ReadAll(r); err != nil {
			t.Error(err)
		}
	})
}

// A read that begins while Ping drives the reading gets the message, and one that
// is cancelled hands the reading back.
func TestPingAndRead(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		ping := background(func() error { return c.Ping(patience(t)) })
		x, _ := p.next()
		synctest.Wait()
		ctx, cancel := context.WithCancel(context.Background())
		read := background(func() error { _, _, err := c.Read(ctx); return err })
		pending(t, "Read", read)
		cancel()
		wantIs(t, "Read", <-read, context.Canceled)

		text := background(func() string { _, b, _ := c.Read(patience(t)); return string(b) })
		synctest.Wait()
		p.send(whole(opText, "data"))
		if got := <-text; got != "data" {
			t.Errorf("Read: %q", got)
		}

		// Now the application reads, and is cancelled: Ping takes over.
		ctx, cancel = context.WithCancel(context.Background())
		read = background(func() error { _, _, err := c.Read(ctx); return err })
		pending(t, "Read", read)
		cancel()
		<-read
		p.send(whole(opPong, string(x.Payload)))
		if err := <-ping; err != nil {
			t.Error(err)
		}
	})
}

func TestPingFails(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		wantIs(t, "Ping with a context that has ended", c.Ping(ended), context.Canceled)
		late, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		within(t, "Ping", time.Second, func() { wantIs(t, "Ping without a pong", c.Ping(late), context.DeadlineExceeded) })
		driving := background(func() error { return c.Ping(context.Background()) })
		waiting := background(func() error { return c.Ping(context.Background()) })
		pending(t, "Ping", driving)
		p.Close()
		wantIs(t, "Ping", <-driving, io.EOF)
		wantIs(t, "Ping", <-waiting, io.EOF)
		wantIs(t, "Ping after the end", c.Ping(context.Background()), net.ErrClosed)
	})
}

// Pings that come faster than their pongs leave are answered by the latest.
func TestPingFlood(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, stall)
		go c.Read(context.Background())
		for range 1000 {
			p.send(whole(opPing, "early"))
		}
		p.send(whole(opPing, "last"))
		synctest.Wait()
		for n := 1; ; n++ {
			x, err := p.next()
			if err != nil || x.Opcode != opPong {
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
	eachRole(t, func(t *testing.T, role websocket.Role) {
		var pings, pongs []string
		c, p := facing(t, role, &websocket.ConnOptions{
			OnPingReceived: func(_ context.Context, b []byte) bool { pings = append(pings, string(b)); return string(b) != "quiet" },
			OnPongReceived: func(_ context.Context, b []byte) { pongs = append(pongs, string(b)) },
		}, 0)
		p.send(whole(opPing, "quiet"), whole(opPing, "loud"), whole(opPong, "pong"), whole(opText, "x"))
		wantRead(t, c, "x")
		p.want("the pong", opPong, "loud")
		if len(pings) != 2 || len(pongs) != 1 || pongs[0] != "pong" {
			t.Errorf("pings %q, pongs %q", pings, pongs)
		}
	})
}
