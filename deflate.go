package websocket

import (
	"context"
	"io"
	"sync"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

var deflateEngines = sync.Pool{New: func() any { return new(conn.DeflateEngine) }}

// deflates reports whether a message of n octets is to be compressed.
func (c *Conn) deflates(n int) bool { return c.deflate != nil && n >= c.deflate.threshold }

// enterDeflate waits for the turn to compress: messages leave in the order in which
// they are compressed if they may refer to each other (RFC 7692 §7.1.1).
func (c *Conn) enterDeflate(ctx context.Context) error {
	z := c.deflate
	if !z.out.Terms().Takeover || z.turn.tryLock() || z.turn.lock(ctx.Done(), c.done()) {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.closedError()
}

func (z *deflating) leave() {
	if z.out.Terms().Takeover {
		z.turn.unlock()
	}
}

// writeDeflated compresses p and sends it as one frame. If hold it may wait for more
// to leave with it.
//
// It stays out of line, so that the frame of Write stays small.
//
//go:noinline
func (c *Conn) writeDeflated(ctx context.Context, typ MessageType, p []byte, hold bool) error {
	if err := c.enterDeflate(ctx); err != nil {
		return err
	}
	defer c.deflate.leave()
	buf := messageBuffers.Get().(*[]byte)
	payload := c.deflate.message((*buf)[:0], p)
	f := outgoing{header: frame.Header{Opcode: typ.opcode(), FIN: true, RSV1: true}, payload: payload, hold: hold}
	err := c.submitDeflated(ctx, &f, p)
	if cap(payload) <= messageSize {
		*buf = payload
	}
	messageBuffers.Put(buf)
	return err
}

// message appends p, compressed, to dst.
func (z *deflating) message(dst, p []byte) []byte {
	e := deflateEngines.Get().(*conn.DeflateEngine)
	dst = z.out.Message(e, dst, p)
	deflateEngines.Put(e)
	return dst
}

// submitDeflated sends a message of one frame that is compressed and says p, or, if
// that has gained nothing, p as it is (RFC 7692 §6).
func (c *Conn) submitDeflated(ctx context.Context, f *outgoing, p []byte) error {
	z := c.deflate
	if len(f.payload) >= len(p) {
		z.out.Unsent()
		f.header.RSV1, f.payload = false, p
		_, err := c.submit(ctx, f)
		return err
	}
	_, err := c.submit(ctx, f)
	if err != nil {
		z.out.Unsent()
		return err
	}
	z.out.Sent(p)
	return nil
}

// Uncompressed writes messages as they are on a connection that compresses others:
// those that are compressed already, and those that hold a secret beside what
// somebody else has chosen, whose size would tell of it (RFC 7692 §8).
type Uncompressed struct{ c *Conn }

// Uncompressed returns the writer of messages that are not to be compressed.
func (c *Conn) Uncompressed() Uncompressed { return Uncompressed{c} }

// Write is [Conn.Write] without compression.
func (u Uncompressed) Write(ctx context.Context, typ MessageType, p []byte) error {
	if err := checkWrite(ctx, "Uncompressed.Write", typ); err != nil {
		return err
	}
	return u.c.writePlain(ctx, typ, p)
}

// Writer is [Conn.Writer] without compression.
func (u Uncompressed) Writer(ctx context.Context, typ MessageType) (io.WriteCloser, error) {
	return u.c.newWriter(ctx, typ, "Uncompressed.Writer")
}
