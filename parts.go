package websocket

import (
	"errors"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/transport"
)

// A large message is written in parts if Timeouts.Write or keepalive has to see its
// progress. A socket reports how much of an interrupted write was done, so its parts may
// be large enough to cost nothing. Other transports report progress only when a write
// ends, so their parts are small: two records of TLS.
const (
	socketPart = 128 << 10
	streamPart = sendSize
)

// inParts reports whether large messages are written in parts.
func (c *Conn) inParts() bool { return c.writeLimit > 0 || c.keepAlive != nil }

// transmitPart writes a part of what is encoded. It ends the connection if the peer takes
// longer than Timeouts.Write for streamPart bytes. On a socket keepalive hears in between
// how far the write came.
func (c *Conn) transmitPart() error {
	size, look := streamPart, c.writeLimit
	if c.transport.Traits().Has(transport.CountsPartialWrites) {
		size = socketPart
		if k := c.keepAlive; k != nil && (look == 0 || k.set.Timeout/2 < look) {
			look = k.set.Timeout / 2
		}
	}
	head, tail := c.toWrite() // head is never longer than a part
	size = min(size, len(head)+len(tail))

	begin := time.Now()
	for sent := 0; ; {
		n, late, err := c.writeUntil(size-sent, begin, look)
		sent += n
		switch {
		case !late:
			return err
		case errors.Is(err, transport.ErrWriteCut): // the stream cannot go on after it
		case c.writeLimit == 0 || sent >= min(size, streamPart):
			return nil
		case time.Since(begin) < c.writeLimit:
			continue
		}
		c.event(conn.Expire, conn.CloseBody{}, ErrWriteTimeout)
		return ErrWriteTimeout
	}
}

// writeUntil writes up to size bytes of what is encoded, until look has passed, if it
// is not 0, or Timeouts.Write since begin. It reports whether it ended for that.
func (c *Conn) writeUntil(size int, begin time.Time, look time.Duration) (n int, late bool, err error) {
	w := &c.out
	head, tail := c.toWrite()
	tail = tail[:min(len(tail), size-len(head))]
	now := time.Now()
	end := now.Add(look)
	if all := begin.Add(c.writeLimit); c.writeLimit > 0 && all.Before(end) {
		end = all
	}
	if look > 0 {
		w.canceler.LimitWrite(end)
	}
	n, err = c.transport.Write(head, tail)
	w.wrote(n)
	if look > 0 {
		w.canceler.LimitWrite(time.Time{})
	}
	cut := errors.Is(err, transport.ErrWriteCut)
	if cut {
		c.keepBuffer()
	}
	late = look > 0 && !time.Now().Before(end) && (cut || transport.TimedOut(err))
	if late && !cut {
		n += c.offerMore()
	}
	if n > 0 && c.keepAlive != nil {
		c.keepAlive.noteWritten(time.Since(now))
	}
	return n, late, err
}

// offerMore writes as much as goes without waiting, and returns how much that was. A
// system wakes a writer only when a good share of its full send buffer is free: a peer
// that reads slowly may have made room for less than that.
func (c *Conn) offerMore() int {
	head, tail := c.toWrite()
	sent := c.transport.TryWrite(head)
	if sent == len(head) && len(tail) > 0 {
		sent += c.transport.TryWrite(tail)
	}
	c.out.wrote(sent)
	return sent
}
