package websocket

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/transport"
)

// nextFrame reads until the header of a data frame is accepted. It handles control frames
// on the way.
func (r *receiver) nextFrame(ctx context.Context) error {
	for r.decoder.AtHeader() {
		if err := r.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// step reads the header of one data frame, or one whole control frame, or drops payload
// that nobody has read.
func (r *receiver) step(ctx context.Context) error {
	for {
		if r.inTurn() && !r.host.mayGoOn(frameCost) {
			return transport.ErrAgain
		}
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

// drain reads for the closing handshake, and drops the messages for the application. They
// may be of any size; the deadline of closing limits the time.
func (r *receiver) drain(ctx context.Context) error {
	r.decoder.Discard()
	for r.canReceive() {
		if err := r.step(ctx); err != nil {
			return err
		}
	}
	return r.host.closedError()
}

// appendPayload appends the rest of the current frame's payload to dst, unmasked and, if it
// is text, checked. On an error, what has arrived is still in dst.
func (r *receiver) appendPayload(ctx context.Context, dst []byte) ([]byte, error) {
	for left := r.decoder.Left(); left > 0; left = r.decoder.Left() {
		if left < conn.DirectReadMin && r.buf.Buffered() == 0 {
			if err := r.fill(ctx); err != nil {
				return dst, err
			}
		}
		dst = conn.Grow(dst, max(1, int(min(left, uint64(r.buf.Buffered())))), left)
		n, err := r.somePayload(ctx, dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// somePayload moves some of the current frame's payload to p, unmasked and, if it is text,
// checked. If nothing is buffered, it reads straight into p: callers that have little room
// fill the buffer first. On an error the content of p is unspecified.
func (r *receiver) somePayload(ctx context.Context, p []byte) (n int, err error) {
	p = p[:min(uint64(len(p)), r.decoder.Left())]
	if n = copy(p, r.buf.Bytes()); n > 0 {
		r.buf.Consume(n)
	} else if n, err = r.wait(ctx, p, nil); err != nil {
		return 0, err
	}
	if v := r.decoder.Open(p[:n]); v != nil {
		return 0, r.host.refused(ctx, v)
	}
	return n, nil
}

// endFrame ends the current frame, whose payload has all been taken. last reports whether
// its message is complete. size is how many bytes of the message are in one place, for the
// choice of the next read buffer.
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

// fill waits until more bytes are in the buffer. What was read before stays there, also if
// fill fails.
func (r *receiver) fill(ctx context.Context) error {
	_, err := r.wait(ctx, nil, nil)
	return err
}

// wait waits for bytes from the network. It puts them into p, or into the buffer if p is
// nil. If loop is not nil, wait calls it instead, and it waits.
func (r *receiver) wait(ctx context.Context, p []byte, loop func() error) (n int, err error) {
	if r.coalesce.state().anyHeld() { // to look costs less than the call
		r.host.beforeWait()
	}
	r.takeOrphan()
	for {
		if arm(ctx, &r.canceler, r.host) != nil {
			return 0, r.host.givenUp(ctx)
		}
		switch {
		case loop != nil:
			err = loop()
		case r.reader > readByLoop:
			n, err = r.try(p)
		case p != nil:
			n, err = r.canceler.Transport().Read(p)
		default:
			n, err = r.canceler.Transport().Fill(&r.buf)
		}
		if err == nil {
			if n > 0 {
				r.noteArrival()
			}
			return n, nil
		}
		if err == transport.ErrAgain {
			r.buf.Stow()  // the peer may take as long as it likes
			return 0, err // the next turn goes on
		}
		if err := r.failed(ctx, err); err != nil {
			return 0, err
		}
	}
}

// looked is what look has found.
type looked uint8

const (
	lookedAtNothing looked = iota // all that has come is read
	lookedAtData                  // the next thing is for the application
	lookedAtEnd                   // nothing is read any more
)

// lookPatience is how long look waits for the gate. A turn is inside for a moment only.
const lookPatience = 100 * time.Millisecond

// maxLooked is how many frames look reads.
const maxLooked = 64

// look reads what is there, up to the next data message, on a connection of an event loop. It
// does not wait for more. Whoever is inside the gate sees what arrives without it.
func (r *receiver) look(ctx context.Context) looked {
	patience, cancel := context.WithTimeout(context.Background(), lookPatience)
	defer cancel()
	if !r.lock(patience.Done(), nil) {
		return lookedAtNothing
	}
	defer r.leave()
	r.reader = readLooking
	for range maxLooked { // a peer that has sent so much is alive
		if !r.canReceive() || r.atData() || r.step(ctx) != nil {
			break
		}
	}
	switch {
	case !r.canReceive():
		return lookedAtEnd
	case r.atData():
		return lookedAtData
	}
	return lookedAtNothing
}

// try reads what is there, in a turn or in look.
func (r *receiver) try(p []byte) (n int, err error) {
	d := r.canceler.Transport().(transport.Driven)
	if r.inTurn() && !r.host.mayGoOn(readCost) {
		return 0, transport.ErrAgain
	}
	if p == nil {
		return d.TryFill(&r.buf)
	}
	return d.TryRead(p)
}

// noteArrival counts an arrival for keepalive.
func (r *receiver) noteArrival() {
	if r.pace != nil {
		r.pace.heard.Add(1)
	}
}

// failed turns an error of the transport into what the call returns; nil means that the
// call tries again. A timeout that this package did not cause is the stream's own, such as
// an idle timeout, and ends the connection as any other error does.
func (r *receiver) failed(ctx context.Context, err error) error {
	if !r.stateIs(conn.Terminated) && r.canceler.ResumeAfter(err) {
		return r.host.givenUp(ctx) // nil: the context was that of an earlier call
	}
	if errors.Is(err, io.EOF) {
		if !r.decoder.AtHeader() || r.buf.Buffered() > 0 || r.decoder.Message() != frame.Continuation {
			err = io.ErrUnexpectedEOF
		}
		return r.host.streamEnded(ctx, err)
	}
	return r.host.streamBroke(err)
}
