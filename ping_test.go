package websocket

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// pingScript is a connection as a call that waits for a pong meets it.
type pingScript struct {
	drive func(*pingCall) error
	over  chan struct{}
	reads int
}

func (h *pingScript) driveReading(_ context.Context, call *pingCall) error {
	if h.reads++; h.drive == nil {
		return nil
	}
	return h.drive(call)
}

func (h *pingScript) givenUp(ctx context.Context) error { return ctx.Err() }
func (h *pingScript) done() <-chan struct{}             { return h.over }
func (h *pingScript) closedError() *ClosedError         { return &ClosedError{Cause: io.EOF} }

// await has a call wait in a bubble, with a context of 3 s, while meanwhile happens.
func (h *pingScript) await(t *testing.T, meanwhile func(*pings, *pingCall)) (took time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var all pings
		h.over = make(chan struct{})
		call := all.begin()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if meanwhile != nil {
			go func() {
				synctest.Wait()
				meanwhile(&all, call)
			}()
		}
		start := time.Now()
		err = all.await(ctx, call, h)
		took = time.Since(start)
		all.forget(call)
		if p := all.way.Load(); len(p.waiting) != 0 {
			t.Errorf("%d calls wait after it", len(p.waiting))
		}
	})
	return took, err
}

func TestPingAwait(t *testing.T) {
	h := &pingScript{}
	if _, err := h.await(t, func(all *pings, call *pingCall) { all.pong(call.payload[:]) }); err != nil || h.reads != 1 {
		t.Errorf("a pong: %v, after %d reads", err, h.reads)
	}
	if took, err := new(pingScript).await(t, nil); err != context.DeadlineExceeded || took != 3*time.Second {
		t.Errorf("no pong: %v after %v", err, took)
	}
	ended := &pingScript{}
	if _, err := ended.await(t, func(*pings, *pingCall) { close(ended.over) }); !isClosedBy(err, io.EOF) {
		t.Errorf("the end of the connection: %v", err)
	}
	broken := &pingScript{drive: func(*pingCall) error { return io.ErrUnexpectedEOF }}
	if _, err := broken.await(t, nil); err != io.ErrUnexpectedEOF {
		t.Errorf("a read that fails: %v", err)
	}
}

func isClosedBy(err, cause error) bool {
	e, ok := err.(*ClosedError)
	return ok && e.Cause == cause
}

// Whoever waits for a pong takes over the reading when a read has ended.
func TestPingDrivesAgain(t *testing.T) {
	h := &pingScript{}
	if _, err := h.await(t, func(all *pings, call *pingCall) {
		h.drive = func(*pingCall) error { all.pong(call.payload[:]); return nil }
		all.driveAgain()
	}); err != nil || h.reads != 2 {
		t.Errorf("%v after %d reads", err, h.reads)
	}
}

// A pong answers the pings before it as well, one that nobody sent answers none, and the
// way there and back was as long as the latest took.
func TestPongAnswersAllBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all pings
		all.pong([]byte("before any ping"))
		first, second, third := all.begin(), all.begin(), all.begin()
		time.Sleep(20 * time.Millisecond)
		all.pong([]byte("not ours"))
		all.pong(second.payload[:])
		all.pong(second.payload[:])
		for call, want := range map[*pingCall]int{first: 1, second: 1, third: 0} {
			if len(call.answered) != want {
				t.Errorf("ping %d: %d answers, want %d", call.number, len(call.answered), want)
			}
		}
		if got := time.Duration(all.way.Load().latency.Load()); got != 20*time.Millisecond {
			t.Errorf("latency %v", got)
		}
	})
}

// A Ping that gives up does not want to read any more.
func TestPingLeavesTheReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		go func() { _, _ = io.Copy(io.Discard, b) }()
		c := NewConn(a, RoleServer, nil)
		defer c.CloseNow()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		failed := make(chan error)
		go func() { failed <- c.Ping(ctx) }()
		synctest.Wait()
		if n := c.in.drivers.Load(); n != 1 {
			t.Errorf("%d would read while a Ping waits, want 1", n)
		}
		if err := <-failed; !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if n := c.in.drivers.Load(); n != 0 {
			t.Errorf("%d would read after the Ping", n)
		}
	})
}

// The ping of KeepAlive reads on where the application stops: its pong is behind a
// message that the application takes before it stops reading.
func TestKeepAliveDrivesTheReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		c := NewConn(a, RoleServer, &ConnOptions{KeepAlive: KeepAlive{Interval: time.Second, Timeout: time.Second}})
		defer c.CloseNow()
		read := make(chan error)
		go func() {
			_, _, err := c.Read(t.Context())
			read <- err
		}()
		ping := make([]byte, 2+conn.PingSize)
		if _, err := io.ReadFull(b, ping); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // it waits for the pong, since the application reads
		if _, err := b.Write(clientFrame(0x81, "message")); err != nil {
			t.Fatal(err)
		}
		if err := <-read; err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		answered := make(chan error)
		go func() {
			_, err := b.Write(clientFrame(0x8A, string(ping[2:])))
			answered <- err
		}()
		synctest.Wait()
		select {
		case err := <-answered:
			if err != nil || c.Latency() < 0 {
				t.Error(err)
			}
		default:
			t.Error("nobody reads the pong")
		}
	})
}

// What fails in this package is not called a callback's: it is not hidden at all.
func TestPanicOfOurOwn(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	c := NewConn(near, RoleServer, nil)
	defer c.CloseNow()
	call := c.pings.begin()
	c.pings.way.Load().waiting[0] = nil // a mistake of ours
	defer func() {
		if recover() == nil {
			t.Error("it is taken for a panic in a callback")
		}
	}()
	err := (*forReceiver)(c).control(t.Context(), frame.Pong, call.payload[:])
	t.Errorf("%v", err)
}
