package cancel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// A Write of which nothing is on the wire can be cancelled: it is not sent, the
// others are, and the connection goes on.
func TestCancelledWriteIsNotSent(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for first := range 3 {
			c, p := wsplay.Stalled(t, role, nil)
			writes := []wsplay.PendingWrite{wsplay.StartWrite(t, c, "0"), wsplay.StartWrite(t, c, "1"), wsplay.StartWrite(t, c, "2"), wsplay.StartWrite(t, c, "3")}
			cancelled := []int{first, (first + 1) % 3} // 0 is at the network, the others wait behind it
			for _, i := range cancelled {
				writes[i].Cancel()
				wsplay.WantIs(t, "the write that was cancelled", <-writes[i].Done, context.Canceled)
			}
			left := 3 - cancelled[0] - cancelled[1]
			wsplay.Pending(t, "a write that was not cancelled", writes[left].Done)
			wsplay.Pending(t, "a write that was not cancelled", writes[3].Done)

			p.Want("what was there before", wsplay.OpText, wsplay.Filling(role))
			got := map[string]bool{}
			for range 2 {
				x, err := p.Next()
				if err != nil {
					t.Fatal(err)
				}
				got[string(x.Payload)] = true
			}
			if !got[fmt.Sprint(left)] || !got["3"] {
				t.Errorf("got %v, want %d and 3", got, left)
			}
			if err := errors.Join(<-writes[left].Done, <-writes[3].Done); err != nil {
				t.Error(err)
			}
			if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte("later")); err != nil {
				t.Fatal(err)
			}
			p.Want("a later message", wsplay.OpText, "later")
		}
	})
}

// A Write that waits for the peer when a loop over messages begins is not held back with the
// loop's answers: when it is cancelled, it is not sent.
func TestCancelledWriteBesideALoop(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Stalled(t, role, nil)
		w := wsplay.StartWrite(t, c, "cancelled")

		p.Send(wsplay.Frame(wsplay.OpText, "one"), wsplay.Frame(wsplay.OpText, "two"))
		inBody, leave := make(chan struct{}), make(chan struct{})
		loop := wsplay.Go(func() error {
			for _, err := range c.Messages(wsplay.Patience(t)) {
				close(inBody) // and there is another message at hand
				<-leave
				return err
			}
			return nil
		})
		<-inBody
		w.Cancel()
		err := <-w.Done
		close(leave)
		wsplay.WantIs(t, "the write that was cancelled", err, context.Canceled)
		if err := <-loop; err != nil {
			t.Fatal(err)
		}

		p.Want("what was there before", wsplay.OpText, wsplay.Filling(role))
		if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte("later")); err != nil {
			t.Fatal(err)
		}
		p.Want("a later message", wsplay.OpText, "later")
	})
}

// A Write that is cancelled with half its frame on the wire ends the connection:
// what the peer sees can be neither finished nor taken back.
func TestCancelledWriteInTheMiddleOfAFrame(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for _, queued := range []bool{false, true} {
			c, p := wsplay.Pipe(t, role, nil, wsplay.Stall)
			var before wsplay.PendingWrite
			if queued { // the frame is written by another caller
				before = wsplay.StartWrite(t, c, strings.Repeat("a", 20<<10))
			}
			w := wsplay.StartWrite(t, c, strings.Repeat("b", 200<<10))
			if queued {
				p.Want("the first message", wsplay.OpText, strings.Repeat("a", 20<<10))
				p.ReadBytes(40 << 10)
				if err := <-before.Done; err != nil {
					t.Fatal(err)
				}
			}
			wsplay.Pending(t, "half a message", w.Done)
			w.Cancel()
			err := <-w.Done
			wsplay.WantIs(t, "the write that was cancelled", err, context.Canceled)
			wsplay.WantIs(t, "the write that was cancelled", err, net.ErrClosed)
			_, _, err = c.Read(wsplay.Patience(t))
			wsplay.WantIs(t, "Read", err, context.Canceled)
			wsplay.WantIs(t, "the next write", c.Write(wsplay.Patience(t), websocket.MessageText, nil), context.Canceled)
		}
	})
}

// A Write that is cancelled when a Close frame stands behind it in the stream, and
// nothing of either is on the wire, is sent: to take it back would take the Close frame
// along, and to give up would cost the closing handshake.
func TestCancelledWriteBeforeAClose(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Stalled(t, role, nil)
		first, second := wsplay.StartWrite(t, c, "first"), wsplay.StartWrite(t, c, "second")
		closing := wsplay.Go(func() error { return c.BeginClose(wsplay.Patience(t), websocket.StatusNormalClosure, "bye") })
		wsplay.Pending(t, "BeginClose", closing)
		first.Cancel() // whoever is next encodes the second, and the Close frame behind it
		wsplay.WantIs(t, "the first write", <-first.Done, context.Canceled)
		synctest.Wait()
		second.Cancel()
		wsplay.Pending(t, "the second write", second.Done)

		p.Want("what was there before", wsplay.OpText, wsplay.Filling(role))
		p.Want("the second message", wsplay.OpText, "second")
		p.Want("the Close frame", wsplay.OpClose, "\x03\xe8bye")
		if err := errors.Join(<-second.Done, <-closing); err != nil {
			t.Error(err)
		}
	})
}

// The caller whose message is sent is cancelled while it writes another's: that
// one goes on.
func TestCancelledWriterOfAnother(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Stalled(t, role, nil)
		small := wsplay.StartWrite(t, c, "small")
		big := wsplay.StartWrite(t, c, strings.Repeat("b", 100<<10))
		p.ReadBytes(20)
		synctest.Wait()
		small.Cancel()
		synctest.Wait()
		go func() { p.Unread = nil; io.Copy(io.Discard, p) }()
		if err := <-small.Done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := <-big.Done; err != nil {
			t.Error(err)
		}
		if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte("later")); err != nil {
			t.Error(err)
		}
		c.CloseNow()
	})
}

// A message of fragments is given up with its first fragment; others go on.
func TestCancelledFirstFragment(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Stalled(t, role, nil)
		first := wsplay.StartWrite(t, c, "first")
		second := wsplay.StartWrite(t, c, "second")
		ctx, cancel := context.WithCancel(context.Background())
		w, err := c.Writer(ctx, websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "fragment")
		flushed := wsplay.Go(w.(interface{ Flush() error }).Flush)
		wsplay.Pending(t, "Flush", flushed)
		first.Cancel() // the second and the fragment are encoded together now
		wsplay.WantIs(t, "the first", <-first.Done, context.Canceled)
		synctest.Wait()
		cancel()
		wsplay.WantIs(t, "Flush", <-flushed, context.Canceled)
		if err := w.Close(); !errors.Is(err, context.Canceled) {
			t.Errorf("Close of the writer: %v", err)
		}
		p.Want("what was there before", wsplay.OpText, wsplay.Filling(role))
		p.Want("the second", wsplay.OpText, "second")
		if err := errors.Join(<-second.Done, c.Write(wsplay.Patience(t), websocket.MessageText, []byte("later"))); err != nil {
			t.Error(err)
		}
		p.Want("a later message", wsplay.OpText, "later")
	})
}

// After its first fragment a message can only be finished.
func TestCancelledLaterFragment(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, _ := wsplay.Pipe(t, role, nil, 0)
		ctx, cancel := context.WithCancel(context.Background())
		w, _ := c.Writer(ctx, websocket.MessageText)
		io.WriteString(w, "fragment")
		if err := w.(interface{ Flush() error }).Flush(); err != nil {
			t.Fatal(err)
		}
		cancel()
		wsplay.WantIs(t, "Close of the writer", w.Close(), context.Canceled)
		_, _, err := c.Read(wsplay.Patience(t))
		wsplay.WantIs(t, "Read", err, context.Canceled)
		wsplay.WantIs(t, "Read", err, net.ErrClosed)
	})
}

// A ping that is cancelled in front of a fragment does not take it along.
func TestCancelledPingBeforeFragment(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, wsplay.Stall)
		w, _ := c.Writer(wsplay.Patience(t), websocket.MessageText)
		fill := wsplay.Filling(role)
		io.WriteString(w, fill)
		if err := w.(interface{ Flush() error }).Flush(); err != nil {
			t.Fatal(err)
		}
		blocked, unblock := context.WithCancel(context.Background())
		first := wsplay.Go(func() error { return c.Ping(blocked) })
		wsplay.Pending(t, "Ping", first)
		ctx, cancel := context.WithCancel(context.Background())
		second := wsplay.Go(func() error { return c.Ping(ctx) })
		wsplay.Pending(t, "Ping", second)
		io.WriteString(w, "end")
		closed := wsplay.Go(w.Close)
		wsplay.Pending(t, "Close of the writer", closed)
		unblock()
		<-first
		synctest.Wait()
		cancel()
		wsplay.WantIs(t, "Ping", <-second, context.Canceled)
		if x, err := p.Next(); err != nil || x.Opcode != wsplay.OpText || x.FIN || string(x.Payload) != fill {
			t.Fatalf("got %+v, %v", x, err)
		}
		p.Want("the last fragment", wsplay.OpContinuation, "end")
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// The caller of Write is not kept by pongs that the peer does not read.
func TestWriteDoesNotWaitForPongs(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, wsplay.Stall)
		go c.Read(context.Background())
		text := wsplay.Filling(role) + "more"
		w := wsplay.StartWrite(t, c, text)
		p.Send(wsplay.Frame(wsplay.OpPing, "are you there?"))
		synctest.Wait()
		p.Unread = p.ReadBytes(4)
		synctest.Wait()
		if len(w.Done) == 0 {
			t.Fatal("Write has not returned though its message is on the wire")
		}
		p.Want("the message", wsplay.OpText, text)
		p.Want("the pong", wsplay.OpPong, "are you there?")
		c.CloseNow()
	})
}

// Concurrent writers with cancelled ones among them: the peer sees whole frames,
// in each writer's order, of just the writes that did not fail.
func TestCancelledWritesAtRandom(t *testing.T) {
	for seed := range uint64(40) {
		role := websocket.RoleServer
		if seed%2 == 1 {
			role = websocket.RoleClient
		}
		near, other := wstest.NetPipe(300)
		c := websocket.NewConn(near, role, nil)
		var mu sync.Mutex
		sent := map[string]bool{}
		var writers sync.WaitGroup
		for writer := range 4 {
			writers.Go(func() {
				random := rand.New(rand.NewPCG(seed, uint64(writer)))
				for i := range 60 {
					text := fmt.Sprintf("%d %d %s", writer, i, strings.Repeat("x", random.IntN(200)))
					ctx, cancel := context.WithCancel(context.Background())
					if random.IntN(3) == 0 {
						time.AfterFunc(time.Duration(random.IntN(100))*time.Microsecond, cancel)
					}
					err := c.Write(ctx, websocket.MessageText, []byte(text))
					cancel()
					mu.Lock()
					sent[text] = err == nil
					mu.Unlock()
					if errors.Is(err, net.ErrClosed) {
						return
					} else if err != nil && !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				}
			})
		}
		go func() { writers.Wait(); c.CloseNow() }()
		stream, _ := io.ReadAll(other)
		writers.Wait()
		last := map[int]int{}
		for {
			x, n := naive.Decode(stream)
			if n == 0 {
				break // the rest is half a frame, if the connection ended in its middle
			}
			stream = stream[n:]
			var writer, i int
			if _, err := fmt.Sscan(string(x.Payload), &writer, &i); err != nil || i < last[writer] || !sent[string(x.Payload)] {
				t.Fatalf("seed %d: got %.20q after %d, its write %v, %v", seed, x.Payload, last[writer], sent[string(x.Payload)], err)
			}
			last[writer] = i
			delete(sent, string(x.Payload))
		}
		for text, ok := range sent {
			if ok {
				t.Fatalf("seed %d: %.20q was written and did not arrive", seed, text)
			}
		}
		other.Close()
	}
}
