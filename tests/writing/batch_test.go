package writing_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// countingConn counts writes.
type countingConn struct {
	net.Conn
	writes atomic.Int32
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

func counting(t *testing.T, role websocket.Role, buffer int) (*websocket.Conn, *wsplay.Peer, *countingConn) {
	near, other := wstest.NetPipe(buffer)
	counted := &countingConn{Conn: near}
	c := websocket.NewConn(counted, role, nil)
	t.Cleanup(func() { c.CloseNow(); other.Close() })
	return c, wsplay.NewPeer(t, role, other), counted
}

// A loop that answers through a Batch answers all it has received with one write.
func TestBatchAnswersWithOneWrite(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p, counted := counting(t, role, 0)
		const n = 100
		go func() {
			b := c.Batch()
			ctx := context.Background()
			for m, err := range c.Messages(ctx) {
				if err != nil || b.Write(ctx, m.Type, m.Data) != nil {
					return
				}
			}
		}()
		synctest.Wait()
		for round := int32(1); round <= 2; round++ {
			var wire []byte
			for range n {
				wire = append(wire, p.Wire(wsplay.Frame(wsplay.OpText, "question"))...)
			}
			p.SendBytes(wire)
			for range n {
				p.Want("an answer", wsplay.OpText, "question")
			}
			if got := counted.writes.Load(); got != round {
				t.Errorf("%d answers took %d writes", n*round, got)
			}
		}
		c.CloseNow()
	})
}

func TestBatchOrder(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p, counted := counting(t, role, 1<<20)
		b, ctx := c.Batch(), wsplay.Patience(t)
		write := func(text string) {
			t.Helper()
			if err := b.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		write("1")
		write("2")
		synctest.Wait()
		if counted.writes.Load() != 0 {
			t.Error("a batch does not wait")
		}
		c.Write(ctx, websocket.MessageText, []byte("3")) // goes behind, and takes the batch along
		write("4")
		if err := b.WritePrepared(ctx, websocket.Prepare(websocket.MessageText, []byte("5"))); err != nil {
			t.Fatal(err)
		}
		if err := b.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		b.Flush(ctx) // nothing
		if got := counted.writes.Load(); got != 2 {
			t.Errorf("%d writes, want 2", got)
		}
		for _, text := range []string{"1", "2", "3", "4", "5"} {
			p.Want("in order", wsplay.OpText, text)
		}
		// What has come together leaves at some 24 KiB, and a large message at once.
		for range 25 {
			write(strings.Repeat("x", 1<<10))
		}
		if got := counted.writes.Load(); got != 3 {
			t.Errorf("%d writes, want 3", got)
		}
		b.Flush(ctx)
		for range 25 {
			p.Want("a KiB", wsplay.OpText, strings.Repeat("x", 1<<10))
		}
		write(strings.Repeat("y", 100<<10))
		p.Want("100 KiB", wsplay.OpText, strings.Repeat("y", 100<<10))

		// It goes between no fragments, and before a Close frame.
		w, _ := c.Writer(ctx, websocket.MessageText)
		w.Write([]byte("frag"))
		w.(interface{ Flush() error }).Flush()
		waiting := wsplay.Go(func() error { return b.Write(ctx, websocket.MessageText, []byte("6")) })
		wsplay.Pending(t, "Batch.Write", waiting)
		w.Close()
		if err := errors.Join(<-waiting, b.Flush(ctx)); err != nil {
			t.Error(err)
		}
		wantMessage(p, wsplay.OpText, "frag")
		p.Want("in order", wsplay.OpText, "6")
		write("7")
		go c.Close(websocket.StatusNormalClosure, "")
		p.Want("in order", wsplay.OpText, "7")
		p.WantClose("last", 1000)
		c.CloseNow()
	})
}

// Ping, like every call that waits for the network to read, sends what is held.
func TestBatchLeavesBeforePingWaits(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		c.Batch().Write(wsplay.Patience(t), websocket.MessageText, []byte("held"))
		go c.Ping(context.Background())
		p.Want("the batch", wsplay.OpText, "held")
		c.CloseNow()
	})
}

func TestBatchMisuse(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, wsplay.Stall)
		b := c.Batch()
		var usage *websocket.UsageError
		if err := b.Write(wsplay.Patience(t), 9, nil); !errors.As(err, &usage) {
			t.Errorf("no such type: %v", err)
		}
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		wsplay.WantIs(t, "Write", b.Write(ended, websocket.MessageText, nil), context.Canceled)
		wsplay.WantIs(t, "WritePrepared", b.WritePrepared(ended, websocket.Prepare(websocket.MessageText, nil)), context.Canceled)

		// A flush that is cancelled leaves the batch to be sent.
		if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte(wsplay.Filling(role))); err != nil {
			t.Fatal(err)
		}
		b.Write(wsplay.Patience(t), websocket.MessageText, []byte("held"))
		ctx, cancel := context.WithCancel(context.Background())
		flushed := wsplay.Go(func() error { return b.Flush(ctx) })
		wsplay.Pending(t, "Flush", flushed)
		cancel()
		wsplay.WantIs(t, "Flush", <-flushed, context.Canceled)
		p.Want("what was there before", wsplay.OpText, wsplay.Filling(role))
		p.Want("the batch", wsplay.OpText, "held")
		p.Close()
		_, _, err := c.Read(wsplay.Patience(t))
		wsplay.WantIs(t, "Read", err, net.ErrClosed)
		wsplay.WantIs(t, "Write after the end", b.Write(wsplay.Patience(t), websocket.MessageText, nil), net.ErrClosed)
	})
}

// Writers that meet share a write.
func TestConcurrentWritesLeaveTogether(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p, counted := counting(t, role, wsplay.Stall)
		c.Write(wsplay.Patience(t), websocket.MessageText, []byte(wsplay.Filling(role)))
		first := wsplay.StartWrite(t, c, "first")
		var rest []wsplay.PendingWrite
		for range 20 {
			rest = append(rest, wsplay.StartWrite(t, c, "together"))
		}
		p.Want("what was there before", wsplay.OpText, wsplay.Filling(role))
		p.Want("the first", wsplay.OpText, "first")
		for range rest {
			p.Want("the others", wsplay.OpText, "together")
		}
		<-first.Done
		for _, w := range rest {
			if err := <-w.Done; err != nil {
				t.Error(err)
			}
		}
		if got := counted.writes.Load(); got != 3 {
			t.Errorf("%d writes, want 3", got)
		}
	})
}

// A message is prepared once and sent on any number of connections at once.
func TestWritePrepared(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for _, text := range []string{"", "short", strings.Repeat("long ", 20000)} {
			payload := []byte(text)
			m := websocket.Prepare(websocket.MessageBinary, payload)
			for i := range payload { // it has a copy
				payload[i] = 0
			}
			var sent []<-chan error
			var ends []*wsplay.Peer
			for range 4 {
				c, p := wsplay.Pipe(t, role, nil, 0)
				sent = append(sent, wsplay.Go(func() error { return c.WritePrepared(wsplay.Patience(t), m) }))
				ends = append(ends, p)
			}
			for i, p := range ends {
				p.Want("the message", wsplay.OpBinary, text)
				if err := <-sent[i]; err != nil {
					t.Error(err)
				}
			}
		}
		c, _ := wsplay.Pipe(t, role, nil, 0)
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		wsplay.WantIs(t, "WritePrepared", c.WritePrepared(ended, websocket.Prepare(websocket.MessageText, nil)), context.Canceled)
	})
}

// A read sends what the batch holds, but does not wait for it: two ends that both
// have more to send than the other takes still read, and so go on.
func TestReadDoesNotWaitForBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := wsplay.Pair(nil, 16)
		answers := make(chan error, 2)
		for _, c := range []*websocket.Conn{server, client} {
			if err := c.Batch().Write(wsplay.Patience(t), websocket.MessageText, make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
			go func() {
				_, _, err := c.Read(wsplay.Patience(t))
				answers <- err
			}()
		}
		for range 2 {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
	})
}
