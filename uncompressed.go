package websocket

import (
	"context"
	"io"
)

// Uncompressed writes messages as they are on a connection that compresses others:
// those that are compressed already, and those that hold a secret beside what
// somebody else has chosen, whose size would tell of it (RFC 7692 §8).
type Uncompressed struct{ c *Conn }

// Uncompressed returns the writer of messages that are not to be compressed.
func (c *Conn) Uncompressed() Uncompressed { return Uncompressed{c} }

// Write is [Conn.Write] without compression.
func (u Uncompressed) Write(ctx context.Context, typ MessageType, p []byte) error {
	return u.c.write(ctx, "Uncompressed.Write", typ, p, true, asReply)
}

// Writer is [Conn.Writer] without compression.
func (u Uncompressed) Writer(ctx context.Context, typ MessageType) (io.WriteCloser, error) {
	return u.c.newWriter(ctx, typ, "Uncompressed.Writer")
}
