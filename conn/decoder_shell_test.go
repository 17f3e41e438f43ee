package conn

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hawser-ws/websocket/frame"
)

// decoderShell is the least that a shell does with a Decoder. What comes of the bytes it
// writes down in words.
type decoderShell struct {
	d       Decoder
	in      *Inflater
	limits  Limits
	general bool // it does not look for messages of one frame
	room    int  // for output of decompression, 0 for plenty

	buf     []byte
	taken   int // bytes
	engine  *InflateEngine
	message []byte
	events  []string
	refused error
}

func newDecoderShell(want frame.Expectation, limits Limits) *decoderShell {
	s := &decoderShell{limits: limits}
	s.d.Init(want)
	if want.RSV1 {
		in := NewInflater(Terms{WindowBits: 15, Takeover: true})
		s.in = &in
	}
	return s
}

func (s *decoderShell) note(format string, args ...any) {
	s.events = append(s.events, fmt.Sprintf(format, args...))
}

// refuse takes a verdict, and reports whether it was one.
func (s *decoderShell) refuse(err error) bool {
	if v, ok := err.(*frame.Violation); err == nil || ok && v == nil {
		return false
	}
	s.refused = err
	code := CodeTooBig
	if v, ok := errors.AsType[*frame.Violation](err); ok {
		code = v.Code
	}
	s.note("refused %d: %v", code, err)
	return true
}

func (s *decoderShell) take(n int) []byte {
	p := s.buf[:n]
	s.buf, s.taken = s.buf[n:], s.taken+n
	return p
}

// feed takes the next bytes of the stream.
func (s *decoderShell) feed(p []byte) {
	s.buf = append(s.buf, p...)
	for s.refused == nil && s.step() {
	}
}

// step does what can be done next. It reports false when more bytes are needed.
func (s *decoderShell) step() bool {
	switch {
	case s.d.AtHeader():
		return !s.general && s.single() || s.next()
	case s.d.Compressed():
		return s.inflate()
	}
	have := int(min(s.d.Left(), uint64(len(s.buf))))
	if p := s.take(have); s.refuse(s.d.Open(p)) {
		return false
	} else {
		s.message = append(s.message, p...)
	}
	return s.d.Left() == 0 && s.endFrame()
}

func (s *decoderShell) endFrame() bool {
	op := s.d.Message()
	last, v := s.d.EndFrame()
	if s.refuse(v) {
		return false
	}
	if last {
		s.deliver(op)
	}
	return true
}

func (s *decoderShell) deliver(op frame.Opcode) {
	s.note("%v %.99q", op, s.message)
	s.message = nil
}

func (s *decoderShell) single() bool {
	op, p, n := s.d.Single(s.buf, s.limits)
	if n == 0 {
		return false
	}
	s.take(n)
	got, v := s.d.AppendSingle([]byte("before "), op, p)
	if !s.refuse(v) {
		s.message = got[len("before "):]
		s.deliver(op)
	}
	return true
}

func (s *decoderShell) next() bool {
	f, n, err := s.d.Next(s.buf, s.limits)
	if s.take(n); s.refuse(err) || n == 0 {
		return false
	}
	switch f.Opcode {
	case frame.Ping, frame.Pong:
		s.note("%v %q", f.Opcode, f.Payload)
	case frame.Close:
		code, reason, v := frame.ParseClose(f.Payload)
		if !s.refuse(v) {
			s.note("close %d %s", code, reason)
		}
	}
	return true
}

func (s *decoderShell) inflate() bool {
	if s.engine == nil {
		s.engine = new(InflateEngine)
		s.d.Lend(s.engine, s.in)
	}
	room := 1 << 10
	if s.room > 0 {
		room = s.room
	}
	out := slices.Grow(slices.Clip(s.message), room)
	out, used, status, err := s.d.Inflate(out[:len(s.message):len(s.message)+room], 0, s.buf, s.limits)
	s.message = out
	if s.take(used); s.refuse(err) {
		return false
	}
	switch status {
	case InflateEnd:
		op := s.d.Message()
		if s.engine = nil; s.refuse(s.d.EndInflated(out)) {
			return false
		}
		s.deliver(op)
	case InflateInput:
		return s.d.Left() == 0 && s.endFrame()
	}
	return true
}
