// Package flood keeps many connections busy at little cost, so that a server always has work:
// one thread, epoll, and messages prepared in advance.
package flood

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hawser-ws/websocket/bench/raw"
)

// A Flood is a number of connections that send the same script.
type Flood struct {
	Terms raw.Terms // terms agreed with the server on the first connection

	script *Script
	conns  []conn
	epoll  int
	events []unix.EpollEvent
	buf    []byte
}

type conn struct {
	fd        int
	turn      int // batches so far
	batch     *batch
	sent, got int // bytes of it
	full      bool
	busy      bool
}

const (
	// One answer in so many is compared with its message, if comparing all would take too long.
	sample = 101
	// Up to this many bytes, all are compared.
	alwaysCompared = 32 << 10

	bufferSize = 256 << 10
	// stuck is for a server that no longer answers.
	stuck = 10 * time.Second
)

// Open connects n times.
func Open(ctx context.Context, address string, n int, script *Script) (*Flood, error) {
	f := &Flood{script: script, epoll: -1, events: make([]unix.EpollEvent, 256), buf: make([]byte, bufferSize)}
	var err error
	if f.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	for i := range n {
		if err := f.connect(ctx, address); err != nil {
			f.Drop()
			return nil, fmt.Errorf("connection %d: %w", i, err)
		}
	}
	return f, nil
}

func (f *Flood) connect(ctx context.Context, address string) error {
	c, err := raw.Dial(ctx, address, raw.Terms{})
	if err != nil {
		return err
	}
	if len(f.conns) == 0 {
		f.Terms = c.Terms
	}
	fd, err := c.Detach()
	if err != nil {
		return err
	}
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(len(f.conns))}
	f.conns = append(f.conns, conn{fd: fd, turn: len(f.conns)})
	return unix.EpollCtl(f.epoll, unix.EPOLL_CTL_ADD, fd, &e)
}

// Drop ends all connections by a reset, so that their ports can be reused at once.
func (f *Flood) Drop() {
	for _, c := range f.conns {
		_ = unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		_ = unix.Close(c.fd)
	}
	_ = unix.Close(f.epoll)
}

// Plan says how long a run is: at least a time, and at least a number of messages for each
// connection.
type Plan struct {
	For  time.Duration
	Each int
	Full bool // every answer is compared
	// Spin keeps the thread awake. A server that had to wake it would spend CPU time for that,
	// more or less depending on its speed.
	Spin bool
}

// Count is what was received.
type Count struct {
	Messages int
	Checked  int // messages whose every byte was compared
	Elapsed  time.Duration
}

// Run sends and receives until the plan is fulfilled and all answers have arrived.
func (f *Flood) Run(ctx context.Context, p Plan) (n Count, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := time.Now()
	busy, last, lastMessages := len(f.conns), start, 0
	for i := range f.conns {
		if err := f.begin(&f.conns[i], p); err != nil {
			return n, fmt.Errorf("connection %d: %w", i, err)
		}
	}
	for going := true; busy > 0; {
		ready, err := f.wait(p.Spin)
		if err != nil {
			return n, err
		}
		now := time.Now()
		going = going && (now.Sub(start) < p.For || n.Messages < p.Each*len(f.conns))
		for _, e := range f.events[:ready] {
			c := &f.conns[e.Fd]
			done, err := f.step(c, e.Events)
			switch {
			case err != nil:
				return n, fmt.Errorf("connection %d: %w", e.Fd, err)
			case !done:
				continue
			}
			n.Messages += f.script.InFlight
			if c.full {
				n.Checked += f.script.InFlight
			}
			if !going {
				c.busy = false
				busy--
			} else if err := f.begin(c, p); err != nil {
				return n, fmt.Errorf("connection %d: %w", e.Fd, err)
			}
		}
		switch {
		case n.Messages > lastMessages:
			last, lastMessages = now, n.Messages
		case now.Sub(last) > stuck:
			return n, fmt.Errorf("no answer for %v; %d connections wait for one", stuck, busy)
		}
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
	}
	n.Elapsed = time.Since(start)
	return n, nil
}

// begin sends a connection's next batch.
func (f *Flood) begin(c *conn, p Plan) error {
	c.batch = &f.script.batches[c.turn%len(f.script.batches)]
	c.full = p.Full || len(c.batch.want) <= alwaysCompared || c.turn%sample == 0
	c.turn++
	c.sent, c.got, c.busy = 0, 0, true
	return c.send()
}

func (c *conn) send() error {
	for c.sent < len(c.batch.send) {
		n, err := call(unix.SYS_WRITE, c.fd, c.batch.send[c.sent:])
		switch err {
		case 0:
			c.sent += n
		case unix.EINTR:
		case unix.EAGAIN:
			return nil
		default:
			return err
		}
	}
	return nil
}

var errUnasked = errors.New("the server sends what nobody asked for")

// ended are events after which no others follow.
const ended = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR

// step continues with a connection after an event. Events are reported once (edge-triggered),
// so after a short read there is nothing left to read, except the end.
func (f *Flood) step(c *conn, events uint32) (done bool, err error) {
	if c.busy && c.sent < len(c.batch.send) {
		if err := c.send(); err != nil {
			return false, err
		}
	}
	if events&^unix.EPOLLOUT == 0 {
		return false, nil
	}
	for {
		n, errno := call(unix.SYS_READ, c.fd, f.buf)
		switch {
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN:
			return false, nil
		case errno != 0:
			return false, errno
		case n == 0:
			return false, io.ErrUnexpectedEOF
		case !c.busy:
			return false, errUnasked
		}
		if err := c.batch.check(c.got, f.buf[:n], c.full); err != nil {
			return false, err
		}
		c.got += n
		if c.got == len(c.batch.want) {
			return true, nil
		}
		if n < len(f.buf) && events&ended == 0 {
			return false, nil
		}
	}
}
