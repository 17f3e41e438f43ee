package cases

import (
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// chapter3: an RSV bit without an extension fails the connection (RFC 6455 section 5.2).
func chapter3() []*play.Case {
	const hello = "Hello, world!"
	alone := func(id string, n int, f naive.Frame, what string) *play.Case {
		return play.Scripted(id, fmt.Sprintf("%s with RSV bits %03b.", what, n), "The connection fails with 1002.", play.Script{
			Steps: []play.Step{play.Send(rsv(n, f)), play.KillIn(time.Second)},
			Ends:  theyFail,
		})
	}
	second := func(id string, n int, how string, sends func(...naive.Frame) play.Step) *play.Case {
		return afterOne(id, fmt.Sprintf("the same with RSV bits %03b", n), how, sends, rsv(n, text(hello)))
	}
	return []*play.Case{
		alone("3.1", 1, text(hello), "A text message"),
		second("3.2", 2, "", play.Send),
		second("3.3", 3, ", frame by frame", play.SendSync),
		second("3.4", 4, ", byte by byte", chopped),
		alone("3.5", 5, bin("\x00\xff\xfe\xfd\xfc\xfb\x00\xff"), "A binary message"),
		alone("3.6", 6, bin(hello), "A binary message"),
		alone("3.7", 7, whole(play.OpClose, ""), "A Close frame"),
	}
}

func chopped(frames ...naive.Frame) play.Step { return play.SendChopped(1, frames...) }

// afterOne returns a case with a good message, a frame that the peer must refuse, and a Ping
// that must get no answer. An echo of the good message is wished for, but not required.
func afterOne(id, what, how string, sends func(...naive.Frame) play.Step, bad naive.Frame) *play.Case {
	return play.Scripted(id,
		"A text message, "+what+", and a Ping"+how+".",
		"The first message comes back, then the connection fails with 1002, and no Pong comes. Not to send the first back is NON-STRICT.",
		play.Script{
			Steps: []play.Step{sends(text("Hello, world!"), bad, ping("")), play.KillIn(time.Second)},
			OK:    []verdict.Event{gotText("Hello, world!")},
			Lax:   []verdict.Event{},
			Ends:  theyFail,
		})
}
