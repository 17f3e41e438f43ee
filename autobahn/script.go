package autobahn

import (
	"slices"
	"time"
)

// A play is what a case does on an open connection. Its methods are called by
// the goroutine of the session, one at a time.
type play interface {
	open(s *session)
	// message is called with a whole message, which is valid until it returns.
	message(s *session, payload []byte, binary bool)
	pong(s *session, e Event)
	// judge sets Behavior and Result, when TCP is gone. The end of the
	// connection is judged after it.
	judge(r *Result)
}

// A script is the play of a case that sends what is written down and holds what
// comes against what is written down.
type script struct {
	steps []step
	ok    []Event
	lax   []Event // what is NON-STRICT; nil if nothing is
	// taken comes of a peer that takes what the RFC forbids its sender and does not
	// tell its receiver to refuse. It is NON-STRICT, and the suite closes.
	taken []Event
	ends  ExpectedClose

	// anyPongs: Pongs come when they like, and one may stand for those before it.
	anyPongs bool
	// prompt: an event that is not expected settles the case. Scripts that wait for as
	// long as something moves have it, or a peer that goes on sending goes on for ever.
	prompt bool
	// compressed: without permessage-deflate there is nothing to play.
	compressed bool
	// holds: the steps close the connection, not what comes.
	holds bool
	// fatalEnd: if the connection is ended by the wrong side, the case has failed.
	fatalEnd bool
	// fatalCode: if the Close frame carries a wrong code, the case has failed.
	fatalCode bool
	// last has the last word.
	last func(r *Result)

	result   *Result
	behavior Verdict // that is certain before anything was sent
}

// A step does something on the connection, and says how long to wait before the next.
type step func(s *session) (pause time.Duration, tag string)

func (p *script) open(s *session) {
	p.result = s.result
	p.result.Expected[OK] = append([]Event{}, p.ok...)
	if p.lax != nil || p.taken != nil {
		p.result.Expected[NonStrict] = append(append([]Event{}, p.lax...), p.taken...)
	}
	p.result.ExpectedClose = p.ends
	if p.compressed && s.terms == nil {
		p.behavior = Unimplemented
		p.result.ExpectedClose = weClose
		s.close(1000)
		return
	}
	p.play(s, p.steps)
}

// play takes steps until one has to wait.
func (p *script) play(s *session, steps []step) {
	for i, take := range steps {
		pause, tag := take(s)
		if pause == 0 {
			continue
		}
		s.log(Entry{Kind: logWait, Delay: pause.Seconds(), Tag: tag})
		s.after(pause, func() {
			s.log(Entry{Kind: logWaited, Tag: tag})
			if tag != "" {
				if s.state != open {
					return
				}
				p.result.Received = append(p.result.Received, Event{Kind: "timeout", Payload: []byte(tag)})
			}
			p.play(s, steps[i+1:])
		})
		return
	}
}

func (p *script) message(s *session, payload []byte, binary bool) {
	p.received(s, Event{Kind: "message", Payload: append([]byte{}, payload...), Binary: binary})
}

func (p *script) pong(s *session, e Event) {
	if string(e.Payload) == stillThere {
		s.killAfter(lastGrace)
		return
	}
	p.received(s, e)
}

// received keeps what came, and closes the connection once all has come. With
// two outcomes to choose from one never knows that all has come.
func (p *script) received(s *session, e Event) {
	r := s.result
	r.Received = append(r.Received, e)
	n := len(r.Received)
	switch {
	case p.took(r):
		r.ExpectedClose = weClose
		s.close(1000)
	case p.ends.ByMe && !p.holds && p.lax == nil && p.allCame(r):
		s.close(p.ends.Codes[0])
	case p.prompt && (n > len(p.ok) || !p.anyPongs && !sameEvents(r.Received, p.ok[:n])):
		s.fail(1001, "Going Away")
	}
}

// took reports whether the peer took what it may refuse.
func (p *script) took(r *Result) bool { return p.taken != nil && sameEvents(r.Received, p.taken) }

// allCame reports whether what came is what had to come.
func (p *script) allCame(r *Result) bool {
	if p.anyPongs {
		return sameButPongs(p.ok, r.Received)
	}
	return sameEvents(r.Received, p.ok)
}

// sameButPongs reports whether got has the messages of want in order, and in order
// some of its Pongs, of which the last is one. RFC 6455 section 5.5.3 lets an
// endpoint answer the most recent Ping only, and no section says how an echo and a
// Pong follow each other.
func sameButPongs(want, got []Event) bool {
	wantPongs, wantRest := pongsOf(want)
	gotPongs, gotRest := pongsOf(got)
	if !sameEvents(wantRest, gotRest) {
		return false
	}
	last := -1
	for _, e := range gotPongs {
		next := slices.IndexFunc(wantPongs[last+1:], func(w Event) bool { return sameEvents([]Event{w}, []Event{e}) })
		if next < 0 {
			return false
		}
		last += 1 + next
	}
	return last == len(wantPongs)-1
}

func pongsOf(events []Event) (pongs, rest []Event) {
	for _, e := range events {
		if e.Kind == "pong" {
			pongs = append(pongs, e)
		} else {
			rest = append(rest, e)
		}
	}
	return pongs, rest
}

func (p *script) judge(r *Result) {
	switch {
	case p.behavior == Unimplemented:
		r.Behavior, r.Result = Unimplemented, notAgreed
	case p.allCame(r):
		r.Behavior, r.Result = OK, asExpected
	case p.lax != nil && sameEvents(r.Received, p.lax):
		r.Behavior, r.Result = NonStrict, asExpected
	case p.took(r):
		r.Behavior, r.Result = NonStrict, takes
	default:
		r.Behavior, r.Result = Failed, "Actual events differ from any expected."
	}
}

const notAgreed = "The peer did not agree to permessage-deflate."

const takes = "The peer takes it. The RFC binds the sender, and does not tell the receiver to fail the connection."

const asExpected = "Actual events match at least one expected."

func (p *script) afterClose(r *Result) {
	if p.behavior == Unimplemented {
		return
	}
	if p.fatalEnd && (r.ExpectedClose.ByMe != r.ClosedByMe || r.silent) {
		r.Behavior = Failed
	}
	if p.fatalCode && r.BehaviorClose == WrongCode {
		r.Behavior, r.Result = Failed, r.ResultClose
	}
	if p.last != nil {
		p.last(r)
	}
}
