package websocket

import (
	"context"
	"errors"
	"io"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// nextFrame reads until the header of a data frame has been accepted. Control frames on
// the way are dealt with.
func (r *receiver) nextFrame(ctx context.Context) error {
	for r.decoder.AtHeader() {
		if err := r.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// step reads one frame: a control frame whole, of a data frame the header.
func (r *receiver) step(ctx context.Context) error {
	for {
		f, n, err := r.decoder.Next(r.buf.Bytes(), r.limits())
		if n == 0 && err == nil {
			if err := r.fill(ctx); err != nil {
				return err
			}
			continue
		}
		r.buf.Consume(n)
		if r.traced && f.HeaderSize > 0 {
			r.host.frameRead(f.Header)
		}
		switch {
		case err != nil:
			return r.host.refused(ctx, err)
		case f.Opcode.IsControl():
			return r.host.control(ctx, f.Opcode, f.Payload)
		}
		return nil
	}
}

// drain reads for the closing handshake and drops what is for the application. That may
// be of any size; the deadline of closing bounds it.
func (r *receiver) drain(ctx context.Context) error {
	r.decoder.Discard()
	for r.canReceive() {
		if err := r.step(ctx); err != nil {
			return err
		}
	}
	return r.host.closedError()
}

// fill waits for bytes to be in the buffer. Everything that was read before stays,
// whatever happens.
func (r *receiver) fill(ctx context.Context) error {
	_, err := r.wait(ctx, nil, nil)
	return err
}

// wait waits for bytes from the network, which it puts into p, or into the buffer if p is
// nil. If inline is not nil, it waits instead, and counts what arrives.
func (r *receiver) wait(ctx context.Context, p []byte, inline func() error) (n int, err error) {
	r.host.beforeWait()
	r.takeOrphan()
	for {
		if err := arm(ctx, &r.canceler, r.host); err != nil {
			return 0, err
		}
		switch {
		case inline != nil:
			err = inline()
		case p != nil:
			n, err = (*r.beneath).Read(p)
		default:
			n, err = (*r.beneath).Fill(&r.buf)
		}
		if err == nil {
			if n > 0 {
				r.noteArrival()
			}
			return n, nil
		}
		if err := r.failed(ctx, err); err != nil {
			return 0, err
		}
	}
}

// noteArrival counts for keepalive, if there is one.
func (r *receiver) noteArrival() {
	if r.counting {
		r.heard.Add(1)
	}
}

// failed turns an error of the transport into what the call returns; nil means to try
// again. A timeout that is not ours is the stream's own, an idle timeout perhaps, and
// ends the connection as any other error does.
func (r *receiver) failed(ctx context.Context, err error) error {
	if !r.stateIs(conn.Terminated) && r.canceler.ResumeAfter(err) {
		return ctx.Err() // nil: a context of an earlier call, too late
	}
	if errors.Is(err, io.EOF) {
		if !r.decoder.AtHeader() || r.buf.Buffered() > 0 || r.decoder.Message() != frame.Continuation {
			err = io.ErrUnexpectedEOF
		}
		return r.host.streamEnded(ctx, err)
	}
	return r.host.streamBroke(err)
}

// endFrame closes the current frame, whose payload has all been taken. last reports
// whether its message is complete, of which size bytes are in one place.
func (r *receiver) endFrame(ctx context.Context, size int) (last bool, err error) {
	last, v := r.decoder.EndFrame()
	if v != nil {
		return false, r.host.refused(ctx, v)
	}
	if last {
		r.buf.NoteSize(size)
	}
	return last, nil
}
