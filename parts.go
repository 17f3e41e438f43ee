package websocket

import (
	"errors"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// A large message is written in parts where somebody wants to know how it gets on:
// Timeouts.Write or keepalive. A socket of the system tells how far a write came that
// was interrupted, so its parts may be so large that they cost nothing. Elsewhere only
// the end of a write tells anything: they are two records of TLS.
const (
	socketPart = 128 << 10
	streamPart = sendSize
)

// inParts reports whether large messages are written in parts.
func (c *Conn) inParts() bool { return c.writeLimit > 0 || c.keepAlive != nil }

// transmitPart writes a part of what is encoded, and judges how long that takes: the
// peer has Timeouts.Write for each streamPart bytes.
func (c *Conn) transmitPart() error {
	w := &c.out
	size, limit := streamPart, c.writeLimit
	if _, socket := c.transport.(*rawTransport); socket {
		size = socketPart
		if limit == 0 {
			limit = c.keepAlive.set.Timeout / 2 // to look how far it came
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
	cut := errors.Is(err, errWriteCut) // and that is the end of the stream
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

// offerMore writes as much as goes without waiting, and returns how much that was. A
// system wakes a writer only when a good share of its full send buffer is free: a peer
// that reads slowly may have made room for less than that.
func (c *Conn) offerMore() int {
	head, tail := c.toWrite()
	sent := c.transport.offer(head)
	if sent == len(head) && len(tail) > 0 {
		sent += c.transport.offer(tail)
	}
	c.out.wrote(sent)
	return sent
}
