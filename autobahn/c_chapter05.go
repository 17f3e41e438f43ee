package autobahn

import (
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/internal/naive"
)

// written has the three ways in which chapter 5 writes frames.
var written = []struct {
	how   string
	sends func(...naive.Frame) step
}{
	{"", send},
	{", frame by frame", sendSync},
	{", byte by byte", chopped},
}

// chapter5: fragmented messages, control frames between fragments, and invalid fragments (RFC
// 6455 section 5.4).
func chapter5() []*Case {
	const one, two = "fragment1", "fragment2"
	cases := []*Case{
		refused("5.1", "A Ping in two fragments.", send(part(ping(one)), cont(two))),
		refused("5.2", "A Pong in two fragments.", send(part(pong(one)), cont(two))),
	}
	for i, way := range written {
		cases = append(cases, scripted(fmt.Sprintf("5.%d", 3+i),
			"A text message in two fragments"+way.how+".", "The message comes back. The suite closes.", script{
				steps: []step{way.sends(part(text(one)), cont(two)), closeIn(time.Second)},
				ok:    []Event{gotText(one + two)},
				ends:  weClose,
			}))
	}
	for i, way := range written {
		cases = append(cases, scripted(fmt.Sprintf("5.%d", 6+i),
			"A text message in two fragments with a Ping between them"+way.how+".",
			"A Pong, then the message. The suite closes.", script{
				steps: []step{way.sends(part(text(one)), ping("ping payload"), cont(two)), closeIn(time.Second)},
				ok:    []Event{gotPong("ping payload"), gotText(one + two)},
				ends:  weClose,
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
		scripted("5.15", "A text message in two fragments, a continuation frame that continues nothing, a text message.",
			"The first message comes back, then the connection fails with 1002. Not to send the first back is NON-STRICT.", script{
				steps: []step{
					send(part(text(one)), cont(two), part(cont("fragment3")), text("fragment4")),
					killIn(time.Second),
				},
				ok: []Event{gotText(one + two)}, lax: []Event{}, ends: theyFail,
			}),
		refused("5.16", "Twice: a continuation frame without FIN that continues nothing, then a text message in two fragments.",
			send(first, rest[0], rest[1], first, rest[0], rest[1])),
		refused("5.17", "Twice: a continuation frame with FIN that continues nothing, then a text message in two fragments.",
			send(last, rest[0], rest[1], last, rest[0], rest[1])),
		refused("5.18", "Two text frames, the first without FIN.", send(part(text(one)), text(two))),
		pausing("5.19", "", send),
		pausing("5.20", ", frame by frame", sendSync),
	)
}

// refused returns a case that makes the peer fail the connection with 1002.
func refused(id, description string, sends step) *Case {
	return scripted(id, description, "The connection fails with 1002.", script{
		steps: []step{sends, killIn(time.Second)},
		ends:  theyFail,
	})
}

// pausing returns a message in five fragments, with two Pings and a pause in the middle.
func pausing(id, how string, sends func(...naive.Frame) step) *Case {
	return scripted(id,
		"A text message in five fragments, with Pings after the second and the fourth, and a pause of 1 s after the first Ping"+how+".",
		"The first Pong at once, then the second, then the message. The suite closes.", script{
			steps: []step{
				sends(part(text("fragment1")), part(cont("fragment2")), ping("pongme 1!")),
				pause(time.Second),
				sends(part(cont("fragment3")), part(cont("fragment4")), ping("pongme 2!"), cont("fragment5")),
				closeIn(time.Second),
			},
			ok: []Event{
				gotPong("pongme 1!"), gotPong("pongme 2!"),
				gotText("fragment1fragment2fragment3fragment4fragment5"),
			},
			ends: weClose,
		})
}
