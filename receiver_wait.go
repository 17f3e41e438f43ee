package websocket

import (
	"context"
	"errors"
	"io"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// fill waits until more bytes are in the buffer. What was read before stays there, also if
// fill fails.
func (r *receiver) fill(ctx context.Context) error {
	_, err := r.wait(ctx, nil, nil)
	return err
}

// wait waits for bytes from the network. It puts them into p, or into the buffer if p is
// nil. If loop is not nil, wait calls it instead, and it waits.
func (r *receiver) wait(ctx context.Context, p []byte, loop func() error) (n int, err error) {
	if r.sending.state().anyHeld() { // to look costs less than the call
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
		if err := r.failed(ctx, err); err != nil {
			return 0, err
		}
	}
}

// noteArrival counts an arrival for keepalive, if there is one.
func (r *receiver) noteArrival() {
	if r.counting {
		r.heard.Add(1)
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
