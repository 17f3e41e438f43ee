package cases

import (
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// by sets the sentence of some cases.
func by(sentence string, cases ...*play.Case) []*play.Case {
	for _, c := range cases {
		c.Sentence = sentence
	}
	return cases
}

const hello = "Hello, world!"

// comesBack is the play of a connection without faults: a message comes back.
func comesBack(steps ...play.Step) play.Script {
	return play.Script{
		Steps: append(steps, play.Send(text(hello))),
		OK:    []verdict.Event{gotText(hello)}, Ends: weClose, Prompt: true,
	}
}

// fails is the play of frames that make the peer fail the connection with one of codes.
func fails(codes []int, steps ...play.Step) play.Script {
	return play.Script{
		Steps:    append(steps, play.Fence),
		Ends:     verdict.ExpectedClose{Codes: codes},
		FatalEnd: true,
		Prompt:   true,
		Last:     saysWhy,
	}
}

// saysWhy: RFC 6455 section 7.1.7: an endpoint that fails a connection "SHOULD send a Close
// frame with an appropriate status code".
func saysWhy(r *verdict.Result) {
	switch {
	case r.Behavior != verdict.OK:
	case r.RxFrameStats[int(play.OpClose)] == 0:
		r.Behavior, r.Result = verdict.NonStrict, "The peer ended TCP and did not say why."
	default:
		codeFits(r)
	}
}

// codeFits is saysWhy for a peer that need not send a Close frame at all.
func codeFits(r *verdict.Result) {
	if r.Behavior == verdict.OK && r.BehaviorClose == verdict.WrongCode {
		r.Behavior, r.Result = verdict.NonStrict, r.ResultClose
	}
}

// allowed sets v whatever else was unexpected, because nothing binds the peer to that.
func allowed(r *verdict.Result, v verdict.Verdict, format string, args ...any) {
	r.Behavior, r.Result = v, fmt.Sprintf(format, args...)
	r.BehaviorClose, r.ResultClose = verdict.OK, "How the connection ended is open."
}

const (
	mustFail     = "The connection fails with 1002."
	shouldFail   = "The connection fails with 1002. To take the frame is NON-STRICT: the RFC binds the sender."
	mustComeBack = "The message comes back. The suite closes."
)

// sendAsIs sends frames with masks that the role forbids.
func sendAsIs(frame func(judged verdict.Role) naive.Frame) play.Step {
	return func(s *play.Session) (time.Duration, string) {
		s.SendAsIs(frame(s.Judged), 0, false)
		return 0, ""
	}
}

// wrongMask returns f without a mask for a server, and with one for a client.
func wrongMask(f naive.Frame) func(verdict.Role) naive.Frame {
	return func(judged verdict.Role) naive.Frame {
		wrong := f // a copy for this play: others may be in progress
		wrong.Masked = judged == verdict.Client
		wrong.Key = [4]byte{0x12, 0x34, 0x56, 0x78}
		return wrong
	}
}

// sendDeclared sends a frame whose declared length uses extended bytes (0, 2 or 8) and may
// differ from the payload's length.
func sendDeclared(opcode byte, declared uint64, extended int, payload string) play.Step {
	return func(s *play.Session) (time.Duration, string) {
		f := whole(opcode, payload)
		f.Length, f.Extended = declared, extended
		f.Masked = s.Judged == verdict.Server
		if f.Masked {
			f.Key = play.FreshKey()
		}
		s.SendAsIs(f, 0, false)
		return 0, ""
	}
}
