package websocket

import (
	"context"
	"io"
)

// Write sends p as one message of one frame. It returns when the message is
// handed to the transport; p may be reused then, and is never modified.
//
// Writes may be concurrent; those that meet leave together. If ctx is cancelled
// before any of the message is on the wire it is not sent at all, and the
// connection goes on. Over TLS, and where a timeout is not
// [os.ErrDeadlineExceeded] (yamux, smux), a write that is cancelled while it waits for
// the peer to read costs the connection.
//
// Text is not checked: the peer fails the connection if p is not UTF-8.
func (c *Conn) Write(ctx context.Context, typ MessageType, p []byte) error {
	return c.write(ctx, "Conn.Write", typ, p, false, asReply)
}

// write sends p, compressed if it is to be; plain says that it is not. It may be held
// back for more to leave with it. It is long so that the stack is not: see sendOwn.
func (c *Conn) write(ctx context.Context, method string, typ MessageType, p []byte, plain bool, hold holding) error {
	if err := checkWrite(ctx, method, typ); err != nil {
		return err
	}
	if !plain && c.deflates(len(p)) {
		return c.writeDeflated(ctx, typ, p, hold)
	}
	w := &c.out
	if !w.gate.TryLock() {
		return c.enqueueWhole(ctx, typ, p, hold)
	}
	switch size := c.putWhole(typ.opcode(), p); {
	case size == 0:
		w.borrow()
		w.own.whole(typ, p)
		w.own.hold = hold
	case w.mayHold(hold) && w.end <= holdUpTo:
		c.noteHeld(hold)
		c.leaveWrite()
		return nil
	case w.sendWhole(c.transport), c.sendWaiting(ctx, size, typ, p):
		c.leaveWrite()
		return nil
	}
	if _, settled, err := c.sendOwn(ctx); settled {
		return err
	}
	return c.enqueueWhole(ctx, typ, p, hold)
}

// enqueueWhole stays out of line, so that the frame of Write stays small.
//
//go:noinline
func (c *Conn) enqueueWhole(ctx context.Context, typ MessageType, p []byte, hold holding) error {
	var o outgoing
	o.whole(typ, p)
	o.hold = hold
	_, err := c.enqueue(ctx, &o)
	return err
}

// checkWrite refuses what cannot be begun.
func checkWrite(ctx context.Context, method string, typ MessageType) error {
	if err := checkType(method, typ); err != nil {
		return err
	}
	return ctx.Err()
}

// checkType refuses what is not a type of message.
func checkType(method string, typ MessageType) error {
	if typ == MessageText || typ == MessageBinary {
		return nil
	}
	return &UsageError{method, "no such message type: " + typ.String()}
}

// whole makes an empty o a message of one frame.
func (o *outgoing) whole(typ MessageType, p []byte) {
	o.header.Opcode, o.header.FIN = typ.opcode(), true
	o.payload = p
	o.phase = outWaiting
}

// Writer begins a message of any length and returns a writer for it, which must
// be closed to end the message. Up to 16 KiB are collected before a fragment is
// sent; the writer's method Flush() error sends what there is.
//
// Only one Writer is open at a time: another call waits until it is closed. Once
// its first fragment is on the wire Write waits as well (RFC 6455 §5.4), while
// pings, pongs and Close go between the fragments.
//
// Whether the message is compressed, where that was agreed on, depends on its first
// fragment, which tells the peer: it is if that fragment is as long as the threshold.
//
// ctx bounds the writer too. If it is cancelled before anything was sent the
// message is given up. After that it costs the connection, because half a message
// can be neither finished nor taken back.
func (c *Conn) Writer(ctx context.Context, typ MessageType) (io.WriteCloser, error) {
	m, err := c.newWriter(ctx, typ, "Conn.Writer")
	if err != nil {
		return nil, err
	}
	if c.deflate != nil {
		m.compression = undecided
	}
	return m, nil
}

// newWriter begins a message that is sent as it is, unless its compression is still
// to be decided on.
func (c *Conn) newWriter(ctx context.Context, typ MessageType, method string) (*messageWriter, error) {
	if err := checkWrite(ctx, method, typ); err != nil {
		return nil, err
	}
	if !c.writers.TryLock() && !c.writers.Lock(ctx.Done(), c.done()) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return nil, c.closedError()
	}
	if !c.state().CanSend() {
		c.writers.Unlock()
		return nil, c.closedError()
	}
	return &messageWriter{c: c, ctx: ctx, opcode: typ.opcode()}, nil
}
