// Package micro measures functions in this process, in turns: the cost of a message without
// kernel and network, and the parts of that cost.
package micro

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/bench/raw"
)

// A Stub is the connection below a library: a client that sends the same frames repeatedly, and
// accepts whatever is written.
type Stub struct {
	frames  []byte
	ends    []int // where each frame ends
	answers []byte
	single  bool

	pos, frame int
	closed     atomic.Bool
	keep       bool
	written    []byte

	Reads, Writes int   // calls
	Bytes         int64 // written
}

// NewStub makes a stub whose client sends texts, masked, each in its own frame. A Read fills
// its buffer completely, like one from a socket with plenty of data or, if single, ends where a
// frame ends.
func NewStub(texts [][]byte, single bool) *Stub {
	s := &Stub{single: single}
	for i, text := range texts {
		key := [4]byte{byte(i*37 + 1), byte(i*101 + 7), byte(i*59 + 90), byte(i*17 + 200)}
		s.frames = raw.AppendFrame(s.frames, raw.Text, false, key, text)
		s.ends = append(s.ends, len(s.frames))
		s.answers = appendServerFrame(s.answers, text)
	}
	return s
}

// appendServerFrame appends text as a server sends it. AppendFrame masks, so the key of zeros
// is cut out.
func appendServerFrame(dst, text []byte) []byte {
	f := raw.AppendFrame(nil, raw.Text, false, [4]byte{}, text)
	header := len(f) - len(text) - 4
	f[1] &^= 0x80
	return append(append(dst, f[:header]...), text...)
}

// Largest returns the length of the longest frame.
func (s *Stub) Largest() (most int) {
	start := 0
	for _, end := range s.ends {
		most = max(most, end-start)
		start = end
	}
	return most
}

// Variety returns the number of different frames.
func (s *Stub) Variety() int { return len(s.ends) }

func (s *Stub) Read(p []byte) (int, error) {
	s.Reads++
	if s.closed.Load() {
		return 0, io.EOF
	}
	if s.single {
		n := copy(p, s.frames[s.pos:s.ends[s.frame]])
		s.pos += n
		if s.pos == s.ends[s.frame] {
			s.frame++
			if s.frame == len(s.ends) {
				s.pos, s.frame = 0, 0
			}
		}
		return n, nil
	}
	n := 0
	for n < len(p) {
		m := copy(p[n:], s.frames[s.pos:])
		n += m
		if s.pos += m; s.pos == len(s.frames) {
			s.pos = 0
		}
	}
	return n, nil
}

func (s *Stub) Write(p []byte) (int, error) {
	s.Writes++
	s.Bytes += int64(len(p))
	if s.keep {
		s.written = append(s.written, p...)
	}
	return len(p), nil
}

// Rest resets the counters.
func (s *Stub) Rest() { s.Reads, s.Writes, s.Bytes = 0, 0, 0 }

// Check makes run echo every frame once and compares what is written. It must be called at the
// beginning of the frames.
func (s *Stub) Check(run func(n int) error) error {
	s.keep, s.written = true, nil
	err := run(s.Variety())
	s.keep = false
	if err != nil {
		return err
	}
	if !bytes.Equal(s.written, s.answers) {
		return fmt.Errorf("%d bytes were written, which are not the %d of the answers", len(s.written), len(s.answers))
	}
	s.written = nil
	return nil
}

// Average returns the average number of bytes in an answer.
func (s *Stub) Average() float64 { return float64(len(s.answers)) / float64(len(s.ends)) }

// The remaining methods of a net.Conn.

func (s *Stub) Close() error                     { s.closed.Store(true); return nil }
func (s *Stub) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }
func (s *Stub) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 50000} }
func (s *Stub) SetDeadline(time.Time) error      { return nil }
func (s *Stub) SetReadDeadline(time.Time) error  { return nil }
func (s *Stub) SetWriteDeadline(time.Time) error { return nil }
