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
	if err := c.checkWrite(ctx, "Conn.Write", typ); err != nil {
		return err
	}
	m := message{p, typ.opcode(), asReply}
	if c.deflates(len(p)) {
		return c.deflate.write(ctx, &c.out, &m)
	}
	return c.out.write(ctx, &m)
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
		m.deflate, m.compression = c.deflate, compressionUndecided
	}
	return m, nil
}

// newWriter begins a message that is sent as it is, unless its compression is still
// to be decided on.
func (c *Conn) newWriter(ctx context.Context, typ MessageType, method string) (*messageWriter, error) {
	if err := c.checkWrite(ctx, method, typ); err != nil {
		return nil, err
	}
	return c.out.open(ctx, typ.opcode())
}

// Uncompressed writes messages as they are on a connection that compresses others:
// those that are compressed already, and those that hold a secret beside what
// somebody else has chosen, whose size would tell of it (RFC 7692 §8).
type Uncompressed struct{ c *Conn }

// Uncompressed returns the writer of messages that are not to be compressed.
func (c *Conn) Uncompressed() Uncompressed { return Uncompressed{c} }

// Write is [Conn.Write] without compression.
func (u Uncompressed) Write(ctx context.Context, typ MessageType, p []byte) error {
	if err := u.c.checkWrite(ctx, "Uncompressed.Write", typ); err != nil {
		return err
	}
	return u.c.out.write(ctx, &message{p, typ.opcode(), asReply})
}

// Writer is [Conn.Writer] without compression.
func (u Uncompressed) Writer(ctx context.Context, typ MessageType) (io.WriteCloser, error) {
	return u.c.newWriter(ctx, typ, "Uncompressed.Writer")
}

// Batch collects messages on a connection so that they leave together. They leave
// when [Batch.Flush] is called, when some 24 KiB have come together, with whatever
// else is written on the connection, and before any read on it waits for the
// network. No timer sends them, except in a loop over [Conn.Messages], see there. When the
// peer closes its direction of the stream, what has come together by then is still sent,
// within [Timeouts.Close].
//
// So a loop that answers messages through a Batch answers all it has received with
// one write. In a loop over [Conn.Messages], as here, [Conn.Write] does so as well; a Batch
// is for other loops, and for writing without reading.
//
//	b := c.Batch()
//	for msg, err := range c.Messages(ctx) {
//		if err != nil {
//			return err
//		}
//		if err := b.Write(ctx, msg.Type, msg.Data); err != nil {
//			return err
//		}
//	}
//
// A Batch has no state of its own; there may be any number.
type Batch struct{ c *Conn }

// Batch returns the connection's batch.
func (c *Conn) Batch() Batch { return Batch{c} }

// Write adds a message, as [Conn.Write]. p may be reused when it returns. An error
// in sending it is seen by the call that sends it.
func (b Batch) Write(ctx context.Context, typ MessageType, p []byte) error {
	if err := b.c.checkWrite(ctx, "Batch.Write", typ); err != nil {
		return err
	}
	m := message{p, typ.opcode(), inBatch}
	if b.c.deflates(len(p)) {
		return b.c.deflate.write(ctx, &b.c.out, &m)
	}
	return b.c.out.write(ctx, &m)
}

// WritePrepared adds a message, as [Conn.WritePrepared].
func (b Batch) WritePrepared(ctx context.Context, m *PreparedMessage) error {
	if err := b.c.checkWrite(ctx, "Batch.WritePrepared", m.typ); err != nil {
		return err
	}
	return b.c.writePrepared(ctx, m, inBatch)
}

// Flush sends what has come together.
func (b Batch) Flush(ctx context.Context) error {
	if s := b.c.out.coalesce.state(); !s.anyHeld() && s != holdNoMore {
		return nil
	}
	return b.c.out.flushHeld(ctx)
}

// checkWrite refuses what cannot be begun.
func (c *Conn) checkWrite(ctx context.Context, method string, typ MessageType) error {
	if err := checkType(method, typ); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return c.life.givenUp(ctx)
	}
	return nil
}

// checkType refuses what is not a type of message.
func checkType(method string, typ MessageType) error {
	if typ == MessageText || typ == MessageBinary {
		return nil
	}
	return &UsageError{method, "no such message type: " + typ.String()}
}
