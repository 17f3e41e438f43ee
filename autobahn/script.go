package autobahn

import (
	"time"

	"github.com/hawser-ws/websocket/internal/naive"
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

	result *Result
	off    bool
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
	if p.off = p.compressed && s.terms == nil; p.off {
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
	case p.off:
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
	if p.off {
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

// Frames, as a script writes them down.

func text(payload string) naive.Frame { return whole(opText, payload) }
func bin(payload string) naive.Frame  { return whole(opBinary, payload) }
func ping(payload string) naive.Frame { return whole(opPing, payload) }
func pong(payload string) naive.Frame { return whole(opPong, payload) }
func cont(payload string) naive.Frame { return whole(opContinuation, payload) }

func whole(opcode byte, payload string) naive.Frame {
	return naive.Frame{FIN: true, Opcode: opcode, Payload: []byte(payload)}
}

// part is f without FIN: more is to come, or should be.
func part(f naive.Frame) naive.Frame {
	f.FIN = false
	return f
}

// rsv is f with the RSV bits of n: 4 is RSV1, 2 RSV2, 1 RSV3.
func rsv(n int, f naive.Frame) naive.Frame {
	f.RSV1, f.RSV2, f.RSV3 = n&4 != 0, n&2 != 0, n&1 != 0
	return f
}

// Steps.

// send sends frames together.
func send(frames ...naive.Frame) step {
	return func(s *session) (time.Duration, string) {
		for _, f := range frames {
			s.send(f, 0, false)
		}
		return 0, ""
	}
}

// sendSync sends frames one by one, each a segment of its own if TCP allows.
func sendSync(frames ...naive.Frame) step {
	return func(s *session) (time.Duration, string) {
		for _, f := range frames {
			s.send(f, 0, true)
		}
		return 0, ""
	}
}

// sendChopped sends frames in pieces of n octets.
func sendChopped(n int, frames ...naive.Frame) step {
	return func(s *session) (time.Duration, string) {
		for _, f := range frames {
			s.send(f, n, false)
		}
		return 0, ""
	}
}

// sendFragments sends a message in frames of at most n octets. Like the
// original's, the last is empty when n divides the length.
func sendFragments(n int, f naive.Frame) step {
	return func(s *session) (time.Duration, string) {
		s.sendFragments(n, f)
		return 0, ""
	}
}

func (s *session) sendFragments(n int, f naive.Frame) {
	if len(f.Payload) <= n {
		s.send(f, 0, false)
		return
	}
	rest := f.Payload
	for {
		f.FIN = len(rest) < n
		f.Payload = rest[:min(n, len(rest))]
		rest = rest[len(f.Payload):]
		s.send(f, 0, false)
		if f.FIN {
			return
		}
		f.Opcode, f.RSV1 = opContinuation, false
	}
}

// sendOctets sends what need not be a frame.
func sendOctets(p []byte) step {
	return func(s *session) (time.Duration, string) {
		s.write(p, 0, true)
		return 0, ""
	}
}

// pause waits.
func pause(d time.Duration) step {
	return func(*session) (time.Duration, string) { return d, "" }
}

// timeout waits, and if the connection is still open then, that is an event.
func timeout(d time.Duration, tag string) step {
	return func(*session) (time.Duration, string) { return d, tag }
}

// sendClose begins the closing handshake, with any code and reason.
func sendClose(code int, reason string) step {
	return func(s *session) (time.Duration, string) {
		s.sendClose(code, reason, true)
		return 0, ""
	}
}

// killIn fails a connection that is still there in d.
func killIn(d time.Duration) step {
	return func(s *session) (time.Duration, string) {
		s.killAfter(d)
		return 0, ""
	}
}

// closeIn closes a connection that is still there in d.
func closeIn(d time.Duration) step {
	return func(s *session) (time.Duration, string) {
		s.closeAfter(d)
		return 0, ""
	}
}
