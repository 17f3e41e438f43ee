package websocket

import (
	"context"
	"io"
)

// Write sends p as one message of one frame. It returns when the message is handed to the
// transport. It never modifies p, and p may be reused when it returns.
//
// Writes may be concurrent; those that meet leave together. If ctx is cancelled before any
// of the message is on the wire, the message is not sent, and the connection goes on. Over
// TLS, and where a timeout is not [os.ErrDeadlineExceeded] (yamux, smux), cancelling a
// write that waits for the peer to read costs the connection. A stream of smux may go on
// reading p after that: do not reuse it then.
//
// On a [Loop], Write does not wait for a peer that does not read, as long as the message and
// what waits before it fit into 32 KiB. The loop sends it later, also if ctx ends meanwhile.
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

// Writer begins a message of any length and returns a writer for it. Close the writer to
// end the message. It collects up to 16 KiB for each fragment; its method Flush() error
// sends what it has collected.
//
// Only one Writer is open at a time: another call waits until it is closed. When its first
// fragment is on the wire, Write waits as well (RFC 6455 §5.4), while pings, pongs and
// Close go between the fragments.
//
// Where compression was agreed on, the message is compressed if its first fragment is as
// long as the threshold. The first fragment tells the peer.
//
// ctx bounds the writer, too. If it is cancelled before anything was sent, the message is
// given up. After that it costs the connection, because half a message can be neither
// finished nor taken back.
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

// newWriter begins a message. It is sent uncompressed unless the caller sets that its
// compression is still to be decided.
func (c *Conn) newWriter(ctx context.Context, typ MessageType, method string) (*messageWriter, error) {
	if err := c.checkWrite(ctx, method, typ); err != nil {
		return nil, err
	}
	return c.out.open(ctx, typ.opcode())
}

// Uncompressed writes messages without compression on a connection that compresses others.
// Use it for data that is compressed already, and for messages that hold a secret together
// with data that somebody else has chosen: their compressed size would reveal something
// about the secret (RFC 7692 §8).
type Uncompressed struct{ c *Conn }

// Uncompressed returns the writer of messages that must not be compressed.
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

// Batch collects messages on a connection so that they leave together. They leave when
// [Batch.Flush] is called, when about 24 KiB have been collected, with whatever else is
// written on the connection, and before any read on it waits for the network. No timer
// sends them, except in a loop over [Conn.Messages]. On a [Loop] those of a [Receiver] leave
// when it is done with what has arrived; call Flush on any other goroutine. When the peer closes its direction of
// the stream, collected messages are still sent, within [Timeouts.Close].
//
// So a loop that answers messages through a Batch answers everything it has received with
// one write. In a loop over [Conn.Messages], as here, [Conn.Write] does the same; a Batch
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

// Write adds a message, like [Conn.Write]. p may be reused when it returns. An error in
// sending the message is returned by the call that sends it.
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

// Flush sends the collected messages and waits until they are handed to the transport.
func (b Batch) Flush(ctx context.Context) error {
	if s := b.c.out.coalesce.state(); !s.anyHeld() && s != holdNoMore {
		return nil
	}
	return b.c.out.flushHeld(ctx)
}

// checkWrite returns an error if a write of this type must not begin, or if ctx has ended.
func (c *Conn) checkWrite(ctx context.Context, method string, typ MessageType) error {
	if err := checkType(method, typ); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return c.life.givenUp(ctx)
	}
	return nil
}

// checkType returns an error if typ is neither MessageText nor MessageBinary.
func checkType(method string, typ MessageType) error {
	if typ == MessageText || typ == MessageBinary {
		return nil
	}
	return &UsageError{method, "no such message type: " + typ.String()}
}
