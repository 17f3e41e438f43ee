package autobahn

import (
	"time"

	"github.com/hawser-ws/websocket/internal/naive"
)

// send sends a frame, valid or not, with the mask that the role requires. chop > 0 writes it in
// pieces of chop bytes. sync writes it separately from other frames.
func (s *session) send(f naive.Frame, chop int, sync bool) {
	f.Masked, f.Key = s.judged == Server, [4]byte{}
	if f.Masked {
		f.Key = freshKey()
	}
	s.sendAsIs(f, chop, sync)
}

// sendAsIs is like send for a frame whose mask is part of the case.
func (s *session) sendAsIs(f naive.Frame, chop int, sync bool) {
	s.count(f)
	s.log(Entry{
		Kind: logTxFrame, Length: len(f.Payload), Data: f.Payload,
		Opcode: f.Opcode, FIN: f.FIN, RSV: rsvOf(f), Masked: f.Masked, Key: f.Key, Chop: chop, Sync: sync,
	})
	if f.Opcode == opPong && chop == 0 && !sync {
		s.writeAside(naive.Encode(f))
		return
	}
	s.write(naive.Encode(f), chop, sync)
}

// writeAside sends a Pong, which is not progress of the case: a peer that only sends Pings
// counts as silent.
func (s *session) writeAside(p []byte) {
	if s.state == closed {
		return
	}
	s.traffic.TxWire += int64(len(p))
	s.logWrite(p, false)
	s.sender.add(packet{data: p, aside: true})
}

// count counts a sent frame.
func (s *session) count(f naive.Frame) {
	s.result.TxFrameStats[int(f.Opcode)]++
	if f.Opcode < 8 && s.state == open {
		s.traffic.TxFrames++
	}
}

// write sends bytes.
func (s *session) write(p []byte, chop int, sync bool) {
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

func rsvOf(f naive.Frame) byte {
	rsv := byte(0)
	for _, bit := range []bool{f.RSV1, f.RSV2, f.RSV3} {
		rsv <<= 1
		if bit {
			rsv |= 1
		}
	}
	return rsv
}

func (s *session) sendFragments(n int, f naive.Frame) {
	if len(f.Payload) <= n {
		s.send(f, 0, false)
		return
	}
	rest := f.Payload
	for {
		f.FIN = len(rest) < n
		f.Payload = rest[:min(n, len(rest))]
		rest = rest[len(f.Payload):]
		s.send(f, 0, false)
		if f.FIN {
			return
		}
		f.Opcode, f.RSV1 = opContinuation, false
	}
}

// The opcodes of RFC 6455 section 5.2.
const (
	opContinuation byte = 0
	opText         byte = 1
	opBinary       byte = 2
	opClose        byte = 8
	opPing         byte = 9
	opPong         byte = 10
)
