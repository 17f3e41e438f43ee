package cases

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// closeFrames: RFC 6455 sections 5.5.1 and 7.
func closeFrames() (cases []*play.Case) {
	const (
		registered  = `RFC 6455 section 7.4.2: "Status codes in the range 1000-2999 are reserved for definition by this protocol, its future revisions, and extensions specified in a permanent and readily available public specification."`
		never       = `RFC 6455 section 7.4.1: "1015 is a reserved value and MUST NOT be set as a status code in a Close control frame by an endpoint."`
		unused      = `RFC 6455 section 7.4.2: "Status codes in the range 0-999 are not used."`
		echoed      = `RFC 6455 section 5.5.1: "If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint MUST send a Close frame in response."`
		utf8        = `RFC 6455 section 5.5.1: "the body MAY contain UTF-8-encoded data with value /reason/"`
		nothing     = `RFC 6455 section 5.5.1: "The application MUST NOT send any more data frames after sending a Close frame."; section 1.4: "after receiving a control frame indicating the connection should be closed, a peer discards any further data received."`
		interpreted = `RFC 6455 section 8.1: "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in fact, a valid UTF-8 stream, that endpoint MUST _Fail the WebSocket Connection_."`
	)
	add := func(sentence, id, description, expectation string, codes []int, clean bool, ok []verdict.Event, steps ...play.Step) {
		cases = append(cases, by(sentence, play.Scripted(id, description, expectation, play.Script{
			Steps: steps, OK: ok, Holds: true, FatalCode: true, FatalEnd: true, Last: otherCode,
			Ends: verdict.ExpectedClose{Codes: codes, ByMe: true, RequireClean: clean},
		}))...)
	}
	n := 0
	next := func() string {
		n++
		return fmt.Sprintf("20.8.%d", n)
	}
	const answer = "A Close frame in reply, with the same code, 1000 or none. Another valid code is NON-STRICT."
	const mayNot = "A Close frame with 1002, or the end of TCP. Another valid code is NON-STRICT."
	// IANA's registry has three codes more than the RFC: 1012, 1013 and 1014.
	for _, code := range []int{1012, 1013, 1014} {
		add(registered, next(), "A Close frame with the registered code "+strconv.Itoa(code)+".", answer, []int{code, 1000}, true, nil, play.SendClose(code, ""))
	}
	for _, code := range []int{1015, 1017, 1999} {
		sentence := registered
		if code == 1015 {
			sentence = never
		}
		add(sentence, next(), "A Close frame with the code "+strconv.Itoa(code)+", which may not be sent.", mayNot, []int{1002}, false, nil, play.SendClose(code, ""))
	}
	add(unused, next(), "A Close frame with the code 1.", mayNot, []int{1002}, false, nil, play.SendClose(1, ""))
	add(echoed, next(), "A Close frame right behind a text message.", "The message comes back, or not, and a Close frame.", []int{1000}, true, []verdict.Event{gotText(hello)},
		play.Send(text(hello)), play.SendClose(1000, ""))
	cases[len(cases)-1] = laxly(cases[len(cases)-1], []verdict.Event{})
	add(echoed, next(), "A Close frame in the middle of a text message.", "A Close frame in reply.", []int{1000}, true, nil,
		play.Send(part(text("fragment1"))), play.SendClose(1000, ""))
	add(nothing, next(), "A Close frame, then 100 text messages.", "A Close frame, and no message.", []int{1000}, true, nil,
		play.SendClose(1000, ""), play.Send(slices.Repeat([]naive.Frame{text(hello)}, 100)...))
	add(utf8, next(), "A Close frame with a reason of 123 bytes that are characters of three.", "A Close frame in reply.", []int{1000}, true, nil,
		play.SendClose(1000, string(slices.Repeat([]rune{'€'}, 41))))
	add(interpreted, next(), "A Close frame with a reason that ends within a character.", "A Close frame with 1007 or 1002, or the end of TCP. A valid Close frame with another code is NON-STRICT: the peer may not interpret the reason.", []int{1007, 1002}, false, nil,
		play.SendClose(1000, "€"[:2]))
	add(echoed, next(), "A Close frame written byte by byte.", "A Close frame in reply.", []int{1000}, true, nil, play.CloseChopped)
	waits := &play.Case{
		ID: next(), Description: "A Close frame, and TCP left open for 300 ms after the reply.",
		Expectation: "A Close frame in reply; the client does not end TCP before the server does.",
		Only:        verdict.Client,
		Needs:       play.NeedTCP,
		Begin:       func() play.Play { return &lastToLeave{} },
	}
	return append(cases, by(`RFC 6455 section 7.1.1: "when a client is instructed to do the same, it SHOULD wait for a TCP Close from the server."`, waits)...)
}

// otherCode: the peer chooses the code of its Close frame in reply, if it is a valid one. RFC
// 6455 section 5.5.1: "When sending a Close frame in response, the endpoint typically echos the
// status code it received." A code that must not be sent binds any sender, including a peer
// that echoes it.
func otherCode(r *verdict.Result) {
	if r.BehaviorClose == verdict.WrongCode && !r.FailedByMe {
		allowed(r, verdict.NonStrict, "%s.", r.ResultClose)
	}
}

// A lastToLeave is the play of a server that delays the end of TCP.
type lastToLeave struct{}

func (*lastToLeave) Open(s *play.Session) {
	s.DelayEnd(300 * time.Millisecond)
	s.Result.ExpectedClose = weClose
	s.Close(1000)
}

func (*lastToLeave) Message(*play.Session, []byte, bool) {}

func (*lastToLeave) Pong(*play.Session, verdict.Event) {}

func (*lastToLeave) Judge(r *verdict.Result) {
	switch {
	case !r.WasClean:
		r.Behavior, r.Result = verdict.Failed, "No Close frame came in reply."
	case r.DroppedByMe:
		r.Behavior, r.Result = verdict.OK, "The client waited for the server to end TCP."
	default:
		r.Behavior, r.Result = verdict.NonStrict, "The client ended TCP first."
	}
}

// laxly returns c with an outcome that is NON-STRICT.
func laxly(c *play.Case, outcome []verdict.Event) *play.Case {
	begin := c.Begin
	c.Begin = func() play.Play {
		p := begin().(*play.Script)
		p.Lax = outcome
		return p
	}
	return c
}
