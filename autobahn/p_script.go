package autobahn

import (
	"slices"
	"time"
)

// A script is a play that sends fixed frames and compares the events with fixed expectations.
type script struct {
	steps []step
	ok    []Event
	lax   []Event // an outcome that is NON-STRICT; nil if there is none
	// taken is the outcome of a peer that accepts what the RFC forbids to send but does not
	// require to refuse. It is NON-STRICT, and the suite closes.
	taken []Event
	ends  ExpectedClose

	// anyPongs: Pongs may come at any time, and one may stand for those before it.
	anyPongs bool
	// prompt: an unexpected event ends the case. It is set in scripts that wait for as long as
	// something moves; otherwise a peer that keeps sending would never end.
	prompt bool
	// compressed: without permessage-deflate the case is not played.
	compressed bool
	// holds: only the steps close the connection, whatever comes.
	holds bool
	// fatalEnd: the case fails if the wrong side ends the connection.
	fatalEnd bool
	// fatalCode: the case fails if the Close frame has a wrong code.
	fatalCode bool
	// last can change the result at the end.
	last func(r *Result)

	result   *Result
	behavior Verdict // already certain before anything was sent
}

// A step does something on the connection, and returns how long to wait before the next.
type step func(s *session) (pause time.Duration, tag string)

func (p *script) open(s *session) {
	p.result = s.result
	p.result.Expected[OK] = append([]Event{}, p.ok...)
	if p.lax != nil || p.taken != nil {
		p.result.Expected[NonStrict] = append(append([]Event{}, p.lax...), p.taken...)
	}
	p.result.ExpectedClose = p.ends
	if p.compressed && !s.compresses() {
		p.behavior = Unimplemented
		p.result.ExpectedClose = weClose
		s.close(1000)
		return
	}
	p.play(s, p.steps)
}

// play executes steps until one has to wait.
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

// received stores an event, and closes the connection once all have come. With two possible
// outcomes it can never know that all have come.
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

// took reports whether the peer accepted what it may refuse.
func (p *script) took(r *Result) bool { return p.taken != nil && sameEvents(r.Received, p.taken) }

// allCame reports whether all expected events have come.
func (p *script) allCame(r *Result) bool {
	if p.anyPongs {
		return sameButPongs(p.ok, r.Received)
	}
	return sameEvents(r.Received, p.ok)
}

// sameButPongs reports whether got has the messages of want in order, and some of its Pongs in
// order, including the last. RFC 6455 section 5.5.3 allows an endpoint to answer only the most
// recent Ping, and no section orders an echo relative to a Pong.
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
	if p.fatalEnd && wrongEnd(r) {
		r.Behavior = Failed
	}
	if p.fatalCode && r.BehaviorClose == WrongCode {
		r.Behavior, r.Result = Failed, r.ResultClose
	}
	if p.last != nil {
		p.last(r)
	}
}
