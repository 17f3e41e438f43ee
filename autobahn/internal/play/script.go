package play

import (
	"slices"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// A Script is a play that sends fixed frames and compares the events with fixed expectations.
type Script struct {
	Steps []Step
	OK    []verdict.Event
	Lax   []verdict.Event // an outcome that is NON-STRICT; nil if there is none
	// Taken is the outcome of a peer that accepts what the RFC forbids to send but does not
	// require to refuse. It is NON-STRICT, and the suite closes.
	Taken []verdict.Event
	Ends  verdict.ExpectedClose

	// AnyPongs: Pongs may come at any time, and one may stand for those before it.
	AnyPongs bool
	// Prompt: an unexpected event ends the case. It is set in scripts that wait for as long as
	// something moves; otherwise a peer that keeps sending would never end.
	Prompt bool
	// Compressed: without permessage-deflate the case is not played.
	Compressed bool
	// Holds: only the steps close the connection, whatever comes.
	Holds bool
	// FatalEnd: the case fails if the wrong side ends the connection.
	FatalEnd bool
	// FatalCode: the case fails if the Close frame has a wrong code.
	FatalCode bool
	// Last can change the result at the end.
	Last func(r *verdict.Result)

	result   *verdict.Result
	surplus  int             // of a flood: about how many bytes of memory
	behavior verdict.Verdict // already certain before anything was sent
}

func (p *Script) Open(s *Session) {
	p.result = s.Result
	p.result.Expected[verdict.OK] = append([]verdict.Event{}, p.OK...)
	if p.Lax != nil || p.Taken != nil {
		p.result.Expected[verdict.NonStrict] = append(append([]verdict.Event{}, p.Lax...), p.Taken...)
	}
	p.result.ExpectedClose = p.Ends
	if p.Compressed && !s.Compresses() {
		p.behavior = verdict.Unimplemented
		p.result.ExpectedClose = verdict.WeClose
		s.Close(1000)
		return
	}
	p.play(s, p.Steps)
}

// play executes steps until one has to wait.
func (p *Script) play(s *Session, steps []Step) {
	for i, take := range steps {
		pause, tag := take(s)
		if pause == 0 {
			continue
		}
		s.log(verdict.Entry{Kind: verdict.LogWait, Delay: pause.Seconds(), Tag: tag})
		s.after(pause, func() {
			s.log(verdict.Entry{Kind: verdict.LogWaited, Tag: tag})
			if tag != "" {
				if s.state != open {
					return
				}
				p.result.Received = append(p.result.Received, verdict.Event{Kind: "timeout", Payload: []byte(tag)})
			}
			p.play(s, steps[i+1:])
		})
		return
	}
}

func (p *Script) Message(s *Session, payload []byte, binary bool) {
	p.received(s, verdict.Event{Kind: "message", Payload: append([]byte{}, payload...), Binary: binary})
}

func (p *Script) Pong(s *Session, e verdict.Event) {
	if string(e.Payload) == stillThere {
		s.killAfter(lastGrace)
		return
	}
	p.received(s, e)
}

// received stores an event, and closes the connection once all have come. With two possible
// outcomes it can never know that all have come.
func (p *Script) received(s *Session, e verdict.Event) {
	r := s.Result
	r.Received = append(r.Received, e)
	n := len(r.Received)
	switch {
	case p.took(r):
		r.ExpectedClose = verdict.WeClose
		s.Close(1000)
	case p.Ends.ByMe && !p.Holds && p.Lax == nil && p.allCame(r):
		s.Close(p.Ends.Codes[0])
	case p.Prompt && (n > len(p.OK) || !p.AnyPongs && !verdict.SameEvents(r.Received, p.OK[:n])):
		s.fail(1001, "Going Away")
	case p.floods(n, e):
		s.Note("The peer floods: what came is not all here.")
		s.fail(1001, "Going Away")
	}
}

// floods reports whether event number n makes too much of what no outcome has. Then the verdict is
// certain, and what follows would only fill our memory.
func (p *Script) floods(n int, e verdict.Event) bool {
	const most, each = 8 << 20, 2 << 10
	if n > max(len(p.OK), len(p.Lax), len(p.Taken)) {
		p.surplus += each + len(e.Payload)
	}
	return p.surplus > most
}

// took reports whether the peer accepted what it may refuse.
func (p *Script) took(r *verdict.Result) bool {
	return p.Taken != nil && verdict.SameEvents(r.Received, p.Taken)
}

// allCame reports whether all expected events have come.
func (p *Script) allCame(r *verdict.Result) bool {
	if p.AnyPongs {
		return sameButPongs(p.OK, r.Received)
	}
	return verdict.SameEvents(r.Received, p.OK)
}

// sameButPongs reports whether got has the messages of want in order, and some of its Pongs in
// order, including the last. RFC 6455 section 5.5.3 allows an endpoint to answer only the most
// recent Ping, and no section orders an echo relative to a Pong.
func sameButPongs(want, got []verdict.Event) bool {
	wantPongs, wantRest := pongsOf(want)
	gotPongs, gotRest := pongsOf(got)
	if !verdict.SameEvents(wantRest, gotRest) {
		return false
	}
	last := -1
	for _, e := range gotPongs {
		next := slices.IndexFunc(wantPongs[last+1:], func(w verdict.Event) bool { return verdict.SameEvents([]verdict.Event{w}, []verdict.Event{e}) })
		if next < 0 {
			return false
		}
		last += 1 + next
	}
	return last == len(wantPongs)-1
}

func pongsOf(events []verdict.Event) (pongs, rest []verdict.Event) {
	for _, e := range events {
		if e.Kind == "pong" {
			pongs = append(pongs, e)
		} else {
			rest = append(rest, e)
		}
	}
	return pongs, rest
}

func (p *Script) Judge(r *verdict.Result) {
	switch {
	case p.behavior == verdict.Unimplemented:
		r.Behavior, r.Result = verdict.Unimplemented, NotAgreed
	case p.allCame(r):
		r.Behavior, r.Result = verdict.OK, asExpected
	case p.Lax != nil && verdict.SameEvents(r.Received, p.Lax):
		r.Behavior, r.Result = verdict.NonStrict, asExpected
	case p.took(r):
		r.Behavior, r.Result = verdict.NonStrict, Takes
	default:
		r.Behavior, r.Result = verdict.Failed, "Actual events differ from any expected."
	}
}

const NotAgreed = "The peer did not agree to permessage-deflate."

const Takes = "The peer takes it. The RFC binds the sender, and does not tell the receiver to fail the connection."

const asExpected = "Actual events match at least one expected."

func (p *Script) AfterClose(r *verdict.Result) {
	if p.behavior == verdict.Unimplemented {
		return
	}
	if p.FatalEnd && verdict.WrongEnd(r) {
		r.Behavior = verdict.Failed
	}
	if p.FatalCode && r.BehaviorClose == verdict.WrongCode {
		r.Behavior, r.Result = verdict.Failed, r.ResultClose
	}
	if p.Last != nil {
		p.Last(r)
	}
}
