package cases

import (
	"strings"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// dataFrames: a WebSocket is a stream of bytes, however DATA frames and windows cut it.
func dataFrames() (cases []*play.Case) {
	next := numbering("21.6")
	each := func(sentence, description string, wire play.Wire, begin func() play.Script) {
		c := play.Scripted(next(), description, mustComeBack, begin())
		c.Begin = func() play.Play {
			p := begin()
			return &p
		}
		c.Wire = &wire
		c.Alone = wire.Window != nil // of a server, the window is that of all streams
		cases = append(cases, over(0, sentence, c))
	}
	const shaped = `RFC 8441 section 5: "as if it were the TCP connection"; RFC 9113 section 8.5: "After the initial HEADERS frame sent by each peer, all subsequent DATA frames correspond to data sent on the TCP connection."`
	long := strings.Repeat("0123456789", 200)
	says := func(f naive.Frame) func() play.Script {
		return func() play.Script {
			ok := []verdict.Event{gotText(string(f.Payload))}
			return play.Script{Steps: []play.Step{play.Send(f)}, OK: ok, Ends: weClose, Prompt: true}
		}
	}
	each(shaped, "A text message in DATA frames of one byte.", play.Wire{Shape: mux.Shape{Piece: 1}}, says(text(hello)))
	each(shaped, "A text message of 2,000 bytes in DATA frames of 100.", play.Wire{Shape: mux.Shape{Piece: 100}}, says(text(long)))
	each(shaped, "Three text messages, of which two end within a DATA frame.", play.Wire{Shape: mux.Shape{Piece: 11}}, func() play.Script {
		steps := []play.Step{play.Send(text(hello), text(hello), text(hello))}
		return play.Script{Steps: steps, OK: []verdict.Event{gotText(hello), gotText(hello), gotText(hello)}, Ends: weClose, Prompt: true}
	})
	each(`RFC 9113 section 6.1: "Padding octets that contain no application semantic value."`, "A text message in DATA frames with 200 bytes of padding.", play.Wire{Shape: mux.Shape{Piece: 5, Pad: 200}}, says(text(hello)))
	each(`RFC 9113 section 10.5: "An endpoint MAY treat activity that is suspicious as a connection error". Ten are not.`, "A text message of 1,000 bytes, and an empty DATA frame before each 100 of them.",
		play.Wire{Shape: mux.Shape{Piece: 100, Empty: true}}, says(text(long[:990])))
	one, none, small := uint32(1), uint32(0), uint32(1000)
	each(overWindow, "A text message; the peer's window is one byte, again and again.", play.Wire{Window: &one}, says(text(hello)))
	each(overWindow, "A text message; the peer has no window before 300 ms have passed.", play.Wire{Window: &none}, func() play.Script {
		p := says(text(hello))()
		p.Steps = append(p.Steps, play.Pause(300*time.Millisecond), play.OnStream(func(x *mux.Stream) { x.Grant(mux.Usual) }))
		return p
	})
	each(`RFC 9113 section 6.9.2: "A sender MUST track the negative flow-control window and MUST NOT send new flow-controlled frames until it receives WINDOW_UPDATE frames that cause the flow-control window to become positive."`,
		"A text message of 2,000 bytes; the peer's window is 1,000, then lowered to -900, then raised.", play.Wire{Window: &small}, func() play.Script {
			p := says(text(long))()
			const pause = 200 * time.Millisecond
			p.Steps = []play.Step{
				play.OnStream(func(x *mux.Stream) { x.Withhold(true) }), p.Steps[0], play.Pause(pause),
				play.OnStream(func(x *mux.Stream) {
					x.Conn().Announce(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 100})
				}), play.Pause(pause),
				play.OnStream(func(x *mux.Stream) { x.Grant(950) }), play.Pause(pause),
				play.OnStream(func(x *mux.Stream) { x.Withhold(false) }),
			}
			return p
		})
	return cases
}
