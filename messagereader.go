package websocket

import (
	"context"
	"io"

	"github.com/hawser-ws/websocket/frame"
)

// Reader waits for the next message and returns its type and a reader for it, which ends
// with io.EOF. ctx bounds the reader, too. If ctx is cancelled in the middle of the
// message, another call of Reader returns a reader for the rest.
//
// The reader must be read to its end before the next message: until then Read and Reader
// return a [*UsageError]. Text is checked as it arrives, so what was read before an error
// may be the beginning of a text that is not UTF-8.
func (c *Conn) Reader(ctx context.Context) (MessageType, io.Reader, error) {
	r := &c.in
	if err := r.enter(ctx); err != nil {
		return 0, nil, err
	}
	defer r.leave()
	if r.stream != nil && r.stream.ctx.Err() == nil {
		return 0, nil, messageOpen("Conn.Reader")
	}
	if r.stream == nil && r.partial == nil && r.decoder.Message() == frame.Continuation {
		if err := r.nextFrame(ctx); err != nil {
			return 0, nil, err
		}
	}
	if r.stream == nil && r.inflating != nil && r.partial != nil {
		r.inflating.adopt(r.partial)
	}
	r.stream = &messageReader{r: r, ctx: ctx}
	return MessageType(r.decoder.Message()), r.stream, nil
}

// messageReader reads one message. It is receiver.stream until the message ends.
type messageReader struct {
	r   *receiver
	ctx context.Context
	err error // sticky: io.EOF at the end of the message
}

func (m *messageReader) Read(p []byte) (int, error) {
	if err := m.r.enter(m.ctx); err != nil {
		if m.err != nil {
			err = m.err
		}
		return 0, err
	}
	defer m.r.leave()
	if m.err != nil {
		return 0, m.err
	}
	if m.r.stream != m {
		return 0, &UsageError{"Reader.Read", "another Reader has taken over the message"}
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := m.r.readSome(m.ctx, p)
	if err == io.EOF {
		m.err = err
		m.r.stream = nil
	}
	return n, err
}

// readSome reads bytes of the message under way. It returns io.EOF at the end of the
// message.
func (r *receiver) readSome(ctx context.Context, p []byte) (int, error) {
	if r.partial != nil {
		n := copy(p, r.partial)
		if r.partial = r.partial[n:]; len(r.partial) == 0 {
			r.partial = nil
		}
		if n > 0 {
			return n, nil
		}
	}
	if r.decoder.Compressed() {
		return r.readInflated(ctx, p)
	}
	for {
		if r.decoder.AtHeader() {
			if r.decoder.Message() == frame.Continuation {
				return 0, io.EOF
			}
			if err := r.nextFrame(ctx); err != nil {
				return 0, err
			}
		}
		left := r.decoder.Left()
		if left > 0 {
			if min(uint64(len(p)), left) < directReadMin && r.buf.Buffered() == 0 {
				if err := r.fill(ctx); err != nil {
					return 0, err
				}
			}
			return r.somePayload(ctx, p)
		}
		if _, err := r.endFrame(ctx, 0); err != nil {
			return 0, err
		}
	}
}
