package cases

import (
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// chapter2: a Ping is answered with a Pong with the same payload (RFC 6455 section 5.5.2), and
// an unsolicited Pong is not answered (5.5.3).
func chapter2() []*play.Case {
	const odd = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
	full := strings.Repeat("\xfe", 125)
	var pings []naive.Frame
	var pongs []verdict.Event
	for i := range 10 {
		pings = append(pings, ping(fmt.Sprintf("payload-%d", i)))
		pongs = append(pongs, gotPong(fmt.Sprintf("payload-%d", i)))
	}
	answered := func(id, what, payload string) *play.Case {
		return play.Scripted(id, "A Ping with "+what+".", "A Pong with the same. The suite closes.", play.Script{
			Steps: []play.Step{play.Send(ping(payload)), play.CloseIn(time.Second)},
			OK:    []verdict.Event{gotPong(payload)},
			Ends:  weClose,
		})
	}
	unanswered := func(id, what, payload string) *play.Case {
		return play.Scripted(id, "A Pong that nobody asked for, with "+what+", and then a Close frame.", "Nothing but the Close frame.", play.Script{
			Steps: []play.Step{play.Send(pong(payload)), play.SendClose(1000, ""), play.CloseIn(time.Second)},
			Ends:  weClose,
		})
	}
	return []*play.Case{
		answered("2.1", "no payload", ""),
		answered("2.2", "text", "Hello, world!"),
		answered("2.3", "bytes that are not UTF-8", odd),
		answered("2.4", "125 bytes, the most there may be", full),
		play.Scripted("2.5", "A Ping with 126 bytes.", "The connection fails with 1002: a control frame has at most 125.", play.Script{
			Steps: []play.Step{play.Send(ping(full + "\xfe")), play.KillIn(time.Second)},
			Ends:  theyFail,
		}),
		play.Scripted("2.6", "A Ping with 125 bytes, written byte by byte.", "A Pong with the same. The suite closes.", play.Script{
			Steps: []play.Step{play.SendChopped(1, ping(full)), play.CloseIn(2 * time.Second)},
			OK:    []verdict.Event{gotPong(full)},
			Ends:  weClose,
		}),
		unanswered("2.7", "no payload", ""),
		unanswered("2.8", "payload", "unsolicited pong payload"),
		play.Scripted("2.9", "A Pong that nobody asked for, and then a Ping.", "Nothing for the Pong, a Pong for the Ping. The suite closes.", play.Script{
			Steps: []play.Step{play.Send(pong("unsolicited pong payload"), ping("ping payload")), play.CloseIn(time.Second)},
			OK:    []verdict.Event{gotPong("ping payload")},
			Ends:  weClose,
		}),
		play.Scripted("2.10", "10 Pings at once.", "10 Pongs, in order. The suite closes.", play.Script{
			Steps: []play.Step{play.Send(pings...), play.CloseIn(3 * time.Second)}, OK: pongs, Ends: weClose,
		}),
		play.Scripted("2.11", "10 Pings, written byte by byte.", "10 Pongs, in order. The suite closes.", play.Script{
			Steps: []play.Step{play.SendChopped(1, pings...), play.CloseIn(3 * time.Second)}, OK: pongs, Ends: weClose,
		}),
	}
}
