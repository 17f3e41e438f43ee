// Package crowd is very many connections of one thread, of which few talk:
//
//	Open ──▶ Talk, as often as wanted ──▶ Receive a broadcast ──▶ Farewell
//
// A connection is a descriptor in an epoll set and some 50 bytes. Every answer is compared
// with what was sent.
package crowd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Crowd is a number of connections to one server.
type Crowd struct {
	conns  []conn
	epoll  int
	events []unix.EpollEvent
	buf    []byte
}

type conn struct {
	fd   int32
	code int32 // of the server's Close frame; 0: none so far
	// sent and got are messages.
	sent, got uint32
	rest      []byte        // of the server's bytes, what is not a whole frame
	next      time.Duration // when it talks again, after the start of the talk
}

// stuck is for a server that does not answer. It may have to wait for many others that share
// its core.
const stuck = 2 * time.Minute

// Len is the number of connections.
func (c *Crowd) Len() int { return len(c.conns) }

// Drop ends what is left by a reset, so that no port stays in TIME-WAIT.
func (c *Crowd) Drop() {
	for i := range c.conns {
		c.conns[i].drop()
	}
	_ = unix.Close(c.epoll)
}

func (c *conn) drop() {
	if c.fd >= 0 {
		_ = unix.SetsockoptLinger(int(c.fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		c.close()
	}
}

func (c *conn) close() {
	_ = unix.Close(int(c.fd))
	c.fd = -1
	c.rest = nil
}

// Open connects n times, one after the other.
func Open(ctx context.Context, d *Door, n int) (*Crowd, error) {
	c := &Crowd{epoll: -1, events: make([]unix.EpollEvent, 256), buf: make([]byte, 64<<10), conns: make([]conn, 0, n)}
	var err error
	if c.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	for i := range n {
		fd, err := d.connect(i)
		if err == nil {
			e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: int32(i)}
			c.conns = append(c.conns, conn{fd: int32(fd)})
			err = unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, fd, &e)
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			c.Drop()
			return nil, fmt.Errorf("connection %d: %w", i, err)
		}
	}
	return c, nil
}

// A listener gets what arrives on connection i. It returns an error to end the run.
type listener func(i int, f frame) error

// run waits for events and passes frames on, until done returns true. done also says how
// long to wait at most; 0: not at all.
func (c *Crowd) run(ctx context.Context, hear listener, done func() (bool, time.Duration, error)) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	last := time.Now()
	for {
		end, wait, err := done()
		if end || err != nil {
			return err
		}
		n, err := c.wait(wait)
		if err != nil {
			return err
		}
		if n > 0 {
			last = time.Now()
		} else if time.Since(last) > stuck {
			return fmt.Errorf("the server has sent nothing for %v", stuck)
		}
		for _, e := range c.events[:n] {
			if err := c.read(int(e.Fd), hear); err != nil {
				return fmt.Errorf("connection %d: %w", e.Fd, err)
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// read passes on the frames that have arrived on a connection. epoll reports what is left,
// and the end.
func (c *Crowd) read(i int, hear listener) error {
	one := &c.conns[i]
	have := copy(c.buf, one.rest)
	n, errno := call(unix.SYS_READ, int(one.fd), c.buf[have:])
	switch {
	case errno == unix.EAGAIN, errno == unix.EINTR:
		return nil
	case errno != 0 && errno != unix.ECONNRESET:
		return errno
	case n == 0 || errno != 0:
		one.close()
		return hear(i, frame{opcode: end})
	}
	p := c.buf[:have+n]
	for {
		f, size := parse(p)
		if size == 0 {
			break
		}
		if err := hear(i, f); err != nil {
			return err
		}
		p = p[size:]
	}
	one.rest = append(one.rest[:0], p...)
	if len(p) == 0 {
		one.rest = nil
	}
	return nil
}

// end is not an opcode: the connection has ended.
const end = 0xFF

type frame struct {
	opcode  byte
	payload []byte
}

// parse returns the frame that p begins with, and its size, or 0 if it is not whole. Only
// whole messages of less than 64 KiB are expected.
func parse(p []byte) (f frame, size int) {
	if len(p) < 2 {
		return frame{}, 0
	}
	header, n := 2, int(p[1])
	if n == 126 {
		if header = 4; len(p) < header {
			return frame{}, 0
		}
		n = int(binary.BigEndian.Uint16(p[2:]))
	}
	if len(p) < header+n {
		return frame{}, 0
	}
	return frame{p[0] & 0x0F, p[header : header+n]}, header + n
}

// send writes a frame that fits into the socket's buffer.
func (c *conn) send(p []byte) error {
	for {
		n, errno := call(unix.SYS_WRITE, int(c.fd), p)
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return errno
		case n < len(p):
			return io.ErrShortWrite
		}
		return nil
	}
}
