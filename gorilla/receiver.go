package websocket

import (
	"errors"
	"io"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/gate"
	"github.com/hawser-ws/websocket/internal/transport"
)

// receiver is the reading half of a connection. Everything in it but the gate is used
// inside the gate.
type receiver struct {
	gate     gate.Gate
	decoder  conn.Decoder
	buf      transport.Buffer // what has come and was not taken yet
	limit    int64            // bytes of a message; 0 or less: none
	inflated *inflated        // nil unless a compressed message is being read
	current  *messageReader   // of the message under way; nil: nobody reads it
	err      error            // sticky
	failed   int32            // reads of messages since then
	entered  uint32           // times that somebody has entered the gate
}

// maxFailedReads is how often a program may ask a failed connection for another message.
const maxFailedReads = 1000

func (r *receiver) init(p connParams) {
	r.decoder.Init(p.role.Expects(p.deflate != nil))
	r.decoder.AcceptAnyText()
}

// SetReadLimit sets how many bytes a message may have, on the wire and after
// decompression. A larger one fails with [ErrReadLimit], once the peer has been told by a
// Close frame. Zero and less is no limit, which is the default.
func (c *Conn) SetReadLimit(limit int64) { c.in.limit = limit }

func (r *receiver) limits() conn.Limits { return conn.Limits{Message: r.limit} }

// enter locks the gate.
func (r *receiver) enter() {
	if !r.gate.TryLock() {
		r.gate.Lock(nil, nil)
	}
	r.entered++
}

// leave returns the buffer if nothing is in it, and unlocks the gate.
func (r *receiver) leave() {
	r.buf.Release()
	r.gate.Unlock()
}

// nextMessage goes on to the next message, dropping what is left of the one before, and
// returns its type.
func (c *Conn) nextMessage() (frame.Opcode, error) {
	c.in.current = nil
	c.dropInflated()
	for {
		h, err := c.nextFrame()
		if err != nil {
			return 0, err
		}
		if h.Opcode != frame.Continuation {
			return h.Opcode, nil
		}
	}
}

// nextFrame goes on to the next data frame, dropping what is left of the one before. The
// handlers see the control frames in between.
func (c *Conn) nextFrame() (frame.Header, error) {
	r := &c.in
	for r.err == nil {
		f, n, err := r.decoder.Next(r.buf.Bytes(), r.limits())
		r.buf.Consume(n)
		switch {
		case err != nil:
			err = c.refuse(err)
		case n == 0:
			err = c.fill()
		case f.HeaderSize == 0: // payload that nobody wanted
		case f.Opcode.IsControl():
			err = c.control(f)
		default:
			if err = c.count(f.Header); err == nil {
				return f.Header, nil
			}
		}
		if err != nil {
			return frame.Header{}, c.fail(err)
		}
	}
	return frame.Header{}, r.err
}

// nextFragment goes on to the next frame of the message under way.
func (c *Conn) nextFragment() error {
	entered := c.in.entered
	_, err := c.nextFrame()
	if err == nil && c.in.entered != entered { // by a handler
		err = c.fail(errOvertaken)
	}
	return within(err)
}

// within is err within a message, where io.EOF would say that the message is complete. A
// handler may have returned it.
func within(err error) error {
	if err == io.EOF {
		return errUnexpectedEOF
	}
	return err
}

// count holds what a compressed message has on the wire against the limit. The Decoder
// does so for what it says.
func (c *Conn) count(h frame.Header) error {
	r := &c.in
	if !r.decoder.Compressed() {
		return nil
	}
	if h.Opcode != frame.Continuation {
		c.deflate.arrived = 0
	}
	c.deflate.arrived += h.Length
	if r.limit > 0 && c.deflate.arrived > uint64(r.limit) {
		return c.refuse(&conn.Exceeded{})
	}
	return nil
}

// fill waits for bytes.
func (c *Conn) fill() error {
	_, err := c.stream.Fill(&c.in.buf)
	return within(err) // a stream may not end without a Close frame either
}

// fail makes err the error of all reads, unless there is one, and gives back what reading
// has borrowed.
func (c *Conn) fail(err error) error {
	if c.in.err == nil {
		c.in.err = lasting(err)
		c.dropInflated()
		c.in.buf.Discard()
	}
	return c.in.err
}

// refuse tells the peer what it did wrong, and returns the error for that.
func (c *Conn) refuse(err error) error {
	v, ok := errors.AsType[*frame.Violation](err)
	if !ok { // it is a *conn.Exceeded
		c.sendClose(CloseMessageTooBig, "")
		return ErrReadLimit
	}
	c.sendClose(int(v.Code), v.Reason)
	if v == frame.ErrLengthTopBit { // beyond every limit, and programs expect that
		return ErrReadLimit
	}
	return &protocolError{v}
}
