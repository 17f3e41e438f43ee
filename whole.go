package websocket

import (
	"context"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Most messages are one small frame, and lie in the read buffer whole when they are
// looked for, or find nothing else on its way out. These here are the ways for them.
// They decide nothing that the general ways, which take all other cases, do not
// decide in the same way.

// holdUpTo is how many octets a batch collects before they leave: there is room for
// one more frame that is copied.
const holdUpTo = sendSize - 2*copied

// putWhole encodes a message of one frame, inside the gate, if nothing stands before
// it but a batch. size is how many octets the frame has, 0 if it was not encoded.
func (c *Conn) putWhole(op frame.Opcode, p []byte) (size int) {
	w := &c.out
	if len(p) > copied || w.due.Load() != 0 || w.pongsDue.Load() != 0 || w.message.Load() != nil || c.trace != nil || !c.state().CanSend() {
		return 0
	}
	if w.sending == nil {
		w.borrow()
	} else if !w.holds() || sendSize-w.end < frame.MaxHeaderSize+len(p) {
		return 0
	}
	begin := w.end
	var key frame.Key
	if c.role.Masks() {
		key = newMaskKey()
	}
	w.end = len(frame.AppendWhole(w.buf[:begin], op, p, c.role.Masks(), key))
	size = w.end - begin
	w.encoded += uint64(size)
	return size
}

// holds reports whether a batch is held back, and nothing behind it.
func (w *writer) holds() bool {
	held := int(w.held.Load())
	return held > 0 && held == w.end-w.start && len(w.taken) == 0 && len(w.tail) == 0
}

// sendWhole sends what putWhole encoded, as far as it can without waiting, inside the
// gate, and reports whether that was all.
func (w *writer) sendWhole(t transport.Transport) bool {
	n := t.TryWrite(w.buf[w.start:w.end])
	if n == 0 {
		return false
	}
	w.wrote(n)
	return !w.unsent()
}

// sendWaiting goes on where sendWhole stopped. If it stops as well, the frame has been
// made writer.own, and flush goes on: with what an interruption calls for, which it
// meets again, but not with a transport that has failed.
func (c *Conn) sendWaiting(ctx context.Context, size int, typ MessageType, p []byte) bool {
	w := &c.out
	var err error
	if !c.inParts() && c.arm(&w.canceler, ctx) == nil {
		var n int
		n, err = c.transport.Write(w.buf[w.start:w.end], nil)
		w.wrote(n)
		if err == nil && !w.unsent() {
			return true
		}
	}
	w.adopt(size, typ, p)
	err, _ = w.interruption(err, false, false)
	c.settleSent()
	if err != nil && err != errInterrupted {
		c.writeFailed(conn.BreakWrite, c.whoCut(ctx, err))
	}
	return false
}

// adopt makes the last size octets of what is encoded the frame of a caller that
// waits until they are sent, some of which may be already.
func (w *writer) adopt(size int, typ MessageType, p []byte) {
	o := &w.own
	o.whole(typ, p)
	o.begin, o.end = w.encoded-uint64(size), w.encoded
	o.phase = outTaken
	w.taken = append(w.taken, o)
}
