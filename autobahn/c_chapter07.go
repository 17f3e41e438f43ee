package autobahn

import (
	"fmt"
	"strings"
	"time"
)

// pattern is repeated to make a text of any length.
const pattern = "BAsd7&jh23"

// chapter7: the closing handshake (RFC 6455 sections 5.5.1 and 7).
func chapter7() []*Case {
	const hello = "Hello World!"
	closing := func(id, description, expectation string, ends ExpectedClose, steps ...step) *Case {
		return scripted(id, description, expectation, script{
			steps: append(steps, killIn(time.Second)), ends: ends, holds: true, fatalCode: true,
		})
	}
	answered := func(id, description string, steps ...step) *Case {
		return closing(id, description, "A Close frame in reply, with 1000 or no code, and nothing else.", weClose, steps...)
	}
	refused := func(id, description string, codes []int, steps ...step) *Case {
		return closing(id, description, "A Close frame that says why, or the end of TCP.", ExpectedClose{Codes: codes, ByMe: true}, steps...)
	}
	cases := []*Case{
		scripted("7.1.1", "A text message, and a Close frame when it has come back.", "The message, then a Close frame in reply.", script{
			steps: []step{send(text(hello)), killIn(time.Second)}, ok: []Event{gotText(hello)}, ends: weClose, fatalCode: true,
		}),
		answered("7.1.2", "Two Close frames.", sendClose(1000, ""), send(whole(opClose, ""))),
		answered("7.1.3", "A Close frame, then a Ping.", sendClose(1000, ""), send(ping(""))),
		answered("7.1.4", "A Close frame, then a text message.", sendClose(1000, ""), send(text(hello))),
		answered("7.1.5", "A fragment of a text message, a Close frame, the other fragment.",
			send(part(text("fragment1"))), sendClose(1000, ""), send(cont("fragment2"))),
		closeAfterMuch(),
		answered("7.3.1", "A Close frame without payload.", sendClose(noCode, "")),
		refused("7.3.2", "A Close frame with one byte.", []int{1002}, sendClose(noCode, "a")),
		answered("7.3.3", "A Close frame with a code.", sendClose(1000, "")),
		answered("7.3.4", "A Close frame with a code and a reason.", sendClose(1000, hello)),
		answered("7.3.5", "A Close frame with a code and a reason of 123 bytes, the most there may be.", sendClose(1000, strings.Repeat("*", 123))),
		refused("7.3.6", "A Close frame with a code and a reason of 124 bytes.", []int{1002}, sendClose(1000, strings.Repeat("*", 124))),
		refused("7.5.1", "A Close frame with a reason that is not UTF-8.", []int{1002, 1007}, sendClose(1000, cosmos+surrogate+ascii)),
	}
	for i, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		cases = append(cases, closing(fmt.Sprintf("7.7.%d", i+1), fmt.Sprintf("A Close frame with the valid code %d.", code),
			"A Close frame in reply, with the same code, 1000 or none.",
			ExpectedClose{Codes: []int{1000, code}, ByMe: true, RequireClean: true}, sendClose(code, "")))
	}
	for i, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		cases = append(cases, closing(fmt.Sprintf("7.9.%d", i+1), fmt.Sprintf("A Close frame with the invalid code %d.", code),
			"A Close frame with 1002, or the end of TCP.", ExpectedClose{Codes: []int{1002}, ByMe: true}, sendClose(code, "")))
	}
	for i, code := range []int{5000, 65535} {
		c := closing(fmt.Sprintf("7.13.%d", i+1), fmt.Sprintf("A Close frame with the code %d.", code),
			"The RFC does not say.", ExpectedClose{Codes: []int{1000, code, 1002}, ByMe: true}, sendClose(code, ""))
		cases = append(cases, informational(c, func(r *Result) {
			r.Result = "The RFC does not say what has to happen."
		}))
	}
	return cases
}

// closeAfterMuch: whether a message still comes back when the Close frame is
// already there is left open by the RFC.
func closeAfterMuch() *Case {
	const hello = "Hello World!"
	big := strings.Repeat(pattern, 262144/len(pattern)+1)[:262144]
	c := scripted("7.1.6", "Text messages of 256 KiB and of 12 bytes, a Close frame and a Ping, one right after the other.",
		"The messages come back before the Close frame, or not.", script{
			steps: []step{send(text(big), text(hello)), sendClose(1000, ""), send(ping("")), killIn(time.Second)},
			ok:    []Event{gotText(hello)},
			lax:   []Event{},
			ends:  weClose,
			holds: true,
		})
	return informational(c, func(r *Result) {
		switch r.Behavior {
		case OK:
			r.Result = "The second message came back before the Close frame."
		case NonStrict:
			r.Result = "The Close frame came before any message."
		}
	})
}

// informational is c, whose outcome is told and not judged.
func informational(c *Case, tell func(r *Result)) *Case {
	begin := c.begin
	c.begin = func() play {
		p := begin().(*script)
		p.last = func(r *Result) {
			tell(r)
			r.Behavior, r.BehaviorClose = Informational, Informational
		}
		return p
	}
	return c
}
