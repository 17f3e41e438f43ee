package play

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// receive processes bytes that have arrived.
func (s *Session) receive(p []byte) {
	if len(p) == 0 {
		return
	}
	arrived, moved := time.Now(), false
	s.Result.RxOctetStats[len(p)]++
	s.log(verdict.Entry{Kind: verdict.LogRxOctets, Length: len(p), Data: p})
	s.traffic.RxWire += int64(len(p))

	in := &s.in
	held := len(in.pending) > 0
	if held {
		in.pending = append(in.pending, p...)
		p = in.pending
	}
	for s.state != closed {
		n := s.receiveFrame(p)
		if n == 0 {
			break
		}
		moved = moved || s.moves(p[0]&0xf)
		p = p[n:]
	}
	if moved || len(p) > 0 {
		s.alive = arrived
	}
	switch {
	case !held || len(p) == 0:
		in.pending = append(in.pending[:0], p...)
	case len(p) < len(in.pending):
		in.pending = in.pending[:copy(in.pending, p)]
	}
}

// moves reports whether a frame is progress of the case. Pings and unsolicited Pongs are not: a
// peer may send them forever.
func (s *Session) moves(opcode byte) bool {
	r := s.Result
	return opcode != OpPing && (opcode != OpPong || r.RxFrameStats[int(OpPong)] <= r.TxFrameStats[int(OpPing)])
}

// receiveFrame processes a frame at the beginning of p. It returns its size, or 0 if p does not
// contain all of it.
func (s *Session) receiveFrame(p []byte) int {
	in := &s.in
	if in.header == nil {
		header, size := naive.DecodeHeader(p)
		if size == 0 {
			return 0
		}
		in.header, in.size = &header, size
		s.checkHeader(header)
	}
	f, size := *in.header, in.size
	if uint64(len(p)-size) < f.Length {
		if f.Length > uint64(in.limit) {
			s.violation("frame of %d bytes", f.Length)
			s.Drop()
		}
		return 0
	}
	end := size + int(f.Length)
	f.Payload = p[size:end]
	if f.Masked {
		naive.Mask(f.Payload, f.Key, 0)
	}
	in.header = nil
	s.Result.RxFrameStats[int(f.Opcode)]++
	s.log(verdict.Entry{
		Kind: verdict.LogRxFrame, Length: len(f.Payload), Data: f.Payload,
		Opcode: f.Opcode, FIN: f.FIN, RSV: RSVOf(f), Masked: f.Masked, Key: f.Key,
	})
	switch {
	case f.Opcode == OpClose:
		s.receiveClose(f.Payload)
	case f.Opcode == OpPing:
		// RFC 6455 section 5.5.3 lets us leave out Pongs. A peer that reads none could fill our memory.
		if s.state == open && s.sender.pongs() < mostPongs {
			s.Send(naive.Frame{FIN: true, Opcode: OpPong, Payload: f.Payload}, 0, false)
		}
	case f.Opcode == OpPong && !s.Result.FailedByMe:
		s.play.Pong(s, verdict.Event{Kind: "pong", Payload: append([]byte{}, f.Payload...)})
	case f.Opcode <= OpBinary:
		s.receiveData(f)
	}
	return end
}

// checkHeader checks a header against what the peer may send now.
func (s *Session) checkHeader(f naive.Frame) {
	if rules := naive.Broken(f, s.Judged == verdict.Client, s.terms != nil); len(rules) > 0 {
		s.violation("frame breaks the rules: %s (RFC 6455 section 5.2)", strings.Join(rules, ", "))
		return
	}
	switch inside := s.in.kind != 0; {
	case f.Opcode == OpContinuation && !inside:
		s.violation("continuation frame outside of a message (RFC 6455 section 5.4)")
	case (f.Opcode == OpText || f.Opcode == OpBinary) && inside:
		s.violation("new message inside of a fragmented one (RFC 6455 section 5.4)")
	}
}

// receiveData processes a frame of a message.
func (s *Session) receiveData(f naive.Frame) {
	in := &s.in
	if in.kind == 0 || f.Opcode != OpContinuation {
		in.kind = max(f.Opcode, OpText)
		in.compressed = f.RSV1 && s.terms != nil
		in.message = in.message[:0]
	}
	s.traffic.RxFrames++
	if len(in.message)+len(f.Payload) > in.limit {
		s.violation("message of more than %d bytes", in.limit)
		s.Drop()
		return
	}
	if !f.FIN {
		in.message = append(in.message, f.Payload...)
		return
	}
	message := f.Payload
	if len(in.message) > 0 {
		in.message = append(in.message, f.Payload...)
		message = in.message
	}
	binary := in.kind == OpBinary
	in.kind = 0
	s.receiveMessage(message, binary)
}

// receiveMessage processes a whole message.
func (s *Session) receiveMessage(message []byte, binary bool) {
	in := &s.in
	s.traffic.RxMsgs++
	s.traffic.RxWS += int64(len(message))
	if in.compressed {
		inflated, err := in.inflater.Message(in.inflated[:0], message, in.limit)
		if err != nil {
			s.violation("compressed message: %v", err)
			s.whyNotClean("the peer's compressed message does not inflate")
			s.Drop()
			return
		}
		message, in.inflated = inflated, inflated
	}
	s.traffic.RxApp += int64(len(message))
	if !binary && !utf8.Valid(message) {
		s.fail(1007, "text message is not valid UTF-8")
		return
	}
	if !s.Result.FailedByMe {
		s.play.Message(s, message, binary)
	}
}

// receiveClose processes a Close frame (RFC 6455 sections 5.5.1 and 7.1).
func (s *Session) receiveClose(payload []byte) {
	code, reason, fault := naive.Close(payload)
	s.Result.RemoteCloseCode, s.Result.RemoteCloseReason = nil, nil
	if len(payload) > 1 {
		s.Result.RemoteCloseCode = &code
	}
	if len(payload) > 2 && utf8.ValidString(reason) {
		s.Result.RemoteCloseReason = &reason
	}
	if fault != 0 {
		s.Note("The peer's Close frame is not valid: code %d, %d bytes.", code, len(payload))
		s.fail(fault, fmt.Sprintf("Close frame with code %d is not valid", code))
	}
	if s.state != open && s.state != closing {
		return
	}
	s.Result.WasClean = true
	s.sendClose(1000, "", false) // unless we sent one before
	switch {
	case s.Judged == verdict.Server && s.HTTP2() != nil:
		s.awaitEnd()
	case s.Judged == verdict.Server:
		s.awaitDrop()
	case s.linger > 0:
		s.after(s.linger, s.Drop)
	default:
		// RFC 6455 section 7.1.1: the server closes TCP first.
		s.Drop()
	}
}

// awaitDrop gives a server time to close TCP.
func (s *Session) awaitDrop() {
	s.after(DropTimeout, func() {
		s.whyNotClean("server did not drop TCP connection (in time)")
		s.Result.DropTimeout = true
		s.Drop()
	})
}
