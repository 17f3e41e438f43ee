package streams

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hawser-ws/websocket/bench/flood"
	"github.com/hawser-ws/websocket/bench/raw"
)

// Load is a number of streams, on some connections, that each have one message in flight.
type Load struct {
	conns []*busy
	epoll int
	buf   []byte
	sets  []message
}

// message is one message as it leaves, and as it is to come back.
type message struct{ send, want []byte }

// busy is a connection with streams that are busy.
type busy struct {
	fd      int
	streams map[uint32]*stream
	rest    []byte // of a frame whose end has not come
	out     []byte // not written yet
}

// stream has one message under way.
type stream struct {
	id   uint32
	turn int
	got  int // bytes of the answer
}

// Shape says what is opened.
type Shape struct {
	Connections, Streams int // streams are of each connection
	Size                 int // of a message, in bytes
	Stalled              int // streams of each connection that the server does not read, filled to the brim
}

// window is what a server's stream takes unread: the default of HTTP/2.
const window = 65_535

// variety is how many different messages there are.
const variety = 61

// Open connects.
func Open(ctx context.Context, address string, s Shape) (*Load, error) {
	l := &Load{buf: make([]byte, 256<<10), sets: messages(s.Size)}
	var err error
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	for i := range s.Connections {
		if err := l.connect(ctx, address, s); err != nil {
			l.Drop()
			return nil, fmt.Errorf("connection %d: %w", i, err)
		}
	}
	return l, nil
}

func messages(size int) []message {
	all := make([]message, variety)
	random := uint64(1)
	for i := range all {
		p := make([]byte, size)
		for k := range p {
			random = random*6364136223846793005 + 1442695040888963407 // Knuth's
			p[k] = byte(random >> 33)
		}
		frame := raw.AppendFrame(nil, raw.Binary, false, [4]byte{1, 2, 3, byte(i)}, p)
		answer := flood.AppendAnswer(nil, raw.Binary, p)
		all[i] = message{frame, answer}
	}
	return all
}

func (l *Load) connect(ctx context.Context, address string, s Shape) error {
	c, err := Dial(ctx, address)
	if err != nil {
		return err
	}
	ids, err := c.Open("/", s.Streams)
	if err == nil {
		err = c.stall(s.Stalled)
	}
	if err != nil {
		c.Drop()
		return err
	}
	fd, err := c.detach()
	if err != nil {
		return err
	}
	b := &busy{fd: fd, streams: make(map[uint32]*stream)}
	for i, id := range ids {
		b.streams[id] = &stream{id: id, turn: i}
	}
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(l.conns))}
	l.conns = append(l.conns, b)
	return errors.Join(unix.SetNonblock(fd, true), unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &e))
}

// stall opens streams that the server does not read, and fills their windows.
func (c *Conn) stall(n int) error {
	ids, err := c.Open("/stall", n)
	for _, id := range ids {
		if err == nil {
			err = c.Send(id, raw.AppendFrame(nil, raw.Binary, false, [4]byte{}, make([]byte, window-14)))
		}
	}
	return err
}

// Drop ends all connections by a reset.
func (l *Load) Drop() {
	for _, c := range l.conns {
		_ = unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		_ = unix.Close(c.fd)
	}
	_ = unix.Close(l.epoll)
}

// Count is what was received: every byte was compared.
type Count struct {
	Messages int
	Elapsed  time.Duration
}

// stuck is for a server that no longer answers.
const stuck = 10 * time.Second

// Run sends and receives for a time, until all answers have arrived. It never sleeps: a server
// that had to wake the load would pay for that.
func (l *Load) Run(ctx context.Context, length time.Duration) (n Count, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start, under := time.Now(), 0
	for _, c := range l.conns {
		for _, x := range c.streams {
			c.begin(x, l.sets)
			under++
		}
		if err := c.flush(); err != nil {
			return n, err
		}
	}
	events := make([]unix.EpollEvent, 64)
	last, lastMessages := start, 0
	for under > 0 {
		ready, err := unix.EpollWait(l.epoll, events, 0)
		if err != nil && err != unix.EINTR {
			return n, err
		}
		now := time.Now()
		going := now.Sub(start) < length
		for _, e := range events[:max(ready, 0)] {
			c := l.conns[e.Fd]
			answered, err := c.receive(l, going)
			if err == nil {
				err = c.flush()
			}
			if err != nil {
				return n, fmt.Errorf("connection %d: %w", e.Fd, err)
			}
			if n.Messages += answered; !going {
				under -= answered
			}
		}
		switch {
		case ctx.Err() != nil:
			return n, ctx.Err()
		case n.Messages > lastMessages:
			last, lastMessages = now, n.Messages
		case now.Sub(last) > stuck:
			return n, fmt.Errorf("no answer for %v; %d streams wait for one", stuck, under)
		}
	}
	n.Elapsed = time.Since(start)
	return n, nil
}

// begin has the next message of a stream sent.
func (c *busy) begin(x *stream, all []message) {
	x.turn, x.got = (x.turn+1)%len(all), 0
	for p := all[x.turn].send; len(p) > 0; {
		n := min(len(p), 16<<10)
		c.out = appendHeader(c.out, n, frameData, x.id)
		c.out = append(c.out, p[:n]...)
		p = p[n:]
	}
}

func (c *busy) flush() error {
	for len(c.out) > 0 {
		n, err := unix.Write(c.fd, c.out)
		switch err {
		case nil:
			c.out = c.out[:copy(c.out, c.out[n:])]
		case unix.EINTR:
		case unix.EAGAIN: // at the next event
			return nil
		default:
			return err
		}
	}
	return nil
}

// The frames that are looked at (RFC 9113 §6).
const (
	headerSize    = 9
	frameData     = 0x0
	frameReset    = 0x3
	frameSettings = 0x4
	framePing     = 0x6
	frameGoAway   = 0x7
	flagAck       = 0x1
)

func appendHeader(dst []byte, length int, kind byte, id uint32) []byte {
	dst = append(dst, byte(length>>16), byte(length>>8), byte(length), kind, 0)
	return binary.BigEndian.AppendUint32(dst, id)
}

// receive reads once, and begins the next message of each stream that was answered.
func (c *busy) receive(l *Load, going bool) (answered int, err error) {
	kept := copy(l.buf, c.rest)
	n, err := unix.Read(c.fd, l.buf[kept:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return 0, nil
	case err != nil:
		return 0, err
	case n == 0:
		return 0, errors.New("the server has ended the connection")
	}
	p := l.buf[:kept+n]
	for len(p) >= headerSize {
		size := headerSize + int(p[0])<<16 + int(p[1])<<8 + int(p[2])
		if len(p) < size {
			break
		}
		done, err := c.take(l, p[:size], going)
		if err != nil {
			return answered, err
		}
		if done {
			answered++
		}
		p = p[size:]
	}
	c.rest = append(c.rest[:0], p...)
	return answered, nil
}

// take takes one frame. done says that it completes an answer.
func (c *busy) take(l *Load, p []byte, going bool) (done bool, err error) {
	id := binary.BigEndian.Uint32(p[5:])
	switch p[3] {
	case frameData:
		return c.data(l, id, p[headerSize:], going)
	case frameReset, frameGoAway:
		return false, fmt.Errorf("the server sends a frame % x", p)
	case frameSettings, framePing:
		if p[4]&flagAck == 0 {
			return false, fmt.Errorf("unexpected: % x", p)
		}
	}
	return false, nil
}

func (c *busy) data(l *Load, id uint32, p []byte, going bool) (done bool, err error) {
	x := c.streams[id]
	if x == nil {
		return false, fmt.Errorf("DATA on stream %d", id)
	}
	want := l.sets[x.turn].want[x.got:]
	if len(p) > len(want) || string(want[:len(p)]) != string(p) {
		return false, fmt.Errorf("stream %d brings % x…, not % x…", id, p[:min(len(p), 8)], want[:min(len(want), 8)])
	}
	if x.got += len(p); len(p) < len(want) {
		return false, nil
	}
	if going {
		c.begin(x, l.sets)
	}
	return true, nil
}
