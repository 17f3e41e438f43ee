package websocket_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
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

func counting(t *testing.T, role websocket.Role, buffer int) (*websocket.Conn, *peer, *countingConn) {
	near, other := wstest.NetPipe(buffer)
	counted := &countingConn{Conn: near}
	c := websocket.NewConn(counted, role, nil)
	t.Cleanup(func() { c.CloseNow(); other.Close() })
	return c, peerOf(t, role, other), counted
}

// A loop that answers through a Batch answers all it has received with one write.
func TestBatchAnswersWithOneWrite(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
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
				wire = append(wire, p.wire(whole(opText, "question"))...)
			}
			p.sendBytes(wire)
			for range n {
				p.want("an answer", opText, "question")
			}
			if got := counted.writes.Load(); got != round {
				t.Errorf("%d answers took %d writes", n*round, got)
			}
		}
		c.CloseNow()
	})
}

func TestBatchOrder(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p, counted := counting(t, role, 1<<20)
		b, ctx := c.Batch(), patience(t)
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
			p.want("in order", opText, text)
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
			p.want("a KiB", opText, strings.Repeat("x", 1<<10))
		}
		write(strings.Repeat("y", 100<<10))
		p.want("100 KiB", opText, strings.Repeat("y", 100<<10))

		// It goes between no fragments, and before a Close frame.
		w, _ := c.Writer(ctx, websocket.MessageText)
		w.Write([]byte("frag"))
		w.(interface{ Flush() error }).Flush()
		waiting := background(func() error { return b.Write(ctx, websocket.MessageText, []byte("6")) })
		pending(t, "Batch.Write", waiting)
		w.Close()
		if err := errors.Join(<-waiting, b.Flush(ctx)); err != nil {
			t.Error(err)
		}
		p.wantMessage(opText, "frag")
		p.want("in order", opText, "6")
		write("7")
		go c.Close(websocket.StatusNormalClosure, "")
		p.want("in order", opText, "7")
		p.wantFarewell("last", 1000)
		c.CloseNow()
	})
}

// Ping, like every call that waits for the network to read, sends what is held.
func TestBatchLeavesBeforePingWaits(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		c.Batch().Write(patience(t), websocket.MessageText, []byte("held"))
		go c.Ping(context.Background())
		p.want("the batch", opText, "held")
		c.CloseNow()
	})
}

func TestBatchMisuse(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, stall)
		b := c.Batch()
		var usage *websocket.UsageError
		if err := b.Write(patience(t), 9, nil); !errors.As(err, &usage) {
			t.Errorf("no such type: %v", err)
		}
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		wantIs(t, "Write", b.Write(ended, websocket.MessageText, nil), context.Canceled)
		wantIs(t, "WritePrepared", b.WritePrepared(ended, websocket.Prepare(websocket.MessageText, nil)), context.Canceled)

		// A flush that is cancelled leaves the batch to be sent.
		if err := c.Write(patience(t), websocket.MessageText, []byte(filling(role))); err != nil {
			t.Fatal(err)
		}
		b.Write(patience(t), websocket.MessageText, []byte("held"))
		ctx, cancel := context.WithCancel(context.Background())
		flushed := background(func() error { return b.Flush(ctx) })
		pending(t, "Flush", flushed)
		cancel()
		wantIs(t, "Flush", <-flushed, context.Canceled)
		p.want("what was there before", opText, filling(role))
		p.want("the batch", opText, "held")
		p.Close()
		_, _, err := c.Read(patience(t))
		wantIs(t, "Read", err, net.ErrClosed)
		wantIs(t, "Write after the end", b.Write(patience(t), websocket.MessageText, nil), net.ErrClosed)
	})
}

// Writers that meet share a write.
func TestConcurrentWritesLeaveTogether(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p, counted := counting(t, role, stall)
		c.Write(patience(t), websocket.MessageText, []byte(filling(role)))
		first := startWrite(t, c, "first")
		var rest []write
		for range 20 {
			rest = append(rest, startWrite(t, c, "together"))
		}
		p.want("what was there before", opText, filling(role))
		p.want("the first", opText, "first")
		for range rest {
			p.want("the others", opText, "together")
		}
		<-first.done
		for _, w := range rest {
			if err := <-w.done; err != nil {
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
	eachRole(t, func(t *testing.T, role websocket.Role) {
		for _, text := range []string{"", "short", strings.Repeat("long ", 20000)} {
			payload := []byte(text)
			m := websocket.Prepare(websocket.MessageBinary, payload)
			for i := range payload { // it has a copy
				payload[i] = 0
			}
			var sent []<-chan error
			var ends []*peer
			for range 4 {
				c, p := facing(t, role, nil, 0)
				sent = append(sent, background(func() error { return c.WritePrepared(patience(t), m) }))
				ends = append(ends, p)
			}
			for i, p := range ends {
				p.want("the message", opBinary, text)
				if err := <-sent[i]; err != nil {
					t.Error(err)
				}
			}
		}
		c, _ := facing(t, role, nil, 0)
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		wantIs(t, "WritePrepared", c.WritePrepared(ended, websocket.Prepare(websocket.MessageText, nil)), context.Canceled)
	})
}

// A read sends what the batch holds, but does not wait for it: two ends that both
// have more to send than the other takes still read, and so go on.
func TestReadDoesNotWaitForBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := wstestPair(nil, 16)
		answers := make(chan error, 2)
		for _, c := range []*websocket.Conn{server, client} {
			if err := c.Batch().Write(patience(t), websocket.MessageText, make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
			go func() {
				_, _, err := c.Read(patience(t))
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
