package cases

import (
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/deflate"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

const tooBig = `RFC 6455 section 7.4.1: "1009 indicates that an endpoint is terminating the connection because it has received a message that is too big for it to process."`

// beyondAll is a size that no peer is expected to accept: four times the largest message of
// chapter 9.
const beyondAll = 64 << 20

// floods: 20.15, more than a peer should accept. How much it accepts is up to the peer. If it
// refuses, the code must be right.
func floods() (cases []*play.Case) {
	endless := func(s *play.Session) (time.Duration, string) {
		s.Logging(false)
		f := part(bin(string(make([]byte, 32<<10))))
		for sent := 0; sent < beyondAll; sent += len(f.Payload) {
			s.Send(f, 0, false)
			f.Opcode = play.OpContinuation
		}
		return 0, ""
	}
	hollow := func(s *play.Session) (time.Duration, string) {
		s.Logging(false)
		s.Send(part(text("")), 0, false)
		for range 500_000 {
			s.Send(part(cont("")), 0, false)
		}
		return 0, ""
	}
	huge := func(s *play.Session) (time.Duration, string) {
		s.Logging(false)
		s.Send(bin(string(make([]byte, beyondAll))), 0, false)
		return 0, ""
	}
	inflated := func(opcode byte, fragment int) play.Step {
		return func(s *play.Session) (time.Duration, string) {
			s.Logging(false)
			f := naive.Frame{FIN: true, RSV1: true, Opcode: opcode, Payload: deflate.Bomb(beyondAll)}
			if fragment > 0 {
				s.SendFragments(fragment, f)
			} else {
				s.Send(f, 0, false)
			}
			return 0, ""
		}
	}
	add := func(id, description string, compressed bool, steps ...play.Step) {
		c := bounded(id, description, steps...)
		c.Heavy = true
		if compressed {
			c.Offer = asUsual
			begin := c.Begin
			c.Begin = func() play.Play {
				p := begin().(*limited)
				p.compressed = true
				return p
			}
		}
		cases = append(cases, by(tooBig, c)...)
	}
	mib := beyondAll >> 20
	add("20.15.1", fmt.Sprintf("A binary message of %d MiB in one frame.", mib), false, huge)
	add("20.15.2", fmt.Sprintf("A binary message of %d MiB in fragments of 32 KiB, without an end.", mib), false, endless)
	add("20.15.3", "A text message of 500,000 empty fragments, without an end.", false, hollow)
	add("20.15.4", fmt.Sprintf("A compressed binary message that inflates to %d MiB.", mib), true, inflated(play.OpBinary, 0))
	add("20.15.5", fmt.Sprintf("A compressed text message that inflates to %d MiB, in fragments of 1 KiB.", mib), true, inflated(play.OpText, 1024))
	pings := &play.Case{
		ID: "20.15.6", Description: "10,000 Pings of 125 bytes, and a last one.", Expectation: "A Pong for the last. The suite closes.",
		Begin: func() play.Play { return &pingFlood{} }, Heavy: true,
	}
	return append(cases, by(`RFC 6455 section 5.5.3: "If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in response to previous Ping frame(s), the endpoint MAY elect to send a Pong frame for only the most recently processed Ping frame."`, pings)...)
}

// A limited is the play of data that a peer need not accept.
type limited struct {
	steps      []play.Step
	compressed bool
	behavior   verdict.Verdict // as soon as it is certain
}

// limitPatience is how long a peer may take once the data has been sent. It only affects what
// is reported: a peer may keep waiting.
const limitPatience = 5 * time.Second

func bounded(id, description string, steps ...play.Step) *play.Case {
	return &play.Case{
		ID: id, Description: description,
		Expectation: "The connection fails with 1009, or the peer has no such limit, which is INFORMATIONAL.",
		Begin:       func() play.Play { return &limited{steps: steps} },
	}
}

func (p *limited) Open(s *play.Session) {
	if p.compressed && !s.Compresses() {
		p.behavior = verdict.Unimplemented
		s.Result.ExpectedClose = weClose
		s.Close(1000)
		return
	}
	s.Accept(2 * beyondAll)
	s.MayWait() // for more; or it may be busy
	for _, take := range p.steps {
		take(s)
	}
	s.Logging(true)
	s.KillWhenIdle(limitPatience)
}

func (p *limited) Message(s *play.Session, payload []byte, _ bool) {
	p.behavior = verdict.Informational
	s.Note("%d bytes came back.", len(payload))
	s.Close(1000)
}

func (p *limited) Pong(*play.Session, verdict.Event) {}

func (p *limited) Judge(r *verdict.Result) {
	if p.behavior == verdict.Unimplemented {
		r.Behavior, r.Result = verdict.Unimplemented, play.NotAgreed
		return
	}
	r.ExpectedClose = verdict.ExpectedClose{Codes: []int{1009}, ByMe: r.ClosedByMe}
	switch {
	case p.behavior == verdict.Informational:
		r.Behavior, r.Result = verdict.Informational, "The peer takes it."
	case r.RemoteCloseCode != nil && *r.RemoteCloseCode == 1009:
		r.Behavior, r.Result = verdict.OK, "The peer refused with 1009."
	case r.ClosedByMe:
		r.Behavior, r.Result = verdict.Informational, "The peer waits for more."
	case r.RemoteCloseCode != nil:
		r.Behavior, r.Result = verdict.NonStrict, fmt.Sprintf("The peer refused with %d.", *r.RemoteCloseCode)
		r.ExpectedClose.Codes = []int{1009, *r.RemoteCloseCode}
	default:
		r.Behavior, r.Result = verdict.NonStrict, "The peer ended TCP and did not say why."
	}
}

// AfterClose: a peer in the middle of the data may do anything.
func (p *limited) AfterClose(r *verdict.Result) {
	if r.Behavior == verdict.Informational {
		r.BehaviorClose = verdict.Informational
	}
}

// A pingFlood is the play of many Pings, of which the last one counts.
type pingFlood struct{ answered int }

const lastPing = "the last"

func (p *pingFlood) Open(s *play.Session) {
	s.Logging(false)
	s.Result.ExpectedClose = weClose
	f := ping(string(make([]byte, 125)))
	for range 10_000 {
		s.Send(f, 0, false)
	}
	s.Logging(true)
	s.Send(ping(lastPing), 0, false)
	s.Logging(false)
}

func (p *pingFlood) Message(s *play.Session, _ []byte, _ bool) {
	s.Note("A message came, and none was sent.")
	s.Close(1000)
}

func (p *pingFlood) Pong(s *play.Session, e verdict.Event) {
	p.answered++
	if string(e.Payload) == lastPing {
		s.Result.Behavior = verdict.OK
		s.Logging(true)
		s.Close(1000)
	}
}

func (p *pingFlood) Judge(r *verdict.Result) {
	if r.Behavior != verdict.OK {
		r.Result = fmt.Sprintf("The last Ping got no Pong; %d Pongs came.", p.answered)
		return
	}
	r.Result = fmt.Sprintf("The last Ping got its Pong; %d Pongs came in all.", p.answered)
}
