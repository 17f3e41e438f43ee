package wstest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wstest"
)

// Two ends do at random what applications do, over a pipe of random width: they
// write, whole and in fragments, ping, read, and give up, often in the middle of
// something. The properties:
//
//   - a message whose write succeeded arrives, in its writer's order, whole;
//   - one whose write was given up does not;
//   - unless a connection was lost to a write cut in the middle, which only the end
//     of a context does; then what arrived is still in order;
//   - everything ends: writes, reads, and Close, which takes no time between ends
//     that live.
func TestRandomConversations(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { converseAtRandom(t, seed) })
		})
	}
}

const (
	randomWriters  = 3
	randomMessages = 12
)

// dice are shared by the goroutines of one conversation.
type dice struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (d *dice) roll(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.IntN(n)
}

func (d *dice) pause(most time.Duration) { time.Sleep(time.Duration(d.roll(int(most)))) }

// patience is a context: one that lasts, or one that may end in the middle.
func (d *dice) patience(may bool) (context.Context, context.CancelFunc) {
	if !may || d.roll(3) == 0 {
		return context.WithCancel(context.Background())
	}
	return context.WithTimeout(context.Background(), time.Duration(d.roll(int(time.Second))))
}

func converseAtRandom(t *testing.T, seed uint64) {
	d := &dice{r: rand.New(rand.NewPCG(seed, 0))}
	cuts := d.roll(2) == 0 // writes may be given up at any time
	options := func() *websocket.ConnOptions {
		return &websocket.ConnOptions{KeepAlive: websocket.KeepAlive{Interval: time.Duration(d.roll(2)) * time.Second, Timeout: time.Minute}}
	}
	server, client := wstest.Pipe(&wstest.Options{
		Server: options(), Client: options(), Buffer: []int{3, 16, 100, 5_000, 0}[d.roll(5)],
	})
	ends := []*websocket.Conn{server, client}
	sent := [2]*[randomWriters][]int{{}, {}}     // by end and writer: those that succeeded
	received := [2]*[randomWriters][]int{{}, {}} // by the other end
	var writing, reading sync.WaitGroup
	for i, c := range ends {
		for w := range randomWriters {
			writing.Go(func() { sent[i][w] = writeAtRandom(t, d, c, w, cuts) })
		}
		writing.Go(func() { pingAtRandom(t, d, c, cuts) })
		reading.Go(func() { readAtRandom(t, d, c, received[1-i]) })
	}
	writing.Wait()
	time.Sleep(time.Hour) // what is on its way arrives
	lost := server.Ping(t.Context()) != nil

	start := time.Now()
	err := ends[d.roll(2)].Close(websocket.StatusNormalClosure, "")
	if took := time.Since(start); took != 0 || !lost && err != nil {
		t.Errorf("Close: %v, after %v", err, took)
	}
	reading.Wait()
	if lost && !cuts {
		t.Errorf("the connection was lost: %v", err)
	}
	for i := range ends {
		for w := range randomWriters {
			if got, want := received[i][w], sent[i][w]; !lost && !slices.Equal(got, want) || !slices.IsSorted(got) {
				t.Errorf("end %d, writer %d: sent %v, received %v", i, w, want, got)
			}
		}
	}
}

// writeAtRandom returns the numbers of the messages that it could write.
func writeAtRandom(t *testing.T, d *dice, c *websocket.Conn, writer int, cuts bool) (sent []int) {
	for n := range randomMessages {
		size := 2 + []int{0, 100, 5_000, 20_000}[d.roll(4)]
		p := bytes.Repeat([]byte{byte(n)}, size)
		p[0] = byte(writer)
		ctx, cancel := d.patience(cuts)
		if d.roll(5) == 0 {
			cancel() // before anything is sent: costs nothing, ever
		}
		write := c.Write
		if d.roll(3) == 0 {
			write = func(ctx context.Context, typ websocket.MessageType, p []byte) error {
				return writeInFragments(ctx, d, c, typ, p)
			}
		}
		err := write(ctx, websocket.MessageBinary, p)
		cancel()
		switch {
		case err == nil:
			sent = append(sent, n)
		case errors.Is(err, net.ErrClosed):
			return sent
		case !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded):
			t.Errorf("write: %v", err)
		}
		d.pause(20 * time.Millisecond)
	}
	return sent
}

func writeInFragments(ctx context.Context, d *dice, c *websocket.Conn, typ websocket.MessageType, p []byte) error {
	w, err := c.Writer(ctx, typ)
	if err != nil {
		return err
	}
	for len(p) > 0 && err == nil {
		n := min(len(p), 1+d.roll(9_000))
		if _, err = w.Write(p[:n]); err == nil && d.roll(3) == 0 {
			err = w.(interface{ Flush() error }).Flush()
		}
		p = p[n:]
	}
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	return err
}

func pingAtRandom(t *testing.T, d *dice, c *websocket.Conn, cuts bool) {
	for range 10 {
		ctx, cancel := d.patience(cuts)
		err := c.Ping(ctx)
		cancel()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Ping: %v", err)
		}
		d.pause(100 * time.Millisecond)
	}
}

// readAtRandom reads to the end of the connection, giving up all the time.
func readAtRandom(t *testing.T, d *dice, c *websocket.Conn, received *[randomWriters][]int) {
	for {
		ctx, cancel := d.patience(true)
		_, p, err := c.Read(ctx)
		cancel()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err == nil:
			if !bytes.Equal(p[1:], bytes.Repeat(p[1:2], len(p)-1)) {
				t.Error("a message has come mixed")
			}
			received[p[0]] = append(received[p[0]], int(p[1]))
		case !errors.Is(err, context.DeadlineExceeded):
			t.Errorf("Read: %v", err)
		}
		if d.roll(3) == 0 {
			d.pause(50 * time.Millisecond)
		}
	}
}
