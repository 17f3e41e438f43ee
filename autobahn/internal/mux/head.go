package mux

import (
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A heading is a header block that is coming in.
type heading struct {
	id    uint32
	ends  bool // END_STREAM
	block []byte
}

// takeBlock processes a fragment of a header block. Under mu.
func (c *Conn) takeBlock(h *heading, fragment []byte, last bool) error {
	if h.block = append(h.block, fragment...); len(h.block) > blockLimit {
		return faultf(http2.ErrCodeEnhanceYourCalm, "a header block of more than %d bytes", blockLimit)
	}
	if !last {
		return nil
	}
	fields, err := c.decoder.DecodeFull(h.block)
	if err != nil {
		return faultf(http2.ErrCodeCompression, "a header block cannot be decoded: %v (RFC 9113 section 4.3)", err)
	}
	s := c.streams[h.id]
	switch {
	case s != nil && s.theirs == broken:
		return nil // it may not know yet
	case s != nil && s.head == nil:
		return s.takeHead(fields, h.ends)
	case s != nil && !s.tunnel():
		if h.ends { // trailers of a refusal
			s.theirs = ended
			c.changed.Broadcast()
		}
		return nil
	case s != nil:
		return faultf(http2.ErrCodeProtocol, "HEADERS on a stream that is open (RFC 9113 section 8.5)")
	case c.role == client || h.id%2 == 0:
		if h.id <= c.last && c.role == client {
			return nil // the stream is over
		}
		return faultf(http2.ErrCodeProtocol, "HEADERS on stream %d, which nobody opened (RFC 9113 section 5.1.1)", h.id)
	case h.id <= c.last:
		return nil // the stream is over
	}
	s = c.open(h.id)
	s.early = c.phase == silent
	if err := s.takeHead(fields, h.ends); err != nil {
		return err
	}
	if c.cfg.Serving == nil {
		go c.cfg.Request(s)
		return nil
	}
	c.cfg.Serving.Go(func() { c.cfg.Request(s) })
	return nil
}

// takeHead keeps the head of a request or a response.
func (s *Stream) takeHead(fields []hpack.HeaderField, ends bool) error {
	if s.c.role == client && !ends && len(fields) > 0 && fields[0].Name == ":status" && len(fields[0].Value) == 3 && fields[0].Value[0] == '1' && fields[0].Value != "101" {
		return nil // an interim response
	}
	s.head = fields
	if ends {
		s.theirs = ended
		s.bare = true
	}
	s.c.changed.Broadcast()
	return nil
}

// A Form says how a header block is sent.
type Form struct {
	EndStream bool
	Cut       int   // bytes in each frame; 0: as many as a frame may have
	Pad       uint8 // bytes of padding
	Priority  http2.PriorityParam
}

// Head sends a header block. The first on a stream of a client's opens it.
func (s *Stream) Head(fields []hpack.HeaderField, form Form) {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.role == client && s.id == 0 {
		s.id = c.next()
		c.add(s)
	}
	c.block.Reset()
	for _, f := range fields {
		_ = c.encoder.WriteField(f)
	}
	size := min(c.peer.frame, 16<<10) - int(form.Pad) - 8
	if form.Cut > 0 {
		size = form.Cut
	}
	block := c.block.Bytes()
	first := block[:min(size, len(block))]
	rest := block[len(first):]
	c.frame(func(f *http2.Framer) error {
		err := f.WriteHeaders(http2.HeadersFrameParam{
			StreamID: s.id, BlockFragment: first, EndHeaders: len(rest) == 0, EndStream: form.EndStream,
			PadLength: form.Pad, Priority: form.Priority,
		})
		for len(rest) > 0 {
			part := rest[:min(size, len(rest))]
			rest = rest[len(part):]
			err = f.WriteContinuation(s.id, len(rest) == 0, part)
		}
		return err
	})
	if s.spoken.IsZero() {
		s.spoken = time.Now()
	}
	if form.EndStream && s.ours == flowing {
		s.ours = ended
	}
}

// AwaitHead waits for the head of the peer's request or response. It returns os.ErrDeadlineExceeded
// if none comes in time.
func (s *Stream) AwaitHead(d time.Duration) ([]hpack.HeaderField, error) {
	c := s.c
	late := c.alarm(d)
	defer late.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for s.head == nil && s.theirs != broken && !late.rang {
		c.changed.Wait()
	}
	switch {
	case s.head != nil:
		return s.head, nil
	case s.theirs == broken:
		return nil, s.err
	}
	return nil, errLate
}
