package mux

import (
	"errors"
	"io"
	"strings"
	"time"

	"golang.org/x/net/http2"
)

// receive reads frames until the connection ends.
func (c *Conn) receive() {
	defer c.nc.Close()
	var head heading
	for {
		f, err := c.in.ReadFrame()
		c.mu.Lock()
		if err == nil {
			err = c.take(f, &head)
		}
		if err != nil {
			c.broken(err)
		}
		over := c.err != nil
		c.mu.Unlock()
		if over {
			break
		}
	}
	// Unread bytes would make TCP reset our GOAWAY.
	_, _ = io.Copy(io.Discard, c.nc)
}

// broken ends the connection because of an error of reading, or a fault of the peer. Under mu.
func (c *Conn) broken(err error) {
	if fault, ok := errors.AsType[*FaultError](err); ok {
		c.end(fault, fault.Code)
		return
	}
	var stream http2.StreamError
	var conn http2.ConnectionError
	switch {
	case errors.As(err, &stream):
		c.end(faultf(stream.Code, "%v", c.detail(err)), stream.Code)
	case errors.As(err, &conn):
		c.end(faultf(http2.ErrCode(conn), "%v", c.detail(err)), http2.ErrCode(conn))
	case errors.Is(err, http2.ErrFrameTooLarge):
		c.end(faultf(http2.ErrCodeFrameSize, "a frame of more than 16,384 bytes (RFC 9113 section 4.2)"), http2.ErrCodeFrameSize)
	case strings.Contains(err.Error(), "looked like an HTTP/1.1 header"): // the framer has no type for it
		c.end(&LostError{Err: ErrHTTP1}, http2.ErrCodeNo)
	default:
		c.end(&LostError{GoAway: c.goAway, Err: err}, http2.ErrCodeNo)
	}
}

// detail is what the framer knows of an error.
func (c *Conn) detail(err error) error {
	if more := c.in.ErrorDetail(); more != nil {
		return more
	}
	return err
}

// take processes a frame. head collects the fragments of a header block. Under mu.
func (c *Conn) take(f http2.Frame, head *heading) error {
	s := c.streams[f.Header().StreamID]
	switch f := f.(type) {
	case *http2.SettingsFrame:
		return c.takeSettings(f)
	case *http2.PingFrame:
		if f.IsAck() && f.Data != pingData {
			return faultf(http2.ErrCodeProtocol, "an answer to a PING that was not sent (RFC 9113 section 6.7)")
		}
		if f.IsAck() {
			c.pongs++
			c.changed.Broadcast()
			return nil
		}
		data := f.Data
		c.frame(func(out *http2.Framer) error { return out.WritePing(true, data) })
	case *http2.GoAwayFrame:
		code := f.ErrCode
		c.goAway = &code
		for id, s := range c.streams {
			if id > f.LastStreamID && c.role == client {
				s.breakDown(&ResetError{http2.ErrCodeRefusedStream})
			}
		}
		c.changed.Broadcast()
	case *http2.WindowUpdateFrame:
		return c.grow(s, f)
	case *http2.RSTStreamFrame:
		switch {
		case s != nil:
			s.breakDown(&ResetError{f.ErrCode})
		case f.StreamID > c.last:
			return faultf(http2.ErrCodeProtocol, "RST_STREAM on a stream that is idle (RFC 9113 section 6.4)")
		}
	case *http2.HeadersFrame:
		*head = heading{id: f.StreamID, ends: f.StreamEnded()}
		return c.takeBlock(head, f.HeaderBlockFragment(), f.HeadersEnded())
	case *http2.ContinuationFrame:
		return c.takeBlock(head, f.HeaderBlockFragment(), f.HeadersEnded())
	case *http2.DataFrame:
		return c.takeData(s, f)
	case *http2.PushPromiseFrame:
		return faultf(http2.ErrCodeProtocol, "PUSH_PROMISE, which SETTINGS_ENABLE_PUSH forbids (RFC 9113 section 8.4)")
	}
	return nil // and what is unknown is ignored (RFC 9113 section 4.1)
}

// grow processes WINDOW_UPDATE.
func (c *Conn) grow(s *Stream, f *http2.WindowUpdateFrame) error {
	window := &c.may
	switch {
	case s != nil:
		window = &s.may
	case f.StreamID > c.last:
		return faultf(http2.ErrCodeProtocol, "WINDOW_UPDATE on a stream that is idle (RFC 9113 section 5.1)")
	case f.StreamID > 0:
		return nil // of a stream that is over
	}
	if *window += int64(f.Increment); *window > 1<<31-1 {
		return faultf(http2.ErrCodeFlowControl, "a window of more than 2,147,483,647 bytes (RFC 9113 section 6.9.1)")
	}
	c.changed.Broadcast()
	return nil
}

// takeData processes DATA. The window of the connection is refilled at once, that of the stream
// when it was read.
func (c *Conn) takeData(s *Stream, f *http2.DataFrame) error {
	n := int64(f.Length)
	if c.left -= n; c.left < 0 {
		return faultf(http2.ErrCodeFlowControl, "DATA of %d bytes is more than the window of the connection (RFC 9113 section 6.9.1)", n)
	}
	if n > 0 {
		c.left += n
		c.frame(func(out *http2.Framer) error { return out.WriteWindowUpdate(0, uint32(n)) })
	}
	switch {
	case s == nil && f.StreamID > c.last:
		return faultf(http2.ErrCodeProtocol, "DATA on a stream that is idle (RFC 9113 section 5.1)")
	case s == nil || s.theirs == broken:
		return nil // it may not know yet
	case s.theirs == ended:
		return faultf(http2.ErrCodeStreamClosed, "DATA after END_STREAM (RFC 9113 section 5.1)")
	case s.head == nil && c.role == client:
		return faultf(http2.ErrCodeProtocol, "DATA before the response (RFC 9113 section 8.1)")
	}
	if s.left -= n; s.left < 0 {
		return faultf(http2.ErrCodeFlowControl, "DATA of %d bytes is more than the window of the stream, %d (RFC 9113 section 6.9.1)", n, s.left+n)
	}
	if s.data.IsZero() {
		s.data = time.Now()
	}
	s.in.Write(f.Data())
	s.owed += n - int64(len(f.Data())) // padding
	if f.StreamEnded() {
		s.theirs = ended
	}
	c.changed.Broadcast()
	return nil
}
