package cases

import (
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// pattern is repeated to make a text of any length.
const pattern = "BAsd7&jh23"

// chapter7: the closing handshake (RFC 6455 sections 5.5.1 and 7).
func chapter7() []*play.Case {
	const hello = "Hello World!"
	closing := func(id, description, expectation string, ends verdict.ExpectedClose, steps ...play.Step) *play.Case {
		return play.Scripted(id, description, expectation, play.Script{
			Steps: append(steps, play.KillIn(time.Second)), Ends: ends, Holds: true, FatalCode: true,
		})
	}
	answered := func(id, description string, steps ...play.Step) *play.Case {
		return closing(id, description, "A Close frame in reply, with 1000 or no code, and nothing else.", weClose, steps...)
	}
	refused := func(id, description string, codes []int, steps ...play.Step) *play.Case {
		return closing(id, description, "A Close frame that says why, or the end of TCP.", verdict.ExpectedClose{Codes: codes, ByMe: true}, steps...)
	}
	cases := []*play.Case{
		play.Scripted("7.1.1", "A text message, and a Close frame when it has come back.", "The message, then a Close frame in reply.", play.Script{
			Steps: []play.Step{play.Send(text(hello)), play.KillIn(time.Second)}, OK: []verdict.Event{gotText(hello)}, Ends: weClose, FatalCode: true,
		}),
		answered("7.1.2", "Two Close frames.", play.SendClose(1000, ""), play.Send(whole(play.OpClose, ""))),
		answered("7.1.3", "A Close frame, then a Ping.", play.SendClose(1000, ""), play.Send(ping(""))),
		answered("7.1.4", "A Close frame, then a text message.", play.SendClose(1000, ""), play.Send(text(hello))),
		answered("7.1.5", "A fragment of a text message, a Close frame, the other fragment.",
			play.Send(part(text("fragment1"))), play.SendClose(1000, ""), play.Send(cont("fragment2"))),
		closeAfterMuch(),
		answered("7.3.1", "A Close frame without payload.", play.SendClose(play.NoCode, "")),
		refused("7.3.2", "A Close frame with one byte.", []int{1002}, play.SendClose(play.NoCode, "a")),
		answered("7.3.3", "A Close frame with a code.", play.SendClose(1000, "")),
		answered("7.3.4", "A Close frame with a code and a reason.", play.SendClose(1000, hello)),
		answered("7.3.5", "A Close frame with a code and a reason of 123 bytes, the most there may be.", play.SendClose(1000, strings.Repeat("*", 123))),
		refused("7.3.6", "A Close frame with a code and a reason of 124 bytes.", []int{1002}, play.SendClose(1000, strings.Repeat("*", 124))),
		refused("7.5.1", "A Close frame with a reason that is not UTF-8.", []int{1002, 1007}, play.SendClose(1000, cosmos+surrogate+ascii)),
	}
	for i, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		cases = append(cases, closing(fmt.Sprintf("7.7.%d", i+1), fmt.Sprintf("A Close frame with the valid code %d.", code),
			"A Close frame in reply, with the same code, 1000 or none.",
			verdict.ExpectedClose{Codes: []int{1000, code}, ByMe: true, RequireClean: true}, play.SendClose(code, "")))
	}
	for i, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		cases = append(cases, closing(fmt.Sprintf("7.9.%d", i+1), fmt.Sprintf("A Close frame with the invalid code %d.", code),
			"A Close frame with 1002, or the end of TCP.", verdict.ExpectedClose{Codes: []int{1002}, ByMe: true}, play.SendClose(code, "")))
	}
	for i, code := range []int{5000, 65535} {
		c := closing(fmt.Sprintf("7.13.%d", i+1), fmt.Sprintf("A Close frame with the code %d.", code),
			"The RFC does not say.", verdict.ExpectedClose{Codes: []int{1000, code, 1002}, ByMe: true}, play.SendClose(code, ""))
		cases = append(cases, informational(c, func(r *verdict.Result) {
			r.Result = "The RFC does not say what has to happen."
		}))
	}
	return cases
}

// closeAfterMuch: whether a message still comes back when the Close frame is
// already there is left open by the RFC.
func closeAfterMuch() *play.Case {
	const hello = "Hello World!"
	big := strings.Repeat(pattern, 262144/len(pattern)+1)[:262144]
	c := play.Scripted("7.1.6", "Text messages of 256 KiB and of 12 bytes, a Close frame and a Ping, one right after the other.",
		"The messages come back before the Close frame, or not.", play.Script{
			Steps: []play.Step{play.Send(text(big), text(hello)), play.SendClose(1000, ""), play.Send(ping("")), play.KillIn(time.Second)},
			OK:    []verdict.Event{gotText(hello)},
			Lax:   []verdict.Event{},
			Ends:  weClose,
			Holds: true,
		})
	return informational(c, func(r *verdict.Result) {
		switch r.Behavior {
		case verdict.OK:
			r.Result = "The second message came back before the Close frame."
		case verdict.NonStrict:
			r.Result = "The Close frame came before any message."
		}
	})
}

// informational is c, whose outcome is told and not judged.
func informational(c *play.Case, tell func(r *verdict.Result)) *play.Case {
	begin := c.Begin
	c.Begin = func() play.Play {
		p := begin().(*play.Script)
		p.Last = func(r *verdict.Result) {
			tell(r)
			r.Behavior, r.BehaviorClose = verdict.Informational, verdict.Informational
		}
		return p
	}
	return c
}
