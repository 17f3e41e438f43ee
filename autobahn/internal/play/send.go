package play

import (
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// Send sends a frame, valid or not, with the mask that the role requires. chop > 0 writes it in
// pieces of chop bytes. sync writes it separately from other frames.
func (s *Session) Send(f naive.Frame, chop int, sync bool) {
	f.Masked, f.Key = s.Judged == verdict.Server, [4]byte{}
	if f.Masked {
		f.Key = FreshKey()
	}
	s.SendAsIs(f, chop, sync)
}

// SendAsIs is like send for a frame whose mask is part of the case.
func (s *Session) SendAsIs(f naive.Frame, chop int, sync bool) {
	s.count(f)
	s.log(verdict.Entry{
		Kind: verdict.LogTxFrame, Length: len(f.Payload), Data: f.Payload,
		Opcode: f.Opcode, FIN: f.FIN, RSV: RSVOf(f), Masked: f.Masked, Key: f.Key, Chop: chop, Sync: sync,
	})
	if f.Opcode == OpPong && chop == 0 && !sync {
		s.writeAside(naive.Encode(f))
		return
	}
	s.write(naive.Encode(f), chop, sync)
}

// writeAside sends a Pong, which is not progress of the case: a peer that only sends Pings
// counts as silent.
func (s *Session) writeAside(p []byte) {
	if s.state == closed {
		return
	}
	s.traffic.TxWire += int64(len(p))
	s.logWrite(p, false)
	s.sender.add(packet{data: p, aside: true})
}

// count counts a sent frame.
func (s *Session) count(f naive.Frame) {
	s.Result.TxFrameStats[int(f.Opcode)]++
	if f.Opcode < 8 && s.state == open {
		s.traffic.TxFrames++
	}
}

// write sends bytes.
func (s *Session) write(p []byte, chop int, sync bool) {
	if s.state == closed {
		return
	}
	s.traffic.TxWire += int64(len(p))
	s.alive = time.Now()
	if chop <= 0 {
		s.logWrite(p, sync)
		s.sender.put(p, sync)
		return
	}
	for len(p) > 0 {
		n := min(chop, len(p))
		s.logWrite(p[:n], true)
		s.sender.put(p[:n:n], true)
		p = p[n:]
	}
}

func RSVOf(f naive.Frame) byte {
	rsv := byte(0)
	for _, bit := range []bool{f.RSV1, f.RSV2, f.RSV3} {
		rsv <<= 1
		if bit {
			rsv |= 1
		}
	}
	return rsv
}

func (s *Session) SendFragments(n int, f naive.Frame) {
	if len(f.Payload) <= n {
		s.Send(f, 0, false)
		return
	}
	rest := f.Payload
	for {
		f.FIN = len(rest) < n
		f.Payload = rest[:min(n, len(rest))]
		rest = rest[len(f.Payload):]
		s.Send(f, 0, false)
		if f.FIN {
			return
		}
		f.Opcode, f.RSV1 = OpContinuation, false
	}
}
