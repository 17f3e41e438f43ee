package autobahn

import (
	"time"

	"github.com/hawser-ws/websocket/internal/naive"
)

// pieces is a frame that several steps send, each a part of its bytes. All use the same masking
// key.
type pieces struct {
	frame naive.Frame
	key   [4]byte
}

// send sends bytes from up to end, exclusive, of the frame; -1 is the end of the frame.
func (p pieces) send(from, end int, pause time.Duration) step {
	return func(s *session) (time.Duration, string) {
		wire, _ := p.encode(s, from == 0)
		to := end
		if end < 0 {
			to = len(wire)
		}
		s.write(wire[from:to], 0, true)
		return pause, ""
	}
}

// sendPayload sends bytes from up to end, exclusive, of the payload. The header precedes the
// first.
func (p pieces) sendPayload(from, end int) step {
	return func(s *session) (time.Duration, string) {
		wire, header := p.encode(s, from == 0)
		if from == 0 {
			s.write(wire[:header], 0, false)
		}
		s.write(wire[header+from:header+end], 0, false)
		return 0, ""
	}
}

// encode returns the whole frame and the size of its header.
func (p pieces) encode(s *session, first bool) (wire []byte, header int) {
	f := p.frame
	f.Masked, f.Key = s.judged == Server, p.key
	if first {
		s.count(f)
	}
	wire = naive.Encode(f)
	return wire, len(wire) - len(f.Payload)
}
