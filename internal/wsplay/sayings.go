package wsplay

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// Sayings makes messages worth compressing: each is words of a small vocabulary, and
// repeats some of what was said before.
type Sayings struct {
	R      *rand.Rand
	before []byte
}

// Message returns a message of n bytes.
func (s *Sayings) Message(n int) []byte {
	p := make([]byte, 0, n+64)
	for len(p) < n {
		switch s.R.IntN(8) {
		case 0:
			p = fmt.Appendf(p, `{"id":%d,"at":%.3f}`, s.R.IntN(1e6), s.R.Float64())
		case 1: // from as far back as any window reaches
			if len(s.before) > 0 {
				at := s.R.IntN(len(s.before))
				p = append(p, s.before[at:min(len(s.before), at+3+s.R.IntN(300))]...)
			}
		case 2:
			p = append(p, bytes.Repeat([]byte{byte('a' + s.R.IntN(4))}, s.R.IntN(400))...)
		default:
			p = append(p, []string{"offer ", "answer ", "candidate ", "\r\na=rtpmap:"}[s.R.IntN(4)]...)
		}
	}
	p = p[:n]
	s.before = append(s.before, p...)
	s.before = s.before[max(0, len(s.before)-80<<10):]
	return p
}

// Noise returns bytes that do not compress.
func (s *Sayings) Noise(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(s.R.Uint32())
	}
	return p
}

// Size draws a length: mostly short, rarely beyond every buffer.
func (s *Sayings) Size() int {
	switch s.R.IntN(10) {
	case 0:
		return s.R.IntN(3)
	case 1:
		return s.R.IntN(150_000)
	case 2, 3:
		return s.R.IntN(20_000)
	}
	return s.R.IntN(600)
}
