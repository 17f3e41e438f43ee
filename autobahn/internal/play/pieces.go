package play

import (
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// Pieces is a frame that several steps send, each a part of its bytes. All use the same masking
// key.
type Pieces struct {
	Frame naive.Frame
	Key   [4]byte
}

// Send sends bytes from up to end, exclusive, of the frame; -1 is the end of the frame.
func (p Pieces) Send(from, end int, pause time.Duration) Step {
	return func(s *Session) (time.Duration, string) {
		wire, _ := p.encode(s, from == 0)
		to := end
		if end < 0 {
			to = len(wire)
		}
		s.write(wire[from:to], 0, true)
		return pause, ""
	}
}

// SendPayload sends bytes from up to end, exclusive, of the payload. The header precedes the
// first.
func (p Pieces) SendPayload(from, end int) Step {
	return func(s *Session) (time.Duration, string) {
		wire, header := p.encode(s, from == 0)
		if from == 0 {
			s.write(wire[:header], 0, false)
		}
		s.write(wire[header+from:header+end], 0, false)
		return 0, ""
	}
}

// encode returns the whole frame and the size of its header.
func (p Pieces) encode(s *Session, first bool) (wire []byte, header int) {
	f := p.Frame
	f.Masked, f.Key = s.Judged == verdict.Server, p.Key
	if first {
		s.count(f)
	}
	wire = naive.Encode(f)
	return wire, len(wire) - len(f.Payload)
}
