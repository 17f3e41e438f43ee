package websocket

import "context"

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
	if err := checkWrite(ctx, "Batch.Write", typ); err != nil {
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
	if err := checkWrite(ctx, "Batch.WritePrepared", m.typ); err != nil {
		return err
	}
	return b.c.writePrepared(ctx, m, inBatch)
}

// Flush sends what has come together.
func (b Batch) Flush(ctx context.Context) error {
	if s := b.c.out.coalesce.state(); !s.anyHeld() && s != streamEnded {
		return nil
	}
	return b.c.out.flushHeld(ctx)
}
