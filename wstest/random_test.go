package wstest_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
)

// Two ends do at random what applications do, over streams of every kind: they
// write, whole, in fragments and in batches, ping, read, give up, often in the
// middle of something, and close in every way. The properties:
//
//   - a message whose write succeeded arrives once, in its writer's order, whole,
//     unless the receiver has closed without reading on;
//   - one whose write was given up does not;
//   - unless a connection was lost to a write cut in the middle, which only the end
//     of a context does; then what arrived is still in order;
//   - everything ends: writes, reads, and Close, which takes no longer than a peer
//     takes to read; and then every call returns the same error.

var seeds = flag.Uint64("seeds", 4, "how many conversations each of TestRandomConversations has")

func TestRandomConversations(t *testing.T) {
	for name, stream := range memoryStreams {
		for seed := range *seeds {
			t.Run(fmt.Sprint(name, "/", seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { converse(t, seed, stream, time.Millisecond, 24*time.Hour) })
			})
		}
	}
}

func TestRandomConversationsOnSockets(t *testing.T) {
	for name, stream := range socketStreams {
		for seed := range *seeds {
			t.Run(fmt.Sprint(name, "/", seed), func(t *testing.T) { converse(t, seed, stream, 10*time.Microsecond, time.Minute) })
		}
	}
}

// dice are shared by the goroutines of one conversation.
type dice struct {
	mu   sync.Mutex
	r    *rand.Rand
	tick time.Duration // what the conversation counts time in
	cuts bool          // writes may be given up at any time
}

func (d *dice) roll(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.IntN(n)
}

// pause waits for up to so many ticks, to shake the order of things: nothing relies
// on how long it takes.
func (d *dice) pause(most int) { time.Sleep(time.Duration(d.roll(most)) * d.tick) }

// patience is a context: one that lasts, or one that may end in the middle.
func (d *dice) patience(may bool) (context.Context, context.CancelFunc) {
	if !may || d.roll(3) == 0 {
		return context.WithCancel(context.Background())
	}
	return context.WithTimeout(context.Background(), time.Duration(d.roll(1000))*d.tick)
}

// manner is how a conversation ends.
type manner int

const (
	closeByOne   manner = iota // when all has been said
	closeByBoth                // likewise
	beginClose                 // likewise, and both read on
	beginEarly                 // while both still write, and both read on
	closeEarly                 // while both still write
	abandonEarly               // likewise, by CloseNow
	manners      = iota
)

// talker is one end of a conversation.
type talker struct {
	*dice
	*websocket.Conn
	t        *testing.T
	sent     [randomWriters][]int // by writer: the messages that it could write
	received [randomWriters][]int // by the other end's writer
	closed   []string             // what Trace was told
}

func converse(t *testing.T, seed uint64, open openStream, tick, limit time.Duration) {
	debug.SetTraceback("all")
	stuck := time.AfterFunc(limit, func() { panic(fmt.Sprint(t.Name(), ": the conversation does not end")) })
	defer stuck.Stop()

	d := &dice{r: rand.New(rand.NewPCG(seed, 0)), tick: tick}
	d.cuts = d.roll(2) == 0
	end := manner(d.roll(manners))
	streams := open(t, d)
	var ends [2]*talker
	for i, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		e := &talker{dice: d, t: t}
		e.Conn = websocket.NewConn(streams[i], role, &websocket.ConnOptions{
			KeepAlive: websocket.KeepAlive{Interval: time.Duration(d.roll(2)) * 1000 * tick, Timeout: time.Minute},
			Trace:     &websocket.Trace{Closed: func(_ *websocket.Conn, err *websocket.ClosedError) { e.closed = append(e.closed, err.Error()) }},
		})
		ends[i] = e
	}
	if d.roll(2) == 0 {
		slices.Reverse(ends[:])
	}
	first, second := ends[0], ends[1] // the first closes

	var writing, reading sync.WaitGroup
	for _, e := range ends {
		for w := range randomWriters {
			writing.Go(func() { e.write(w) })
		}
		writing.Go(e.ping)
		writing.Go(e.flush)
		reading.Go(e.read)
	}
	switch end {
	case closeByOne, closeByBoth, beginClose:
		writing.Wait()
		for _, e := range ends {
			_ = e.Batch().Flush(context.Background())
			_ = e.Ping(context.Background()) // answered when all before it has been read
		}
	default:
		d.pause(100)
	}
	start := time.Now()
	switch end {
	case closeByBoth:
		go second.Close(4002, "")
		fallthrough
	case closeByOne, closeEarly:
		_ = first.Close(4001, "")
		if took := time.Since(start); end == closeByOne && tick == time.Millisecond && took > readPause*tick {
			t.Errorf("Close took %v", took)
		}
	case beginClose, beginEarly:
		if err := first.BeginClose(context.Background(), 4001, ""); err != nil && !d.cuts {
			t.Errorf("BeginClose: %v", err)
		}
	case abandonEarly:
		_ = first.CloseNow()
	}
	reading.Wait()
	writing.Wait()

	lost := false
	for _, e := range ends {
		lost = e.wantEnded() != nil || lost
	}
	if lost && !d.cuts && end != abandonEarly {
		t.Errorf("the connection was lost: %v; %v", first.Close(1000, ""), second.Close(1000, ""))
	}
	second.wantReceived(first, !lost)
	first.wantReceived(second, !lost && end != closeEarly)
	if !lost && end != closeByBoth && second.closed[0] != "websocket: closed by the peer: 4001" {
		t.Errorf("manner %d: the second end was told %q", end, second.closed)
	}
}

// wantEnded wants every call to return the error that Trace was told. It returns
// what is wrong with the ending.
func (e *talker) wantEnded() error {
	ctx := context.Background()
	_ = e.Close(websocket.StatusNormalClosure, "") // the first after BeginClose may be nil
	err := e.Close(websocket.StatusNormalClosure, "")
	closed, ok := errors.AsType[*websocket.ClosedError](err)
	if !ok {
		e.t.Errorf("Close after the end: %v", err)
		return err
	}
	_, _, readErr := e.Read(ctx)
	_, writerErr := e.Writer(ctx, websocket.MessageText)
	for what, err := range map[string]error{
		"Read":        readErr,
		"Writer":      writerErr,
		"Write":       e.Write(ctx, websocket.MessageText, nil),
		"Batch.Write": e.Batch().Write(ctx, websocket.MessageText, nil),
		"Ping":        e.Ping(ctx),
		"BeginClose":  e.BeginClose(ctx, websocket.StatusNormalClosure, ""),
		"CloseNow":    e.CloseNow(),
	} {
		if err == nil || err.Error() != closed.Error() {
			e.t.Errorf("%s after %q: %v", what, closed, err)
		}
	}
	if len(e.closed) != 1 || e.closed[0] != closed.Error() {
		e.t.Errorf("Trace was told %q, Close returns %q", e.closed, closed)
	}
	if !closed.Clean() {
		return closed
	}
	return nil
}

// wantReceived compares what e received with what the other end sent: all of it, or
// some.
func (e *talker) wantReceived(from *talker, all bool) {
	for w := range randomWriters {
		got, want := e.received[w], from.sent[w]
		inOrder := slices.IsSortedFunc(got, func(a, b int) int { return a - b }) && len(slices.Compact(slices.Clone(got))) == len(got)
		if all && !slices.Equal(got, want) || !inOrder {
			e.t.Errorf("%v received %v from writer %d, who sent %v", e.Role(), got, w, want)
		}
	}
}
