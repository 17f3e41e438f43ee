package autobahn

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/internal/naive"
)

// receive processes bytes that have arrived.
func (s *session) receive(p []byte) {
	if len(p) == 0 {
		return
	}
	arrived, moved := time.Now(), false
	s.result.RxOctetStats[len(p)]++
	s.log(Entry{Kind: logRxOctets, Length: len(p), Data: p})
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
func (s *session) moves(opcode byte) bool {
	r := s.result
	return opcode != opPing && (opcode != opPong || r.RxFrameStats[int(opPong)] <= r.TxFrameStats[int(opPing)])
}

// receiveFrame processes a frame at the beginning of p. It returns its size, or 0 if p does not
// contain all of it.
func (s *session) receiveFrame(p []byte) int {
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
			s.drop()
		}
		return 0
	}
	end := size + int(f.Length)
	f.Payload = p[size:end]
	if f.Masked {
		naive.Mask(f.Payload, f.Key, 0)
	}
	in.header = nil
	s.result.RxFrameStats[int(f.Opcode)]++
	s.log(Entry{
		Kind: logRxFrame, Length: len(f.Payload), Data: f.Payload,
		Opcode: f.Opcode, FIN: f.FIN, RSV: rsvOf(f), Masked: f.Masked, Key: f.Key,
	})
	switch {
	case f.Opcode == opClose:
		s.receiveClose(f.Payload)
	case f.Opcode == opPing:
		if s.state == open {
			s.send(naive.Frame{FIN: true, Opcode: opPong, Payload: f.Payload}, 0, false)
		}
	case f.Opcode == opPong && !s.result.FailedByMe:
		s.play.pong(s, Event{Kind: "pong", Payload: append([]byte{}, f.Payload...)})
	case f.Opcode <= opBinary:
		s.receiveData(f)
	}
	return end
}

// checkHeader checks a header against what the peer may send now.
func (s *session) checkHeader(f naive.Frame) {
	if rules := naive.Broken(f, s.judged == Client, s.terms != nil); len(rules) > 0 {
		s.violation("frame breaks the rules: %s (RFC 6455 section 5.2)", strings.Join(rules, ", "))
		return
	}
	switch inside := s.in.kind != 0; {
	case f.Opcode == opContinuation && !inside:
		s.violation("continuation frame outside of a message (RFC 6455 section 5.4)")
	case (f.Opcode == opText || f.Opcode == opBinary) && inside:
		s.violation("new message inside of a fragmented one (RFC 6455 section 5.4)")
	}
}

// receiveData processes a frame of a message.
func (s *session) receiveData(f naive.Frame) {
	in := &s.in
	if in.kind == 0 || f.Opcode != opContinuation {
		in.kind = max(f.Opcode, opText)
		in.compressed = f.RSV1 && s.terms != nil
		in.message = in.message[:0]
	}
	s.traffic.RxFrames++
	if len(in.message)+len(f.Payload) > in.limit {
		s.violation("message of more than %d bytes", in.limit)
		s.drop()
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
	binary := in.kind == opBinary
	in.kind = 0
	s.receiveMessage(message, binary)
}

// receiveMessage processes a whole message.
func (s *session) receiveMessage(message []byte, binary bool) {
	in := &s.in
	s.traffic.RxMsgs++
	s.traffic.RxWS += int64(len(message))
	if in.compressed {
		inflated, err := in.inflater.Message(in.inflated[:0], message, in.limit)
		if err != nil {
			s.violation("compressed message: %v", err)
			s.whyNotClean("the peer's compressed message does not inflate")
			s.drop()
			return
		}
		message, in.inflated = inflated, inflated
	}
	s.traffic.RxApp += int64(len(message))
	if !binary && !utf8.Valid(message) {
		s.fail(1007, "text message is not valid UTF-8")
		return
	}
	if !s.result.FailedByMe {
		s.play.message(s, message, binary)
	}
}

// receiveClose processes a Close frame (RFC 6455 sections 5.5.1 and 7.1).
func (s *session) receiveClose(payload []byte) {
	code, reason, fault := naive.Close(payload)
	s.result.RemoteCloseCode, s.result.RemoteCloseReason = nil, nil
	if len(payload) > 1 {
		s.result.RemoteCloseCode = &code
	}
	if len(payload) > 2 && utf8.ValidString(reason) {
		s.result.RemoteCloseReason = &reason
	}
	if fault != 0 {
		s.note("The peer's Close frame is not valid: code %d, %d bytes.", code, len(payload))
		s.fail(fault, fmt.Sprintf("Close frame with code %d is not valid", code))
	}
	if s.state != open && s.state != closing {
		return
	}
	s.result.WasClean = true
	s.sendClose(1000, "", false) // unless we sent one before
	switch {
	case s.judged == Server:
		s.awaitDrop()
	case s.linger > 0:
		s.after(s.linger, s.drop)
	default:
		// RFC 6455 section 7.1.1: the server closes TCP first.
		s.drop()
	}
}

// awaitDrop gives a server time to close TCP.
func (s *session) awaitDrop() {
	s.after(dropTimeout, func() {
		s.whyNotClean("server did not drop TCP connection (in time)")
		s.result.DropTimeout = true
		s.drop()
	})
}
