//go:build linux

package soak

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hawser-ws/websocket"
)

// end is one end of a link.
type end struct {
	link *link
	side side
	conn atomic.Pointer[websocket.Conn]
	over chan struct{} // closed when nothing more can be read

	// Written by the end itself, read by judge after it.
	final  error // of the read that was the last
	closed error // what Close has returned
	called atomic.Bool
}

// The uses of randomness of an end, besides those of its writers.
const (
	useReader = 1 + iota
	useServer = 20
)

// serve works on a connection until it is over.
func (e *end) serve(c *websocket.Conn) {
	e.conn.Store(c)
	c.SetReadLimit(maxMessage + 1<<10)
	var all sync.WaitGroup
	if e.link.front.casts() {
		e.link.busyNow.Store(0)
	} else {
		for i := range e.link.writers[e.side] {
			w := newWriter(e, c, i)
			e.link.busyNow.Add(1)
			all.Go(w.write)
		}
	}
	if e.link.closer == e.side && e.link.closesByItself(e.side) {
		all.Go(func() { e.conduct(c) })
	}
	if e.side == server && e.link.front.loops() {
		<-e.over
	} else {
		e.readAll(c)
		close(e.over)
	}
	all.Wait()
	e.leave(c)
}

// leave takes leave of a connection of which nothing more can be read.
func (e *end) leave(c *websocket.Conn) {
	first, ok := errors.AsType[*websocket.ClosedError](e.final)
	if !ok {
		return // judge says so
	}
	if first.Received != nil && first.Sent == nil {
		// A ping has read the Close frame, and its answer is under way: CloseNow would
		// not wait for that.
		_ = c.Close(websocket.StatusNormalClosure, "")
	}
	_ = c.CloseNow()
	e.sticky(c, first)
}

// closesByItself: the loop of a Handler ends by its return.
func (p *plan) closesByItself(s side) bool {
	return s == client || !p.front.echoes() || p.ending == dropped
}

// conduct ends the link as the plan has it.
func (e *end) conduct(c *websocket.Conn) {
	l := e.link
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case <-e.over:
			tick.Stop()
			return
		case <-tick.C:
		}
		if l.finish.Err() != nil {
			tick.Stop()
			break
		}
	}
	switch l.ending {
	case orderly:
		l.quiet()
		e.close(c)
	case abrupt:
		e.close(c)
	case begun:
		e.called.Store(true)
		e.closed = c.BeginClose(context.Background(), l.code, l.reason)
		<-e.over
	case dropped:
		l.excuse("CloseNow")
		_ = c.CloseNow()
	case halfSent:
		l.excuse("a message was given up in the middle")
		e.giveUp(c)
	}
}

func (e *end) close(c *websocket.Conn) {
	e.called.Store(true)
	e.closed = c.Close(e.link.code, e.link.reason)
}

// giveUp leaves a message half sent, which costs the connection.
func (e *end) giveUp(c *websocket.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w, err := c.Writer(ctx, websocket.MessageText)
	if err != nil {
		return // it has ended
	}
	_, err = w.Write(filling[:2000])
	if err == nil {
		err = w.(interface{ Flush() error }).Flush()
	}
	if err != nil {
		return
	}
	cancel()
	if err := w.Close(); err == nil {
		e.link.fail("a Writer's Close returned nil after its context had ended")
	}
	<-e.over
}

// sticky: every later call returns what the first did, or knows more.
func (e *end) sticky(c *websocket.Conn, first *websocket.ClosedError) {
	_, _, err := c.Read(context.Background())
	last, ok := errors.AsType[*websocket.ClosedError](err)
	if !ok || first.Cause != nil && last.Cause != first.Cause || first.Received != nil && last.Received == nil {
		e.link.fail("the %v's end: first %v, then %v", e.side, first, err)
	}
	if err := c.Write(context.Background(), websocket.MessageText, nil); err == nil {
		e.link.fail("the %v wrote after its end", e.side)
	}
	e.final = err
}

// kind names what a cause is, for judge.
func kind(cause error) string {
	switch {
	case cause == nil:
		return "none"
	case errors.Is(cause, io.EOF), errors.Is(cause, io.ErrUnexpectedEOF):
		return "end"
	case errors.Is(cause, syscall.ECONNRESET), errors.Is(cause, syscall.EPIPE), isStreamReset(cause):
		return "reset"
	case errors.Is(cause, websocket.ErrKeepAlive), errors.Is(cause, websocket.ErrWriteTimeout), errors.Is(cause, websocket.ErrCloseTimeout):
		return "timeout"
	case errors.Is(cause, context.Canceled), errors.Is(cause, context.DeadlineExceeded):
		return "context"
	}
	return "other"
}

// isStreamReset reports whether cause is an error of a stream of net/http.
func isStreamReset(cause error) bool {
	e, ok := errors.AsType[*net.OpError](cause)
	return ok && e.Net == "stream"
}

// pause returns a time around d.
func pause(r *rand.Rand, d time.Duration) time.Duration {
	return time.Duration((0.5 + r.Float64()) * float64(d))
}
