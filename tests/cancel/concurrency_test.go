package cancel_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A Write that waits for a fragmented message to end sleeps, and is woken by it.
func TestWriteWaitsForMessageUnderWay(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		ctx := wsplay.Patience(t)
		w, err := c.Writer(ctx, websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "first")
		w.(interface{ Flush() error }).Flush()
		var waiting []<-chan error
		for range 3 {
			waiting = append(waiting, wsplay.Go(func() error { return c.Write(ctx, websocket.MessageBinary, []byte("whole")) }))
		}
		for _, done := range waiting {
			wsplay.Pending(t, "Write in the middle of a fragmented message", done)
		}
		// RFC 6455 §5.4: "Control frames MAY be injected in the middle of a
		// fragmented message."
		go c.Ping(ctx)
		synctest.Wait()
		io.WriteString(w, "second")
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, done := range waiting {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if x, err := p.Next(); err != nil || x.FIN || x.Opcode != wsplay.OpText || string(x.Payload) != "first" {
			t.Fatalf("got %+v, %v; want the first fragment", x, err)
		}
		if x, err := p.Next(); err != nil || x.Opcode != wsplay.OpPing {
			t.Fatalf("got %+v, %v; want the ping", x, err)
		}
		p.Want("the last fragment", wsplay.OpContinuation, "second")
		for range waiting {
			p.Want("the others", wsplay.OpBinary, "whole")
		}
	})
}

// A Writer that nobody closes does not keep others waiting beyond the end of the
// connection.
func TestAbandonedWriter(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		w, err := c.Writer(context.Background(), websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "left")
		w.(interface{ Flush() error }).Flush()
		second := wsplay.Go(func() error { _, err := c.Writer(context.Background(), websocket.MessageText); return err })
		third := wsplay.Go(func() error { return c.Write(context.Background(), websocket.MessageText, []byte("x")) })
		wsplay.Pending(t, "the second Writer", second)
		wsplay.Pending(t, "Write", third)
		ctx, cancel := context.WithCancel(context.Background())
		fourth := wsplay.Go(func() error { _, err := c.Writer(ctx, websocket.MessageText); return err })
		wsplay.Pending(t, "the fourth Writer", fourth)
		cancel()
		wsplay.WantIs(t, "the fourth Writer", <-fourth, context.Canceled)
		p.Close()
		c.CloseNow()
		wsplay.WantIs(t, "the second Writer", <-second, net.ErrClosed)
		wsplay.WantIs(t, "Write", <-third, net.ErrClosed)
		_, err = io.WriteString(w, "more")
		if err == nil {
			err = w.Close()
		}
		wsplay.WantIs(t, "the first Writer", err, net.ErrClosed)
	})
}

// A writer whose message is on the wire does not go on to serve the others.
func TestWriterReturnsWhenItsOwnIsSent(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 1<<10)
		big := strings.Repeat("b", 300<<10)
		first := wsplay.Go(func() error { return c.Write(context.Background(), websocket.MessageBinary, []byte("first"+big)) })
		wsplay.Pending(t, "a write that the peer does not read", first)
		second := wsplay.Go(func() error { return c.Write(context.Background(), websocket.MessageBinary, []byte("second"+big)) })
		wsplay.Pending(t, "the second", second)
		p.Want("the first", wsplay.OpBinary, "first"+big)
		p.Unread = append(p.Unread, p.ReadBytes(32<<10)...) // what may have left together with it
		synctest.Wait()
		if len(first) == 0 {
			t.Error("the first writer has not returned: it writes for the second")
		}
		wsplay.Pending(t, "the second", second)
		p.Want("the second", wsplay.OpBinary, "second"+big)
		if err := errors.Join(<-first, <-second); err != nil {
			t.Error(err)
		}
	})
}

// Every method at once, then the end: all return, and all with the same cause.
func TestEveryMethodAtOnce(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		server, client := wsplay.Pair(nil, 1<<10)
		c, other := server, client
		if role == websocket.RoleClient {
			c, other = client, server
		}
		ctx := context.Background()
		go func() {
			for m, err := range other.Messages(ctx) {
				if err != nil || other.Write(ctx, m.Type, m.Data) != nil {
					return
				}
			}
		}()
		var calls sync.WaitGroup
		enough := make(chan struct{}, 1000)
		for range 4 {
			calls.Go(func() {
				for c.Write(ctx, websocket.MessageBinary, bytes.Repeat([]byte("x"), 5000)) == nil {
				}
			})
			calls.Go(func() {
				for {
					w, err := c.Writer(ctx, websocket.MessageText)
					if err != nil {
						return
					}
					io.WriteString(w, "one ")
					io.WriteString(w, "two")
					w.Close()
				}
			})
			calls.Go(func() {
				for {
					if _, r, err := c.Reader(ctx); err == nil {
						io.Copy(io.Discard, r)
					} else if errors.Is(err, net.ErrClosed) {
						return
					}
				}
			})
			calls.Go(func() {
				for {
					if _, _, err := c.Read(ctx); errors.Is(err, net.ErrClosed) {
						return
					}
				}
			})
			calls.Go(func() {
				for c.Ping(ctx) == nil {
					c.Latency()
					enough <- struct{}{}
				}
			})
		}
		for range 100 {
			<-enough
		}
		go func() {
			for range enough {
			}
		}()
		c.Close(websocket.StatusNormalClosure, "enough")
		calls.Wait()
		close(enough)
		_, _, err := c.Read(ctx)
		for _, again := range []error{c.Write(ctx, websocket.MessageText, nil), c.Ping(ctx), c.CloseNow(), c.Close(websocket.StatusNormalClosure, "")} {
			if again == nil || again.Error() != err.Error() {
				t.Errorf("after the end one method says %v, another %v", err, again)
			}
		}
		other.CloseNow()
	})
}
