package cases

import (
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// written has the three ways in which chapter 5 writes frames.
var written = []struct {
	how   string
	sends func(...naive.Frame) play.Step
}{
	{"", play.Send},
	{", frame by frame", play.SendSync},
	{", byte by byte", chopped},
}

// chapter5: fragmented messages, control frames between fragments, and invalid fragments (RFC
// 6455 section 5.4).
func chapter5() []*play.Case {
	const one, two = "fragment1", "fragment2"
	cases := []*play.Case{
		refused("5.1", "A Ping in two fragments.", play.Send(part(ping(one)), cont(two))),
		refused("5.2", "A Pong in two fragments.", play.Send(part(pong(one)), cont(two))),
	}
	for i, way := range written {
		cases = append(cases, play.Scripted(fmt.Sprintf("5.%d", 3+i),
			"A text message in two fragments"+way.how+".", "The message comes back. The suite closes.", play.Script{
				Steps: []play.Step{way.sends(part(text(one)), cont(two)), play.CloseIn(time.Second)},
				OK:    []verdict.Event{gotText(one + two)},
				Ends:  weClose,
			}))
	}
	for i, way := range written {
		cases = append(cases, play.Scripted(fmt.Sprintf("5.%d", 6+i),
			"A text message in two fragments with a Ping between them"+way.how+".",
			"A Pong, then the message. The suite closes.", play.Script{
				Steps: []play.Step{way.sends(part(text(one)), ping("ping payload"), cont(two)), play.CloseIn(time.Second)},
				OK:    []verdict.Event{gotPong("ping payload"), gotText(one + two)},
				Ends:  weClose,
			}))
	}
	stray := cont("non-continuation payload")
	for n, f := range []naive.Frame{stray, part(stray)} {
		for i, way := range written {
			cases = append(cases, refused(fmt.Sprintf("5.%d", 9+3*n+i),
				fmt.Sprintf("A continuation frame with FIN %t that continues nothing, then a text message%s.", f.FIN, way.how),
				way.sends(f, text("Hello, world!"))))
		}
	}
	first, last := part(cont(one)), cont(one)
	rest := []naive.Frame{part(text(two)), cont("fragment3")}
	return append(cases,
		play.Scripted("5.15", "A text message in two fragments, a continuation frame that continues nothing, a text message.",
			"The first message comes back, then the connection fails with 1002. Not to send the first back is NON-STRICT.", play.Script{
				Steps: []play.Step{
					play.Send(part(text(one)), cont(two), part(cont("fragment3")), text("fragment4")),
					play.KillIn(time.Second),
				},
				OK: []verdict.Event{gotText(one + two)}, Lax: []verdict.Event{}, Ends: theyFail,
			}),
		refused("5.16", "Twice: a continuation frame without FIN that continues nothing, then a text message in two fragments.",
			play.Send(first, rest[0], rest[1], first, rest[0], rest[1])),
		refused("5.17", "Twice: a continuation frame with FIN that continues nothing, then a text message in two fragments.",
			play.Send(last, rest[0], rest[1], last, rest[0], rest[1])),
		refused("5.18", "Two text frames, the first without FIN.", play.Send(part(text(one)), text(two))),
		pausing("5.19", "", play.Send),
		pausing("5.20", ", frame by frame", play.SendSync),
	)
}

// refused returns a case that makes the peer fail the connection with 1002.
func refused(id, description string, sends play.Step) *play.Case {
	return play.Scripted(id, description, "The connection fails with 1002.", play.Script{
		Steps: []play.Step{sends, play.KillIn(time.Second)},
		Ends:  theyFail,
	})
}

// pausing returns a message in five fragments, with two Pings and a pause in the middle.
func pausing(id, how string, sends func(...naive.Frame) play.Step) *play.Case {
	return play.Scripted(id,
		"A text message in five fragments, with Pings after the second and the fourth, and a pause of 1 s after the first Ping"+how+".",
		"The first Pong at once, then the second, then the message. The suite closes.", play.Script{
			Steps: []play.Step{
				sends(part(text("fragment1")), part(cont("fragment2")), ping("pongme 1!")),
				play.Pause(time.Second),
				sends(part(cont("fragment3")), part(cont("fragment4")), ping("pongme 2!"), cont("fragment5")),
				play.CloseIn(time.Second),
			},
			OK: []verdict.Event{
				gotPong("pongme 1!"), gotPong("pongme 2!"),
				gotText("fragment1fragment2fragment3fragment4fragment5"),
			},
			Ends: weClose,
		})
}
