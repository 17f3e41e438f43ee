package loop_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// In a bubble, and on streams that are no sockets, a connection has a goroutine: the same
// program runs, and its timeouts are exact.

// added returns a loop with a connection in memory, whose peer is played by hand.
func added(t *testing.T, loop *websocket.Loop, opts *websocket.ConnOptions, stream func(net.Conn) io.ReadWriteCloser) (*watch, *life, *wsplay.Peer) {
	t.Helper()
	a, b := wstest.NetPipe(0)
	c := websocket.NewConn(stream(a), websocket.RoleServer, opts)
	w := newWatch(t)
	w.on(loop)
	r, err := loop.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := loop.Add(c, r); err != nil {
		t.Fatal(err)
	}
	return w, w.life(c), wsplay.NewPeer(t, websocket.RoleServer, b)
}

var streams = map[string]func(net.Conn) io.ReadWriteCloser{
	"net.Conn in memory": func(nc net.Conn) io.ReadWriteCloser { return nc },
	"without deadlines":  func(nc net.Conn) io.ReadWriteCloser { return wsplay.Deaf(nc) },
}

func inBubble(t *testing.T, test func(t *testing.T, stream func(net.Conn) io.ReadWriteCloser)) {
	for name, stream := range streams {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, stream) })
		})
	}
	t.Run("net.Pipe", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			test(t, func(nc net.Conn) io.ReadWriteCloser { // pumped from one to the other
				a, b := net.Pipe()
				go func() { _, _ = io.Copy(b, nc); _ = b.Close() }()
				go func() { _, _ = io.Copy(nc, b); _ = nc.Close() }()
				return a
			})
		})
	})
}

func TestBubble(t *testing.T) {
	inBubble(t, func(t *testing.T, stream func(net.Conn) io.ReadWriteCloser) {
		loop := echoes()
		w, l, p := added(t, loop, nil, stream)
		p.Busy()
		time.Sleep(time.Hour)
		p.Send(wsplay.Fragment(wsplay.OpText, "a"), wsplay.Frame(wsplay.OpPing, "?"), wsplay.Frame(wsplay.OpContinuation, "b"))
		p.Want("the pong", wsplay.OpPong, "?")
		p.Want("the echo", wsplay.OpText, "ab")
		p.Send(wsplay.CloseFrame(4000, "x"))
		p.WantReply(4000)
		_ = p.Close()
		synctest.Wait()
		if e := wsplay.WantClosed(t, l.err); !e.Clean() {
			t.Errorf("Closed was told %v", e)
		}
		if err := loop.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		w.end()
	})
}

func TestBubbleKeepAlive(t *testing.T) {
	inBubble(t, func(t *testing.T, stream func(net.Conn) io.ReadWriteCloser) {
		opts := &websocket.ConnOptions{KeepAlive: websocket.KeepAlive{Interval: 30 * time.Second, Timeout: 10 * time.Second}}
		loop := echoes()
		begin := time.Now()
		w, l, p := added(t, loop, opts, stream)
		p.Floods.Go(func() { _, _ = io.Copy(io.Discard, p) })
		<-l.over
		if took := time.Since(begin); took != 40*time.Second || !errors.Is(l.err, websocket.ErrKeepAlive) {
			t.Errorf("Closed was told %v after %v", l.err, took)
		}
		_ = p.Close()
		p.Floods.Wait()
		if err := loop.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		w.end()
	})
}

// Shutdown waits for a peer that does not answer exactly as long as Timeouts.Close says, and
// no longer than its context.
func TestBubbleShutdown(t *testing.T) {
	for _, impatient := range []bool{false, true} {
		inBubble(t, func(t *testing.T, stream func(net.Conn) io.ReadWriteCloser) {
			loop := echoes()
			w, l, p := added(t, loop, wsplay.CloseSoon, stream)
			p.Floods.Go(func() { _, _ = io.Copy(io.Discard, p) })
			ctx, want, wait := context.Background(), error(nil), wsplay.CloseTimeout
			if impatient {
				wait = time.Second
				c, cancel := context.WithTimeout(ctx, wait)
				defer cancel()
				ctx, want = c, context.DeadlineExceeded
			}
			begin := time.Now()
			if err := loop.Shutdown(ctx); !errors.Is(err, want) || time.Since(begin) != wait {
				t.Errorf("Shutdown: %v after %v; want %v after %v", err, time.Since(begin), want, wait)
			}
			synctest.Wait()
			if l.closings.Load() != 1 {
				b := make([]byte, 1<<20)
				t.Errorf("Closed was not called\n%s", b[:runtime.Stack(b, true)])
			}
			_ = p.Close()
			p.Floods.Wait()
			w.end()
		})
	}
}

// A Receiver that does not return holds Shutdown until its context ends, and no longer.
func TestBubbleShutdownWithStuckReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan bool)
		loop := &websocket.Loop{Open: opens(func(context.Context, *websocket.Conn, websocket.Message) error { <-goOn; return nil })}
		w, l, p := added(t, loop, wsplay.CloseSoon, streams["net.Conn in memory"])
		p.Send(wsplay.Frame(wsplay.OpText, "block"))
		p.Floods.Go(func() { _, _ = io.Copy(io.Discard, p) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		if err := loop.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Minute {
			t.Errorf("Shutdown: %v after %v", err, time.Since(begin))
		}
		if l.closings.Load() != 0 {
			t.Error("Closed was called while Receive was running")
		}
		goOn <- true
		synctest.Wait()
		_ = p.Close()
		p.Floods.Wait()
		w.end()
	})
}
