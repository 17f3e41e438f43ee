package http3

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	h3 "github.com/quic-go/quic-go/http3"
)

// stream is a stream of extended CONNECT after the handshake: a [net.Conn] whose bytes are the
// payloads of DATA frames. One goroutine at a time reads, one writes.
//
//	orderly end of a direction    FIN                   RFC 9220 §3
//	anything else                 H3_REQUEST_CANCELLED  RFC 9220 §3
type stream struct {
	bytes         *quic.Stream
	half          ender            // of bytes, where somebody counts
	fail          func(h3.ErrCode) // ends the connection, where we can
	freed         func()           // called when the stream was closed; may be nil
	local, remote net.Addr

	in     deframer
	body   bool // this is the body of a refusal, which trailers may end
	out    framer
	ended  atomic.Bool // our direction, by FIN
	closed atomic.Bool
}

// ender ends the directions of a stream.
type ender interface {
	Close() error
	CancelRead(quic.StreamErrorCode)
	CancelWrite(quic.StreamErrorCode)
}

func (s *stream) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		switch {
		case s.in.left == 0:
			if err := s.in.next(s.bytes); err != nil {
				return 0, s.readError(err)
			}
			if err := s.judge(); err != nil {
				return 0, err
			}
		case s.in.kind == frameData:
			n, err := s.in.read(s.bytes, p)
			if err != nil {
				return n, s.readError(err)
			}
			return n, nil
		default: // p is as good as other memory to drop something in
			if _, err := s.in.read(s.bytes, p); err != nil {
				return 0, s.readError(err)
			}
		}
	}
}

// judge judges the head of a frame. After CONNECT "only DATA frames are permitted to be sent on
// the stream" (RFC 9114 §4.4).
func (s *stream) judge() error {
	switch kind := s.in.kind; {
	case kind == frameData || unknownFrame(kind):
		return nil
	case kind == frameHeaders && s.body:
		return io.EOF
	}
	s.fail(h3.ErrCodeFrameUnexpected)
	return &Error{Op: "read", Err: errFrame}
}

var (
	errFrame     = errors.New("a frame that has no place on the stream of a WebSocket (H3_FRAME_UNEXPECTED)")
	errTruncated = errors.New("the stream ends inside of a frame (H3_FRAME_ERROR)")
)

// readError says why a read ended.
func (s *stream) readError(err error) error {
	if err == io.EOF && !s.in.between() { // RFC 9114 §7.1
		s.fail(h3.ErrCodeFrameError)
		return &Error{Op: "read", Err: errTruncated}
	}
	return opError("read", err)
}

func (s *stream) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := s.out.write(s.bytes, p)
	return n, opError("write", err)
}

// CloseWrite ends our direction. It fails inside of a DATA frame: a write was interrupted and
// taken back, and nothing has filled the rest of its frame.
func (s *stream) CloseWrite() error {
	if s.out.left > 0 {
		return &Error{Op: "close", Err: errUnfinished}
	}
	if s.closed.Load() {
		return net.ErrClosed
	}
	s.ended.Store(true)
	return opError("close", s.half.Close())
}

// CloseRead asks the peer to send no more: we have answered completely (RFC 9114 §4.1).
func (s *stream) CloseRead() error {
	s.half.CancelRead(quic.StreamErrorCode(h3.ErrCodeNoError))
	return nil
}

var errUnfinished = errors.New("a DATA frame is not complete")

// Close ends both directions, and is no different from an orderly end where they have ended.
func (s *stream) Close() error {
	if !s.closed.CompareAndSwap(false, true) {
		return net.ErrClosed
	}
	s.cancel(h3.ErrCodeRequestCanceled)
	if s.freed != nil {
		s.freed()
	}
	return nil
}

// cancel ends what has not ended.
func (s *stream) cancel(code h3.ErrCode) {
	if !s.ended.Load() {
		s.half.CancelWrite(quic.StreamErrorCode(code))
	}
	s.half.CancelRead(quic.StreamErrorCode(code)) // nothing happens if the peer's end was read
}

func (s *stream) LocalAddr() net.Addr                { return s.local }
func (s *stream) RemoteAddr() net.Addr               { return s.remote }
func (s *stream) SetDeadline(t time.Time) error      { return s.bytes.SetDeadline(t) }
func (s *stream) SetReadDeadline(t time.Time) error  { return s.bytes.SetReadDeadline(t) }
func (s *stream) SetWriteDeadline(t time.Time) error { return s.bytes.SetWriteDeadline(t) }

// Error is why a stream of HTTP/3 failed. It is a [net.Error] that is no timeout, whatever Err
// is: the stream is lost. [errors.As] finds the errors of quic-go in it.
type Error struct {
	Op  string // "read", "write" and others
	Err error
}

// Error says what was done and what happened.
func (e *Error) Error() string {
	if reset, ok := errors.AsType[*quic.StreamError](e.Err); ok {
		by := "this end has reset the stream: "
		if reset.Remote {
			by = "the peer has reset the stream: "
		}
		return e.Op + ": " + by + h3.ErrCode(reset.ErrorCode).String()
	}
	if closed, ok := errors.AsType[*quic.ApplicationError](e.Err); ok {
		by := "this end has closed the connection: "
		if closed.Remote {
			by = "the peer has closed the connection: "
		}
		return e.Op + ": " + by + h3.ErrCode(closed.ErrorCode).String()
	}
	return e.Op + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports false.
func (e *Error) Timeout() bool { return false }

// Temporary reports false.
func (e *Error) Temporary() bool { return false }

// opError makes an Error of what quic-go returned, but of a deadline and the end of a stream,
// which others recognise.
func opError(op string, err error) error {
	switch {
	case err == nil || err == io.EOF || errors.Is(err, os.ErrDeadlineExceeded):
		return err
	}
	return &Error{Op: op, Err: err}
}
