package websocket

import (
	"context"
	"errors"
	"sync/atomic"
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
	streamPart = conn.OutboxSize
)

// pace is how fast the peer has to take what is written, and how fast it does. A sender
// without one writes each message at once.
type pace struct {
	limit     time.Duration // Timeouts.Write; zero: none
	keepAlive time.Duration // KeepAlive.Timeout; zero: there is no keepalive

	written atomic.Uint64 // counts writes to the network
	waited  atomic.Uint64 // counts those of them that had to wait for the peer
}

// setPace has writes be timed in one way more. Before the connection is used.
func (w *frameWriter) setPace(p *pace) {
	if w.pace != nil {
		p.limit, p.keepAlive = max(p.limit, w.pace.limit), max(p.keepAlive, w.pace.keepAlive)
	}
	w.pace = p
}

// waitedShare: a write of KeepAlive.Timeout/waitedShare or longer has waited for the peer.
// A system frees a full send buffer in several pieces, so while a pong is late because of a
// full buffer there are several such waits.
const waitedShare = 64

// noteWritten counts a write to the network that took this long, for keepalive. A write
// that took a good share of its Timeout has waited for the peer to make room, and counts
// in waited as well. Faster ones prove nothing: the system buffers megabytes for a peer
// that is long gone.
func (p *pace) noteWritten(took time.Duration) {
	if p.keepAlive == 0 {
		return
	}
	p.written.Add(1)
	if took >= p.keepAlive/waitedShare {
		p.waited.Add(1)
	}
}

// writePart writes a part of what is encoded. It ends the connection if the peer takes
// longer than Timeouts.Write for streamPart bytes. On a socket keepalive hears in between
// how far the write came.
func (w *frameWriter) writePart() error {
	limit := w.pace.limit
	size, look := streamPart, limit
	if w.traits.Has(transport.CountsPartialWrites) {
		size = socketPart
		if half := w.pace.keepAlive / 2; half > 0 && (look == 0 || half < look) {
			look = half
		}
	}
	head, tail := w.box.Pending()
	size = min(size, len(head)+len(tail))

	begin := time.Now()
	for sent := 0; ; {
		until := time.Time{}
		if look > 0 {
			until = time.Now().Add(look)
			if all := begin.Add(limit); limit > 0 && all.Before(until) {
				until = all
			}
		}
		n, late, err := w.writeUntil(size-sent, until)
		sent += n
		switch {
		case !late:
			return err
		case errors.Is(err, transport.ErrWriteCut): // the stream cannot go on after it
		case limit == 0 || sent >= min(size, streamPart):
			return nil
		case time.Since(begin) < limit:
			continue
		}
		w.host.sendFailed(conn.Expire, ErrWriteTimeout)
		return ErrWriteTimeout
	}
}

// writeUntil writes up to size bytes of what is encoded, until a time if it is not zero. It
// reports whether it ended for that.
func (w *frameWriter) writeUntil(size int, until time.Time) (n int, late bool, err error) {
	head, tail := w.box.Pending()
	head = head[:min(len(head), size)]
	tail = tail[:min(len(tail), size-len(head))]
	begin := time.Now()
	if !until.IsZero() {
		w.canceler.LimitWrite(until)
	}
	n, err = (*w.stream).Write(head, tail)
	w.advance(n)
	if !until.IsZero() {
		w.canceler.LimitWrite(time.Time{})
	}
	cut := errors.Is(err, transport.ErrWriteCut)
	if cut {
		w.taint()
	}
	late = !until.IsZero() && !time.Now().Before(until) && (cut || transport.TimedOut(err))
	if late && !cut {
		n += w.tryMore()
	}
	if n > 0 {
		w.pace.noteWritten(time.Since(begin))
	}
	return n, late, err
}

// tryMore writes as much as goes without waiting, and returns how much that was. A
// system wakes a writer only when a good share of its full send buffer is free: a peer
// that reads slowly may have made room for less than that.
func (w *frameWriter) tryMore() int {
	head, tail := w.box.Pending()
	sent := (*w.stream).TryWrite(head)
	if sent == len(head) && len(tail) > 0 {
		sent += (*w.stream).TryWrite(tail)
	}
	w.advance(sent)
	return sent
}

// writeSome writes some of what is pending, or all of it.
func (w *frameWriter) writeSome(ctx context.Context) (writeOutcome, error) {
	if err := arm(ctx, &w.canceler, w.host); err != nil || w.canceled.Load() != 0 {
		return interrupted, nil // as if the write had been interrupted at once
	}
	if w.pace != nil {
		err := w.writePart()
		return w.outcomeOf(err), err
	}
	head, tail := w.box.Pending()
	n, err := (*w.stream).Write(head, tail)
	w.advance(n)
	return w.outcomeOf(err), err
}
