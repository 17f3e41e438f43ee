package mux

import (
	"bytes"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

var errLate = os.ErrDeadlineExceeded

// half is the state of one direction of a stream.
type half uint8

const (
	flowing half = iota
	ended        // by END_STREAM
	broken       // by RST_STREAM, or with the connection
)

// A Stream is one stream. All of it is under Conn.mu.
type Stream struct {
	c      *Conn
	id     uint32 // 0: a client has not opened it yet
	head   []hpack.HeaderField
	bare   bool // END_STREAM came with the head
	early  bool // it was opened before our settings had left
	in     bytes.Buffer
	owed   int64 // of the stream's window: read, and not given back
	left   int64 // of what the peer may send
	may    int64 // of what we may send
	ours   half
	theirs half
	err    error     // why theirs is broken
	data   time.Time // of the first DATA
	spoken time.Time // when our header block was queued
	shape  Shape
	alone  bool // the connection ends with it
	thrift bool // what was read is not given back

	reading, writing deadline
}

// A Shape says how what is written becomes DATA frames.
type Shape struct {
	Piece int  // bytes in each frame; 0: as many as a frame may have
	Pad   int  // bytes of padding
	Empty bool // a frame without data precedes each
	End   bool // the next write ends our half, with END_STREAM on its last frame
}

// NewStream returns a stream of a client. Head opens it.
func (c *Conn) NewStream() *Stream { return &Stream{c: c} }

// Only returns a stream with which the connection ends.
func (c *Conn) Only() *Stream { return &Stream{c: c, alone: true} }

// next returns the number of a client's next stream. Under mu.
func (c *Conn) next() uint32 {
	if c.last == 0 {
		return 1
	}
	return c.last + 2
}

// open makes a stream of the peer's. Under mu.
func (c *Conn) open(id uint32) *Stream {
	s := &Stream{c: c, id: id}
	c.add(s)
	return s
}

// add puts a stream into the table. Under mu.
func (c *Conn) add(s *Stream) {
	c.last = s.id
	s.left, s.may = c.window, c.peer.window
	c.streams[s.id] = s
	if c.err != nil {
		s.breakDown(c.err)
	}
}

// tunnel reports whether the stream carries a WebSocket, as far as its head says. Under mu.
func (s *Stream) tunnel() bool {
	if s.c.role == server {
		return true
	}
	return len(s.head) > 0 && s.head[0].Name == ":status" && len(s.head[0].Value) == 3 && s.head[0].Value[0] == '2'
}

// breakDown ends both directions because of err. Under mu.
func (s *Stream) breakDown(err error) {
	if s.err == nil {
		s.err = err
	}
	s.ours = broken
	if s.theirs == flowing { // what has ended in order has not been cut off
		s.theirs = broken
	}
	s.c.changed.Broadcast()
}

// Conn returns the stream's connection.
func (s *Stream) Conn() *Conn { return s.c }

// ID returns the stream's number.
func (s *Stream) ID() uint32 { return s.id }

// Early reports whether the peer opened the stream before our settings had left.
func (s *Stream) Early() bool { return s.early }

// Bare reports whether the peer's half ended with its head.
func (s *Stream) Bare() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.bare
}

// Hasty reports whether the peer sent DATA before our header block.
func (s *Stream) Hasty() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return !s.data.IsZero() && s.data.Before(s.spoken)
}

// Shape sets how what is written from now on becomes DATA.
func (s *Stream) Shape(shape Shape) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.shape = shape
}

// Read waits for DATA. The error is io.EOF after END_STREAM, or else a [*ResetError], a
// [*LostError] or a [*FaultError].
func (s *Stream) Read(p []byte) (int, error) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	for {
		switch {
		case s.in.Len() > 0:
			n, _ := s.in.Read(p)
			s.owed += int64(n)
			s.giveBack()
			return n, nil
		case s.theirs == ended:
			return 0, io.EOF
		case s.theirs == broken:
			return 0, s.err
		case s.reading.passed:
			return 0, os.ErrDeadlineExceeded
		}
		s.c.changed.Wait()
	}
}

// giveBack lets the peer send as much as was read. Under mu.
func (s *Stream) giveBack() {
	if s.owed == 0 || s.theirs != flowing || s.thrift {
		return
	}
	n := s.owed
	s.left, s.owed = s.left+n, 0
	s.c.frame(func(f *http2.Framer) error { return f.WriteWindowUpdate(s.id, uint32(n)) })
}

// Withhold has the peer get no more of the stream's window, or all that it was not given.
func (s *Stream) Withhold(on bool) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.thrift = on
	s.giveBack()
}

// Grant lets the peer send n bytes more.
func (s *Stream) Grant(n uint32) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.left += int64(n)
	s.c.frame(func(f *http2.Framer) error { return f.WriteWindowUpdate(s.id, n) })
}

// Write writes p in DATA frames, as the peer's windows permit, and waits until they are on their
// way.
func (s *Stream) Write(p []byte) (n int, err error) {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	ends := s.shape.End
	for len(p) > 0 {
		if err := s.writable(); err != nil {
			return n, err
		}
		size := s.room(len(p))
		if size <= 0 {
			c.changed.Wait()
			continue
		}
		s.put(p[:size], ends && size == len(p))
		p = p[size:]
		n += size
		if err := c.flush(s.writable); err != nil {
			return n, err
		}
	}
	return n, nil
}

// room returns how many of n bytes fit into the next frame; 0 or less: the windows are used up.
// Under mu.
func (s *Stream) room(n int) int {
	size := min(n, s.c.peer.frame, 16<<10)
	if s.shape.Piece > 0 {
		size = min(size, s.shape.Piece)
	}
	pad := 0
	if s.shape.Pad > 0 {
		pad = s.shape.Pad + 1
		size = min(size, s.c.peer.frame-pad)
	}
	return int(min(int64(size+pad), s.may, s.c.may)) - pad
}

// put frames p. Under mu.
func (s *Stream) put(p []byte, end bool) {
	var pad []byte
	size := len(p)
	if s.shape.Pad > 0 {
		pad = make([]byte, s.shape.Pad)
		size += len(pad) + 1
	}
	s.may -= int64(size)
	s.c.may -= int64(size)
	s.c.frame(func(f *http2.Framer) error {
		if s.shape.Empty {
			_ = f.WriteData(s.id, false, nil)
		}
		return f.WriteDataPadded(s.id, end, p, pad)
	})
	if end && s.ours == flowing {
		s.ours = ended
	}
}

// writable returns why nothing can be written, or nil. Under mu.
func (s *Stream) writable() error {
	switch {
	case s.ours == broken:
		return s.err
	case s.ours != flowing:
		return net.ErrClosed
	case s.writing.passed:
		return os.ErrDeadlineExceeded
	}
	return nil
}

// CloseWrite sends END_STREAM.
func (s *Stream) CloseWrite() error {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.ours != flowing || s.id == 0 {
		return nil
	}
	s.ours = ended
	s.c.frame(func(f *http2.Framer) error { return f.WriteData(s.id, true, nil) })
	return nil
}

// Reset sends RST_STREAM. The stream is over.
func (s *Stream) Reset(code http2.ErrCode) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.reset(code)
}

func (s *Stream) reset(code http2.ErrCode) {
	if s.id != 0 && (s.ours == flowing || s.theirs == flowing) {
		s.c.frame(func(f *http2.Framer) error { return f.WriteRSTStream(s.id, code) })
	}
	s.breakDown(net.ErrClosed)
}

// Close ends the stream, with RST_STREAM and CANCEL unless both directions have ended (RFC 8441
// section 5).
func (s *Stream) Close() error {
	s.c.mu.Lock()
	s.reset(http2.ErrCodeCancel)
	s.in = bytes.Buffer{}
	delete(s.c.streams, s.id)
	s.c.mu.Unlock()
	if s.alone {
		s.c.Close()
	}
	return nil
}
