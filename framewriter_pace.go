package websocket

import (
	"cmp"
	"errors"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
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

// pace limits how long the peer may take to accept what is written, and counts its signs of
// life. A sender without a pace writes everything at once.
type pace struct {
	limit        time.Duration // Timeouts.Write; zero: none
	aliveTimeout time.Duration // KeepAlive.Timeout; zero: there is no keepalive
	keepAlive    *keepAlive    // nil: there is none

	written atomic.Uint32 // counts writes to the network
	waited  atomic.Uint32 // counts those of them that had to wait for the peer
	heard   atomic.Uint32 // counts reads from the network
}

// setPace adds a limit or a keepalive to the timing of writes. It must be called before the
// connection is used.
func (w *frameWriter) setPace(p *pace) {
	if w.pace != nil {
		p.limit, p.aliveTimeout = max(p.limit, w.pace.limit), max(p.aliveTimeout, w.pace.aliveTimeout)
		p.keepAlive = cmp.Or(p.keepAlive, w.pace.keepAlive)
	}
	w.pace = p
}

// waitedShare: a write that takes KeepAlive.Timeout/waitedShare or longer has waited for
// the peer. A system frees a full send buffer in several steps. So while a pong is late
// because of a full buffer, several writes wait this long.
const waitedShare = 64

// count counts a write to the network, and how long it took, for keepalive. A write that
// took a good share of Timeout has waited for the peer to make room, and counts in waited
// as well. Faster ones prove nothing: the system buffers megabytes for a peer that is long
// gone.
func (p *pace) count(took time.Duration) {
	if p.aliveTimeout == 0 {
		return
	}
	p.written.Add(1)
	if took >= p.aliveTimeout/waitedShare {
		p.waited.Add(1)
	}
}

// writePart writes a part of what is pending. It ends the connection if the peer takes
// longer than Timeouts.Write for streamPart bytes. On a socket it stops in between, to
// count progress for keepalive.
func (w *frameWriter) writePart() error {
	limit := w.pace.limit
	size, look := streamPart, limit
	if w.traits.Has(transport.CountsPartialWrites) {
		size = socketPart
		if half := w.pace.aliveTimeout / 2; half > 0 && (look == 0 || half < look) {
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

// writeUntil writes up to size pending bytes. If until is not zero, it stops at that time,
// and late reports that it did.
func (w *frameWriter) writeUntil(size int, until time.Time) (n int, late bool, err error) {
	head, tail := w.box.Pending()
	head = head[:min(len(head), size)]
	tail = tail[:min(len(tail), size-len(head))]
	begin := time.Now()
	if !until.IsZero() {
		w.canceler.LimitWrite(until)
	}
	n, err = w.canceler.Transport().Write(head, tail)
	w.advance(n)
	if !until.IsZero() {
		w.canceler.LimitWrite(time.Time{})
	}
	cut := errors.Is(err, transport.ErrWriteCut)
	late = !until.IsZero() && !time.Now().Before(until) && (cut || transport.IsTimeout(err))
	if late && !cut {
		n += w.tryMore()
	}
	if n > 0 {
		w.pace.count(time.Since(begin))
	}
	return n, late, err
}

// tryMore writes as much as the transport takes without waiting, and returns how much that
// was. A system wakes a writer only when a good share of its full send buffer is free; a
// peer that reads slowly may have made less room than that.
func (w *frameWriter) tryMore() int {
	head, tail := w.box.Pending()
	sent := w.canceler.Transport().TryWrite(head)
	if sent == len(head) && len(tail) > 0 {
		sent += w.canceler.Transport().TryWrite(tail)
	}
	w.advance(sent)
	return sent
}

// posts reports whether what the socket does not take may be posted: see sender_hold.go. It
// may not if [Timeouts.Write] limits writes, or once the peer has ended its direction: then
// the end must wait for what we owe.
func (w *frameWriter) posts() bool {
	return w.traits.Has(transport.Posts) && (w.pace == nil || w.pace.limit == 0) && w.coalesce.state() != holdNoMore
}

// full reports whether a stream that posts takes nothing now.
func (w *frameWriter) full() bool {
	d, ok := w.canceler.Transport().(transport.Driven)
	return ok && d.Full()
}

// trySend sends what goes without waiting. The outcome is writeDone if that was everything,
// and writePosted if the rest was posted. Otherwise ok is false, and the caller waits. f is
// the frame that a caller waits for, or nil. Inside the gate.
func (w *frameWriter) trySend(f *outFrame) (outcome writeOutcome, ok bool) {
	if w.box.Borrows() && len(w.box.Frames()) > 0 {
		return 0, false // a payload that its caller may change afterwards
	}
	for w.box.Unsent() && w.tryMore() > 0 {
		if w.pace != nil {
			w.pace.count(0)
		}
	}
	switch {
	case !w.box.Unsent():
		return writeDone, true
	case !w.full() || f != nil && f.phase == outWaiting:
		return 0, false // it has failed; or f needs room
	}
	w.settleSent()
	for _, o := range w.box.Frames() {
		if o.Header.Opcode == frame.Close {
			return 0, false
		}
	}
	w.settle(w.box.Commit())
	return writePosted, true
}

// postSingle posts what putSingle has encoded and the socket did not take.
func (w *frameWriter) postSingle() bool {
	if !w.posts() || !w.full() {
		return false
	}
	w.box.Commit()
	return true
}
