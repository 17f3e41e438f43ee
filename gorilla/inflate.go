package websocket

import (
	"io"
	"slices"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/poolcheck"
)

const (
	// outputSize holds the largest window, and as much again to be taken.
	outputSize = 2 << 15
	// inflateRoom is the least room in bytes that is made for what a message says.
	inflateRoom = 1 << 10
)

// inflated is what reading a compressed message needs.
type inflated struct {
	engine conn.InflateEngine

	// For a reader, which takes piece by piece what the message says. What it has taken
	// stays for as long as the message may refer to it.
	output []byte
	taken  int // output[:taken]
}

var inflateds = poolcheck.NewPool("inflate engines of the drop-in", func() any { return new(inflated) })

// borrowInflated returns what the compressed message under way needs.
func (c *Conn) borrowInflated() *inflated {
	if c.in.inflated == nil {
		z := inflateds.Get().(*inflated)
		z.output, z.taken = z.output[:0], 0
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

// inflate appends to out what the compressed message under way says next, up to its
// capacity; out[:len(out)] is what it has said before, or the last window of it. It returns
// io.EOF at the end of the message.
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
			dst = slices.Grow(dst, c.inflatedRoom(len(dst)))
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

// expansion is what four bytes of compressed text may be expected to be.
const expansion = 4

// inflatedRoom is how much room a message that has said n bytes gets next: as much again,
// or several times of what has come and is not decompressed yet. It ends a little above the
// limit, which shows that the message exceeds it.
func (c *Conn) inflatedRoom(n int) int {
	arrived := int(min(c.in.decoder.Left(), uint64(c.in.buf.Buffered())))
	room := max(inflateRoom, n, expansion*arrived)
	if limit := c.in.limit; limit > 0 {
		room = min(room, int(max(0, limit-int64(n)))+inflateRoom)
	}
	return room
}

// readInflated reads some of what the compressed message under way says; io.EOF at its
// end.
func (c *Conn) readInflated(p []byte) (n int, err error) {
	z := c.borrowInflated()
	for err == nil && z.taken == len(z.output) {
		z.makeRoom()
		var output []byte
		if output, err = c.inflate(z.output); c.in.inflated != z {
			return 0, err // z was given back, and is somebody else's
		}
		z.output = output
	}
	if err != nil && err != io.EOF {
		return 0, err
	}
	if err == io.EOF && z.taken == len(z.output) {
		c.endInflated(z.output)
		return 0, io.EOF
	}
	n = copy(p, z.output[z.taken:])
	z.taken += n
	return n, nil
}

// endInflated ends the compressed message under way. output is what it said, or the last
// window of it.
func (c *Conn) endInflated(output []byte) {
	_ = c.in.decoder.EndInflated(output) // text is not judged
	c.in.buf.NoteSize(len(output))
	c.dropInflated()
}

// makeRoom drops what is taken and out of the window's reach, if there is no room.
func (z *inflated) makeRoom() {
	if z.output == nil {
		z.output = make([]byte, 0, outputSize)
	}
	if cap(z.output)-len(z.output) < inflateRoom {
		z.output = z.output[:copy(z.output, z.output[len(z.output)-outputSize/2:])]
		z.taken = len(z.output)
	}
}
