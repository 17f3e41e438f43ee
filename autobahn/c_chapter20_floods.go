package autobahn

import (
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/deflate"
	"github.com/hawser-ws/websocket/internal/naive"
)

const tooBig = `RFC 6455 section 7.4.1: "1009 indicates that an endpoint is terminating the connection because it has received a message that is too big for it to process."`

// beyondAll is a size that no peer is expected to accept: four times the largest message of
// chapter 9.
const beyondAll = 64 << 20

// floods: 20.15, more than a peer should accept. How much it accepts is up to the peer. If it
// refuses, the code must be right.
func floods() (cases []*Case) {
	endless := func(s *session) (time.Duration, string) {
		s.logging(false)
		f := part(bin(string(make([]byte, 32<<10))))
		for sent := 0; sent < beyondAll; sent += len(f.Payload) {
			s.send(f, 0, false)
			f.Opcode = opContinuation
		}
		return 0, ""
	}
	hollow := func(s *session) (time.Duration, string) {
		s.logging(false)
		s.send(part(text("")), 0, false)
		for range 500_000 {
			s.send(part(cont("")), 0, false)
		}
		return 0, ""
	}
	huge := func(s *session) (time.Duration, string) {
		s.logging(false)
		s.send(bin(string(make([]byte, beyondAll))), 0, false)
		return 0, ""
	}
	inflated := func(opcode byte, fragment int) step {
		return func(s *session) (time.Duration, string) {
			s.logging(false)
			f := naive.Frame{FIN: true, RSV1: true, Opcode: opcode, Payload: deflate.Bomb(beyondAll)}
			if fragment > 0 {
				s.sendFragments(fragment, f)
			} else {
				s.send(f, 0, false)
			}
			return 0, ""
		}
	}
	add := func(id, description string, compressed bool, steps ...step) {
		c := bounded(id, description, steps...)
		c.heavy = true
		if compressed {
			c.offer = asUsual
			begin := c.begin
			c.begin = func() play {
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
	add("20.15.4", fmt.Sprintf("A compressed binary message that inflates to %d MiB.", mib), true, inflated(opBinary, 0))
	add("20.15.5", fmt.Sprintf("A compressed text message that inflates to %d MiB, in fragments of 1 KiB.", mib), true, inflated(opText, 1024))
	pings := &Case{
		ID: "20.15.6", Description: "10,000 Pings of 125 bytes, and a last one.", Expectation: "A Pong for the last. The suite closes.",
		begin: func() play { return &pingFlood{} }, heavy: true,
	}
	return append(cases, by(`RFC 6455 section 5.5.3: "If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in response to previous Ping frame(s), the endpoint MAY elect to send a Pong frame for only the most recently processed Ping frame."`, pings)...)
}

// A limited is the play of data that a peer need not accept.
type limited struct {
	steps      []step
	compressed bool
	behavior   Verdict // as soon as it is certain
}

// limitPatience is how long a peer may take once the data has been sent. It only affects what
// is reported: a peer may keep waiting.
const limitPatience = 5 * time.Second

func bounded(id, description string, steps ...step) *Case {
	return &Case{
		ID: id, Description: description,
		Expectation: "The connection fails with 1009, or the peer has no such limit, which is INFORMATIONAL.",
		begin:       func() play { return &limited{steps: steps} },
	}
}

func (p *limited) open(s *session) {
	if p.compressed && !s.compresses() {
		p.behavior = Unimplemented
		s.result.ExpectedClose = weClose
		s.close(1000)
		return
	}
	s.accept(2 * beyondAll)
	s.mayWait() // for more; or it may be busy
	for _, take := range p.steps {
		take(s)
	}
	s.logging(true)
	s.killWhenIdle(limitPatience)
}

func (p *limited) message(s *session, payload []byte, _ bool) {
	p.behavior = Informational
	s.note("%d bytes came back.", len(payload))
	s.close(1000)
}

func (p *limited) pong(*session, Event) {}

func (p *limited) judge(r *Result) {
	if p.behavior == Unimplemented {
		r.Behavior, r.Result = Unimplemented, notAgreed
		return
	}
	r.ExpectedClose = ExpectedClose{Codes: []int{1009}, ByMe: r.ClosedByMe}
	switch {
	case p.behavior == Informational:
		r.Behavior, r.Result = Informational, "The peer takes it."
	case r.RemoteCloseCode != nil && *r.RemoteCloseCode == 1009:
		r.Behavior, r.Result = OK, "The peer refused with 1009."
	case r.ClosedByMe:
		r.Behavior, r.Result = Informational, "The peer waits for more."
	case r.RemoteCloseCode != nil:
		r.Behavior, r.Result = NonStrict, fmt.Sprintf("The peer refused with %d.", *r.RemoteCloseCode)
		r.ExpectedClose.Codes = []int{1009, *r.RemoteCloseCode}
	default:
		r.Behavior, r.Result = NonStrict, "The peer ended TCP and did not say why."
	}
}

// afterClose: a peer in the middle of the data may do anything.
func (p *limited) afterClose(r *Result) {
	if r.Behavior == Informational {
		r.BehaviorClose = Informational
	}
}

// A pingFlood is the play of many Pings, of which the last one counts.
type pingFlood struct{ answered int }

const lastPing = "the last"

func (p *pingFlood) open(s *session) {
	s.logging(false)
	s.result.ExpectedClose = weClose
	f := ping(string(make([]byte, 125)))
	for range 10_000 {
		s.send(f, 0, false)
	}
	s.logging(true)
	s.send(ping(lastPing), 0, false)
	s.logging(false)
}

func (p *pingFlood) message(s *session, _ []byte, _ bool) {
	s.note("A message came, and none was sent.")
	s.close(1000)
}

func (p *pingFlood) pong(s *session, e Event) {
	p.answered++
	if string(e.Payload) == lastPing {
		s.result.Behavior = OK
		s.logging(true)
		s.close(1000)
	}
}

func (p *pingFlood) judge(r *Result) {
	if r.Behavior != OK {
		r.Result = fmt.Sprintf("The last Ping got no Pong; %d Pongs came.", p.answered)
		return
	}
	r.Result = fmt.Sprintf("The last Ping got its Pong; %d Pongs came in all.", p.answered)
}
