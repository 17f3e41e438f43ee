package websocket

import (
	"context"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

const (
	// copied is up to which size a server copies a payload behind its header, to
	// leave in one plain write. A larger one leaves by writev from where it is.
	copied = 4 << 10
	// roomFor is the room in the buffer below which no further frame is begun: any
	// control frame fits.
	roomFor = frame.MaxHeaderSize + frame.MaxControlPayload
)

// encodeDue encodes what may be sent now, as far as there is room: the rest of
// the last payload, pongs, the queue, and o if it is writer.own, the frame of the caller.
// Inside the gate.
func (c *Conn) encodeDue(o *outgoing) {
	w := &c.out
	if w.start == w.end {
		w.start, w.end = 0, 0
	}
	if len(w.tail) > 0 {
		if !c.role.Masks() || !c.encodeTail() {
			return
		}
	}
	if w.pongsDue.Load() > 0 {
		c.encodePongs()
	}
	for len(w.tail) == 0 && sendSize-w.end >= roomFor {
		next := c.takeNext(o)
		switch {
		case next != nil:
			c.encode(next)
		case w.due.Load() > 0 && w.pongsDue.Load() > 0: // they go before a Close frame
			c.encodePongs()
		default:
			return
		}
	}
}

// mayGo reports whether o may be encoded next. RFC 6455 §5.4: the fragments of one message
// are not interleaved with another message, while control frames may go between them.
// Once nothing can be sent any more every frame may go, because encode rejects it.
func (c *Conn) mayGo(o *outgoing) bool {
	m := c.out.message.Load()
	return m == nil || o.message == m || o.header.Opcode.IsControl() || !c.state().CanSend()
}

// takeNext takes the frame that goes next: the first that may go, in the order in which
// their callers came. o is among them if it is writer.own, the frame of the caller.
func (c *Conn) takeNext(o *outgoing) *outgoing {
	w := &c.out
	if o != &w.own || o.phase != outWaiting || !c.mayGo(o) {
		o = nil
	}
	if w.due.Load() == 0 {
		return o
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	q := w.waits()
	for i, first := range q.queue {
		if o != nil && o.ticket < first.ticket {
			return o
		}
		if first.header.Opcode == frame.Close && w.pongsDue.Load() > 0 {
			return nil // the pings came before it: see encodePongs
		}
		if c.mayGo(first) {
			q.queue = append(q.queue[:i], q.queue[i+1:]...)
			w.due.Add(-1)
			first.phase = outTaken // withdraw looks for it among the taken from now on
			return first
		}
	}
	return o
}

// encode puts o behind what is encoded, unless the state forbids it. It is the
// one place where a frame gets its place in the stream.
func (c *Conn) encode(o *outgoing) {
	w := &c.out
	if o.header.Opcode == frame.Close {
		// RFC 6455 §5.5.1: nothing follows our Close frame. The state says so from here on.
		do, ok := c.event(o.event, o.body, nil)
		if !ok {
			c.reject(o)
			return
		}
		o.do = do
	} else if !c.state().CanSend() {
		c.reject(o)
		return
	}
	h := o.header
	h.Length = uint64(len(o.payload))
	h.Masked = c.role.Masks()
	o.begin, o.before = w.encoded, w.message.Load()
	if o.framed != nil {
		c.put(o.framed)
	} else {
		if h.Masked {
			h.Key = newMaskKey()
			w.tailKey = h.Key
		}
		w.end += len(frame.AppendHeader(w.buf[w.end:w.end], h))
		w.encoded += uint64(frame.HeaderSize(h))
		c.put(o.payload)
	}
	o.end = w.encoded
	if o == &w.own {
		o.phase = outTaken // a frame from the queue has been since takeNext, and may be withdrawn by now
	}
	w.taken = append(w.taken, o)
	c.track(o)
	if c.trace != nil {
		c.traceWritten(h)
	}
}

// track notes what cannot be undone once it is encoded, that a Close frame changed
// the state, and which fragmented message is under way.
func (c *Conn) track(o *outgoing) {
	w := &c.out
	if o.header.Opcode == frame.Close {
		w.committed = o.end
	}
	switch {
	case o.message == nil:
	case o.header.FIN:
		w.message.Store(nil)
	default:
		w.message.Store(o.message)
	}
}

// put puts a payload, or a frame, into the buffer, or leaves it as the tail.
func (c *Conn) put(p []byte) {
	w := &c.out
	w.encoded += uint64(len(p))
	switch {
	case c.role.Masks():
		w.tail = p
		c.encodeTail()
	case len(p) <= min(copied, sendSize-w.end):
		w.end += copy(w.buf[w.end:], p)
	default:
		w.tail = p
	}
}

// encodeTail masks into the buffer as much of the tail as fits, and reports
// whether that was all of it.
func (c *Conn) encodeTail() bool {
	w := &c.out
	n := min(len(w.tail), sendSize-w.end)
	// RFC 6455 §5.3; the caller's payload is not modified.
	w.tailKey = frame.MaskCopy(w.buf[w.end:w.end+n], w.tail[:n], w.tailKey)
	w.end += n
	w.tail = w.tail[n:]
	if len(w.tail) > 0 {
		return false
	}
	w.tail = nil
	return true
}

// reject settles a frame that cannot be sent any more.
func (c *Conn) reject(o *outgoing) {
	err := c.closedError()
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgiveWithdrawal(o)
	o.settle(err)
}

// holdBack leaves o in the buffer for more to follow, if it is small, alone and
// not begun on the wire.
func (c *Conn) holdBack(o *outgoing) bool {
	w := &c.out
	if len(w.taken) != 1 || w.taken[0] != o || len(w.tail) > 0 || w.end > holdUpTo {
		return false
	}
	if o.begin != w.sent+uint64(w.held.Load()) {
		return false // part of it is on the wire, or a pong stands before it
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgiveWithdrawal(o)
	o.settle(nil)
	w.taken = w.taken[:0]
	c.noteHeld(o.hold)
	return true
}

// maxPongs is how many pings may wait for their pongs. A peer that sends more
// without reading gets the latest answered: RFC 6455 §5.5.3 allows that.
const maxPongs = 16

// pongQueue holds the payloads of pongs to be sent: for each its length in one
// octet, then its octets.
type pongQueue []byte

// queuePong answers a ping without waiting for the network: a peer that does not
// read must not keep us from reading.
func (c *Conn) queuePong(payload []byte) {
	w := &c.out
	w.mu.Lock()
	q := w.waits()
	if w.pongsDue.Load() >= maxPongs {
		q.pongs = q.pongs[:0]
		w.pongsDue.Store(0)
	}
	q.pongs = append(append(q.pongs, byte(len(payload))), payload...)
	w.pongsDue.Add(1)
	w.mu.Unlock()
	if w.gate.TryLock() {
		c.handOver()
	}
}

// handOver leaves what is due, and the gate, to a goroutine.
func (c *Conn) handOver() {
	w := &c.out
	if w.rest == nil {
		w.rest = c.writeDue // bound once, so that it costs nothing for every batch
	}
	go w.rest()
}

// writeDue writes what is due on nobody's behalf. Its caller has entered the gate.
func (c *Conn) writeDue() {
	c.flush(context.Background(), nil)
	c.leaveWrite()
}

// encodePongs encodes the pongs that are due, as far as there is room.
func (c *Conn) encodePongs() {
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	q := w.waits()
	// A ping that came before the peer's Close frame, or before what we refused, is
	// still answered: RFC 6455 §5.5.2.
	if s := c.state(); s == conn.Cut || s == conn.Terminated || c.life.sentClose() {
		q.pongs = nil
		w.pongsDue.Store(0)
		return
	}
	rest := q.pongs
	for len(rest) > 0 && sendSize-w.end >= roomFor {
		payload := rest[1 : 1+int(rest[0])]
		rest = rest[1+len(payload):]
		h := frame.Header{Opcode: frame.Pong, FIN: true, Masked: c.role.Masks(), Length: uint64(len(payload))}
		if h.Masked {
			h.Key = newMaskKey()
		}
		w.end += len(frame.AppendHeader(w.buf[w.end:w.end], h))
		if h.Masked {
			frame.MaskCopy(w.buf[w.end:], payload, h.Key)
		} else {
			copy(w.buf[w.end:], payload)
		}
		w.end += len(payload)
		w.encoded += uint64(frame.HeaderSize(h) + len(payload))
		w.pongsDue.Add(-1)
		if c.trace != nil {
			c.traceWritten(h)
		}
	}
	w.committed = w.encoded
	q.pongs = append(q.pongs[:0], rest...)
	if len(q.pongs) == 0 {
		q.pongs = nil // an idle connection keeps nothing
	}
}
