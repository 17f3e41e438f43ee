package autobahn

import (
	"fmt"
	"slices"
	"time"

	"github.com/hawser-ws/websocket/internal/naive"
)

// chapter20 has what the original lacks. Every case names the sentence of the RFC.
func chapter20() []*Case {
	return slices.Concat(
		askedOfServers(),    // 20.1, 20.2
		answeredToClients(), // 20.3, 20.4
		masks(),             // 20.5
		lengths(),           // 20.6
		fragments(),         // 20.7
		closeFrames(),       // 20.8
		stalls(),            // 20.9
		negotiations(),      // 20.10, 20.11
		deflateFrames(),     // 20.12
		deflateStreams(),    // 20.13, 20.14
		floods(),            // 20.15
	)
}

// by sets the sentence of some cases.
func by(sentence string, cases ...*Case) []*Case {
	for _, c := range cases {
		c.Sentence = sentence
	}
	return cases
}

const hello = "Hello, world!"

// The RFC gives no times. Unlike the original's, these cases have no timers of their own: a
// peer may be silent for as long as [FuzzingClient.Timeout] allows.

// comesBack is the play of a connection without faults: a message comes back.
func comesBack(steps ...step) script {
	return script{
		steps: append(steps, send(text(hello))),
		ok:    []Event{gotText(hello)}, ends: weClose, prompt: true,
	}
}

// fails is the play of frames that make the peer fail the connection with one of codes.
func fails(codes []int, steps ...step) script {
	return script{
		steps:    append(steps, fence),
		ends:     ExpectedClose{Codes: codes},
		fatalEnd: true,
		prompt:   true,
		last:     saysWhy,
	}
}

// saysWhy: RFC 6455 section 7.1.7: an endpoint that fails a connection "SHOULD send a Close
// frame with an appropriate status code".
func saysWhy(r *Result) {
	switch {
	case r.Behavior != OK:
	case r.RxFrameStats[int(opClose)] == 0:
		r.Behavior, r.Result = NonStrict, "The peer ended TCP and did not say why."
	default:
		codeFits(r)
	}
}

// codeFits is saysWhy for a peer that need not send a Close frame at all.
func codeFits(r *Result) {
	if r.Behavior == OK && r.BehaviorClose == WrongCode {
		r.Behavior, r.Result = NonStrict, r.ResultClose
	}
}

// allowed sets v whatever else was unexpected, because nothing binds the peer to that.
func allowed(r *Result, v Verdict, format string, args ...any) {
	r.Behavior, r.Result = v, fmt.Sprintf(format, args...)
	r.BehaviorClose, r.ResultClose = OK, "How the connection ended is open."
}

const (
	mustFail     = "The connection fails with 1002."
	shouldFail   = "The connection fails with 1002. To take the frame is NON-STRICT: the RFC binds the sender."
	mustComeBack = "The message comes back. The suite closes."
)

// sendAsIs sends frames with masks that the role forbids.
func sendAsIs(frame func(judged Role) naive.Frame) step {
	return func(s *session) (time.Duration, string) {
		s.sendAsIs(frame(s.judged), 0, false)
		return 0, ""
	}
}

// wrongMask returns f without a mask for a server, and with one for a client.
func wrongMask(f naive.Frame) func(Role) naive.Frame {
	return func(judged Role) naive.Frame {
		wrong := f // a copy for this play: others may be in progress
		wrong.Masked = judged == Client
		wrong.Key = [4]byte{0x12, 0x34, 0x56, 0x78}
		return wrong
	}
}

// sendDeclared sends a frame whose declared length uses extended bytes (0, 2 or 8) and may
// differ from the payload's length.
func sendDeclared(opcode byte, declared uint64, extended int, payload string) step {
	return func(s *session) (time.Duration, string) {
		f := whole(opcode, payload)
		f.Length, f.Extended = declared, extended
		f.Masked = s.judged == Server
		if f.Masked {
			f.Key = freshKey()
		}
		s.sendAsIs(f, 0, false)
		return 0, ""
	}
}
