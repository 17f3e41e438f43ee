package websocket_test

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
	"github.com/hawser-ws/websocket/wstest"
)

// stall is how much the streams hold in tests where the peer stops reading.
const stall = 64

// stalled returns a connection to a peer that does not read, with a stream that
// is full to the last octet and no frame half on it.
func stalled(t *testing.T, role websocket.Role, opts *websocket.ConnOptions) (*websocket.Conn, *peer) {
	t.Helper()
	c, p := facing(t, role, opts, stall)
	if err := c.Write(patience(t), websocket.MessageText, []byte(filling(role))); err != nil {
		t.Fatal(err)
	}
	return c, p
}

// filling is the message whose frame fills the stream.
func filling(role websocket.Role) string {
	if role == websocket.RoleClient {
		return strings.Repeat("f", stall-6)
	}
	return strings.Repeat("f", stall-2)
}

type write struct {
	cancel context.CancelFunc
	done   <-chan error
}

// startWrite begins a Write that is expected to wait.
func startWrite(t *testing.T, c *websocket.Conn, text string) write {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	done := background(func() error { return c.Write(ctx, websocket.MessageText, []byte(text)) })
	pending(t, "Write to a peer that does not read", done)
	return write{cancel, done}
}

// A Write of which nothing is on the wire can be cancelled: it is not sent, the
// others are, and the connection goes on.
func TestCancelledWriteIsNotSent(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		for first := range 3 {
			c, p := stalled(t, role, nil)
			writes := []write{startWrite(t, c, "0"), startWrite(t, c, "1"), startWrite(t, c, "2"), startWrite(t, c, "3")}
			cancelled := []int{first, (first + 1) % 3} // 0 is at the network, the others wait behind it
			for _, i := range cancelled {
				writes[i].cancel()
				wantIs(t, "the write that was cancelled", <-writes[i].done, context.Canceled)
			}
			left := 3 - cancelled[0] - cancelled[1]
			pending(t, "a write that was not cancelled", writes[left].done)
			pending(t, "a write that was not cancelled", writes[3].done)

			p.want("what was there before", opText, filling(role))
			got := map[string]bool{}
			for range 2 {
				x, err := p.next()
				if err != nil {
					t.Fatal(err)
				}
				got[string(x.Payload)] = true
			}
			if !got[fmt.Sprint(left)] || !got["3"] {
				t.Errorf("got %v, want %d and 3", got, left)
			}
			if err := errors.Join(<-writes[left].done, <-writes[3].done); err != nil {
				t.Error(err)
			}
			if err := c.Write(patience(t), websocket.MessageText, []byte("later")); err != nil {
				t.Fatal(err)
			}
			p.want("a later message", opText, "later")
		}
	})
}

// A Write that is cancelled with half its frame on the wire ends the connection:
// what the peer sees can be neither finished nor taken back.
func TestCancelledWriteInTheMiddleOfAFrame(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		for _, queued := range []bool{false, true} {
			c, p := facing(t, role, nil, stall)
			var before write
			if queued { // the frame is written by another caller
				before = startWrite(t, c, strings.Repeat("a", 20<<10))
			}
			w := startWrite(t, c, strings.Repeat("b", 200<<10))
			if queued {
				p.want("the first message", opText, strings.Repeat("a", 20<<10))
				p.some(40 << 10)
				if err := <-before.done; err != nil {
					t.Fatal(err)
				}
			}
			pending(t, "half a message", w.done)
			w.cancel()
			err := <-w.done
			wantIs(t, "the write that was cancelled", err, context.Canceled)
			wantIs(t, "the write that was cancelled", err, net.ErrClosed)
			_, _, err = c.Read(patience(t))
			wantIs(t, "Read", err, context.Canceled)
			wantIs(t, "the next write", c.Write(patience(t), websocket.MessageText, nil), context.Canceled)
		}
	})
}

// A Write that is cancelled when a Close frame stands behind it in the stream, and
// nothing of either is on the wire, is sent: to take it back would take the Close frame
// along, and to give up would cost the closing handshake.
func TestCancelledWriteBeforeAClose(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := stalled(t, role, nil)
		first, second := startWrite(t, c, "first"), startWrite(t, c, "second")
		closing := background(func() error { return c.BeginClose(patience(t), websocket.StatusNormalClosure, "bye") })
		pending(t, "BeginClose", closing)
		first.cancel() // whoever is next encodes the second, and the Close frame behind it
		wantIs(t, "the first write", <-first.done, context.Canceled)
		synctest.Wait()
		second.cancel()
		pending(t, "the second write", second.done)

		p.want("what was there before", opText, filling(role))
		p.want("the second message", opText, "second")
		p.want("the Close frame", opClose, "\x03\xe8bye")
		if err := errors.Join(<-second.done, <-closing); err != nil {
			t.Error(err)
		}
	})
}

// The caller whose message is sent is cancelled while it writes another's: that
// one goes on.
func TestCancelledWriterOfAnother(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := stalled(t, role, nil)
		small := startWrite(t, c, "small")
		big := startWrite(t, c, strings.Repeat("b", 100<<10))
		p.some(20)
		synctest.Wait()
		small.cancel()
		synctest.Wait()
		go func() { p.in = nil; io.Copy(io.Discard, p) }()
		if err := <-small.done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := <-big.done; err != nil {
			t.Error(err)
		}
		if err := c.Write(patience(t), websocket.MessageText, []byte("later")); err != nil {
			t.Error(err)
		}
		c.CloseNow()
	})
}

// A message of fragments is given up with its first fragment; others go on.
func TestCancelledFirstFragment(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := stalled(t, role, nil)
		first := startWrite(t, c, "first")
		second := startWrite(t, c, "second")
		ctx, cancel := context.WithCancel(context.Background())
		w, err := c.Writer(ctx, websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "fragment")
		flushed := background(w.(interface{ Flush() error }).Flush)
		pending(t, "Flush", flushed)
		first.cancel() // the second and the fragment are encoded together now
		wantIs(t, "the first", <-first.done, context.Canceled)
		synctest.Wait()
		cancel()
		wantIs(t, "Flush", <-flushed, context.Canceled)
		if err := w.Close(); !errors.Is(err, context.Canceled) {
			t.Errorf("Close of the writer: %v", err)
		}
		p.want("what was there before", opText, filling(role))
		p.want("the second", opText, "second")
		if err := errors.Join(<-second.done, c.Write(patience(t), websocket.MessageText, []byte("later"))); err != nil {
			t.Error(err)
		}
		p.want("a later message", opText, "later")
	})
}

// After its first fragment a message can only be finished.
func TestCancelledLaterFragment(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, _ := facing(t, role, nil, 0)
		ctx, cancel := context.WithCancel(context.Background())
		w, _ := c.Writer(ctx, websocket.MessageText)
		io.WriteString(w, "fragment")
		if err := w.(interface{ Flush() error }).Flush(); err != nil {
			t.Fatal(err)
		}
		cancel()
		wantIs(t, "Close of the writer", w.Close(), context.Canceled)
		_, _, err := c.Read(patience(t))
		wantIs(t, "Read", err, context.Canceled)
		wantIs(t, "Read", err, net.ErrClosed)
	})
}

// A ping that is cancelled in front of a fragment does not take it along.
func TestCancelledPingBeforeFragment(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, stall)
		w, _ := c.Writer(patience(t), websocket.MessageText)
		fill := filling(role)
		io.WriteString(w, fill)
		if err := w.(interface{ Flush() error }).Flush(); err != nil {
			t.Fatal(err)
		}
		blocked, unblock := context.WithCancel(context.Background())
		first := background(func() error { return c.Ping(blocked) })
		pending(t, "Ping", first)
		ctx, cancel := context.WithCancel(context.Background())
		second := background(func() error { return c.Ping(ctx) })
		pending(t, "Ping", second)
		io.WriteString(w, "end")
		closed := background(w.Close)
		pending(t, "Close of the writer", closed)
		unblock()
		<-first
		synctest.Wait()
		cancel()
		wantIs(t, "Ping", <-second, context.Canceled)
		if x, err := p.next(); err != nil || x.Opcode != opText || x.FIN || string(x.Payload) != fill {
			t.Fatalf("got %+v, %v", x, err)
		}
		p.want("the last fragment", opContinuation, "end")
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// The caller of Write is not kept by pongs that the peer does not read.
func TestWriteDoesNotWaitForPongs(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, stall)
		go c.Read(context.Background())
		text := filling(role) + "more"
		w := startWrite(t, c, text)
		p.send(whole(opPing, "are you there?"))
		synctest.Wait()
		p.in = p.some(4)
		synctest.Wait()
		if len(w.done) == 0 {
			t.Fatal("Write has not returned though its message is on the wire")
		}
		p.want("the message", opText, text)
		p.want("the pong", opPong, "are you there?")
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
