package autobahn

import (
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
	ends  ExpectedClose

	// fewerPongs: a Pong may stand for those before it.
	fewerPongs bool
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
	if p.lax != nil {
		p.result.Expected[NonStrict] = p.lax
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

func (p *script) pong(s *session, e Event) { p.received(s, e) }

// received keeps what came, and closes the connection once all has come. With
// two outcomes to choose from one never knows that all has come.
func (p *script) received(s *session, e Event) {
	r := s.result
	r.Received = append(r.Received, e)
	if p.ends.ByMe && !p.holds && p.lax == nil && p.allCame(r) {
		s.close(p.ends.Codes[0])
	}
}

// allCame reports whether what came is what had to come.
func (p *script) allCame(r *Result) bool {
	if p.fewerPongs {
		return withoutPongs(p.ok, r.Received)
	}
	return sameEvents(r.Received, p.ok)
}

// withoutPongs reports whether got is want without some Pongs that have another
// Pong right behind them.
func withoutPongs(want, got []Event) bool {
	for i, e := range want {
		switch {
		case len(got) > 0 && sameEvents(want[i:i+1], got[:1]):
			got = got[1:]
		case e.Kind != "pong" || i+1 == len(want) || want[i+1].Kind != "pong":
			return false
		}
	}
	return len(got) == 0
}

func (p *script) judge(r *Result) {
	switch {
	case p.behavior == Unimplemented:
		r.Behavior, r.Result = Unimplemented, notAgreed
	case p.allCame(r):
		r.Behavior, r.Result = OK, asExpected
	case p.lax != nil && sameEvents(r.Received, p.lax):
		r.Behavior, r.Result = NonStrict, asExpected
	default:
		r.Behavior, r.Result = Failed, "Actual events differ from any expected."
	}
}

const notAgreed = "The peer did not agree to permessage-deflate."

const asExpected = "Actual events match at least one expected."

func (p *script) afterClose(r *Result) {
	if p.behavior == Unimplemented {
		return
	}
	if p.fatalEnd && p.ends.ByMe != r.ClosedByMe {
		r.Behavior = Failed
	}
	if p.fatalCode && r.BehaviorClose == WrongCode {
		r.Behavior, r.Result = Failed, r.ResultClose
	}
	if p.last != nil {
		p.last(r)
	}
}
