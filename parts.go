package websocket

import (
	"errors"
	"time"

	"github.com/hawser-ws/websocket/conn"
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
// longer than Timeouts.Write for streamPart bytes.
func (c *Conn) transmitPart() error {
	w := &c.out
	size, limit := streamPart, c.writeLimit
	if _, socket := c.transport.(*rawTransport); socket {
		size = socketPart
		if limit == 0 {
			limit = c.keepAlive.set.Timeout / 2 // to see the progress
		}
	}
	head, tail := c.toWrite() // head is never longer than a part
	tail = tail[:min(len(tail), size-len(head))]
	size = len(head) + len(tail)

	begin := time.Now()
	if limit > 0 {
		w.watch.limit(c.transport, begin.Add(limit))
	}
	n, err := c.transport.write(head, tail)
	w.wrote(n)
	took := time.Since(begin)
	if limit > 0 {
		w.watch.limit(c.transport, time.Time{})
	}
	cut := errors.Is(err, errWriteCut) // the stream cannot go on after it
	late := limit > 0 && took >= limit && (cut || timedOut(err))
	if late && !cut {
		n += c.offerMore()
	}
	if n > 0 && c.keepAlive != nil {
		c.keepAlive.noteWritten(took)
	}
	switch {
	case !late:
		return err
	case !cut && (c.writeLimit == 0 || n >= min(size, streamPart)):
		return nil
	}
	c.event(conn.Expire, conn.CloseBody{}, ErrWriteTimeout)
	return ErrWriteTimeout
}

// offerMore writes as much as goes without waiting, and returns how much that was. The
// system wakes a writer only when a good share of a full send buffer is free; a peer that
// reads slowly may have freed some, but less than that.
func (c *Conn) offerMore() int {
	head, tail := c.toWrite()
	sent := c.transport.offer(head)
	if sent == len(head) && len(tail) > 0 {
		sent += c.transport.offer(tail)
	}
	c.out.wrote(sent)
	return sent
}
