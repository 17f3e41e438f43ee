package websocket

import (
	"io"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// inflated is what reading a compressed message needs.
type inflated struct {
	engine conn.InflateEngine
	output conn.InflateBuffer // for a reader
}

var inflateds = poolcheck.NewPool("inflate engines of the drop-in", func() any { return new(inflated) })

// borrowInflated returns what the compressed message under way needs.
func (c *Conn) borrowInflated() *inflated {
	if c.in.inflated == nil {
		z := inflateds.Get().(*inflated)
		z.output.Reset()
		c.in.inflated = z
		c.in.decoder.Lend(&c.in.inflated.engine, &c.deflate.inflater)
	}
	return c.in.inflated
}

// dropInflated gives it back.
func (c *Conn) dropInflated() {
	if z := c.in.inflated; z != nil {
		c.in.inflated = nil
		c.in.decoder.Release()
		inflateds.Put(z)
	}
}

// inflate appends decompressed bytes of the message under way to out, up to its capacity. out
// must still hold the last window of the earlier output. It returns io.EOF at the end of the
// message.
func (c *Conn) inflate(out []byte) ([]byte, error) {
	r := &c.in
	for begin := len(out); ; {
		var (
			used   int
			status conn.InflateStatus
			err    error
		)
		out, used, status, err = r.decoder.Inflate(out, 0, r.buf.Bytes(), r.limits())
		r.buf.Consume(used)
		switch {
		case err != nil:
			return out, c.refuse(err)
		case status == conn.InflateEnd:
			return out, io.EOF
		case status == conn.InflateOutput, len(out) > begin:
			return out, nil
		case r.decoder.Left() > 0:
			err = c.fill()
		default: // this was a fragment
			_, _ = r.decoder.EndFrame()
			err = c.nextFragment()
		}
		switch {
		case err != nil:
			return out, err
		case r.inflated == nil:
			return out, errOvertaken
		}
	}
}

// appendInflated appends to dst, which is empty, the compressed message under way. What it
// returns is good also with an error.
func (c *Conn) appendInflated(dst []byte) (_ []byte, err error) {
	c.borrowInflated()
	for {
		if len(dst) == cap(dst) {
			arrived := int(min(c.in.decoder.Left(), uint64(c.in.buf.Buffered())))
			dst = conn.GrowInflated(dst, len(dst), arrived, c.in.limit)
		}
		switch dst, err = c.inflate(dst); {
		case err == io.EOF:
			c.endInflated(dst)
			return dst, nil
		case err != nil:
			return dst, within(c.fail(err))
		}
	}
}

// readInflated reads decompressed bytes of the message under way. It returns io.EOF at the end
// of the message.
func (c *Conn) readInflated(p []byte) (n int, err error) {
	z := c.borrowInflated()
	for err == nil && z.output.Empty() {
		z.output.MakeRoom(1 << c.deflate.inflater.Terms().WindowBits)
		var output []byte
		if output, err = c.inflate(z.output.Bytes); c.in.inflated != z {
			return 0, err // z was given back, and is somebody else's
		}
		z.output.Bytes = output
	}
	if err != nil && err != io.EOF {
		return 0, err
	}
	if err == io.EOF && z.output.Empty() {
		c.endInflated(z.output.Bytes)
		return 0, io.EOF
	}
	return z.output.Take(p), nil
}

// endInflated ends the compressed message under way. output is its decompressed content, or
// the last window of it.
func (c *Conn) endInflated(output []byte) {
	_ = c.in.decoder.EndInflated(output) // text is not judged
	c.in.buf.NoteSize(len(output))
	c.dropInflated()
}
