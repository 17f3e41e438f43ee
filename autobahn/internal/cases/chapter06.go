package cases

import (
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// chapter6: text must be UTF-8. Text that is not fails the connection with 1007 (RFC 6455
// sections 5.6 and 8.1), as soon as that is certain.
func chapter6() []*play.Case {
	good := func(id, description, payload string, sends play.Step) *play.Case {
		return play.Scripted(id, description, "The message comes back. The suite closes.", play.Script{
			Steps: []play.Step{sends, play.CloseIn(time.Second)}, OK: []verdict.Event{gotText(payload)}, Ends: weClose,
		})
	}
	bad := func(id, description string, sends play.Step) *play.Case {
		return play.Scripted(id, description, "The connection fails with 1007.", play.Script{
			Steps: []play.Step{sends, play.KillIn(time.Second)}, Ends: theyFailFor(1007), FatalEnd: true,
		})
	}
	const middle = "middle frame payload"
	wrong := text(cosmos + surrogate + ascii)
	cases := []*play.Case{
		good("6.1.1", "An empty text message.", "", play.Send(text(""))),
		good("6.1.2", "A text message in three empty fragments.", "", play.Send(part(text("")), part(cont("")), cont(""))),
		good("6.1.3", "A text message in three fragments, the first and the last empty.", middle,
			play.Send(part(text("")), part(cont(middle)), cont(""))),
		good("6.2.1", "A text message with characters of two bytes.", greeting, play.Send(text(greeting))),
		good("6.2.2", "The same in two fragments, cut between characters.", greeting,
			play.Send(part(text(greeting[:15])), cont(greeting[15:]))),
		good("6.2.3", "The same in fragments of one byte.", greeting, play.SendFragments(1, text(greeting))),
		good("6.2.4", "Another in fragments of one byte.", cosmos, play.SendFragments(1, text(cosmos))),
		bad("6.3.1", "A text message with a surrogate in it.", play.Send(wrong)),
		bad("6.3.2", "The same in fragments of one byte.", play.SendFragments(1, wrong)),
	}
	for i, cut := range []struct {
		where string
		parts [3]string
	}{
		{"The second holds a byte that is wrong.", [3]string{cosmos, beyond, ascii}},
		{"The first ends within a character; the second, of one byte, is wrong.", [3]string{cosmos + beyond[:1], beyond[1:2], beyond[2:] + ascii}},
	} {
		cases = append(cases,
			failFast(fmt.Sprintf("6.4.%d", i+1), "A text message in three fragments with pauses between them. "+cut.where,
				play.Send(part(text(cut.parts[0]))), play.Send(part(cont(cut.parts[1]))), play.Send(cont(cut.parts[2]))),
			failFast(fmt.Sprintf("6.4.%d", i+3), "A text message in one frame, written in three pieces with pauses between them. "+cut.where,
				inThree(cut.parts)...))
	}
	// In order: 6.4.1, 6.4.2 are frames, 6.4.3, 6.4.4 pieces.
	n := len(cases)
	cases[n-3], cases[n-2] = cases[n-2], cases[n-3]
	return append(cases, texts()...)
}

// failFast sends three parts with pauses in between. The second is invalid, and the peer should
// not wait for the third.
func failFast(id, description string, parts ...play.Step) *play.Case {
	return play.Scripted(id, description,
		"The connection fails with 1007 after the second part; only after the third is NON-STRICT.", play.Script{
			Steps: []play.Step{
				parts[0], play.Timeout(time.Second, "A"),
				parts[1], play.Timeout(time.Second, "B"),
				parts[2], play.KillIn(time.Second),
			},
			OK:       []verdict.Event{{Kind: "timeout", Payload: []byte("A")}},
			Lax:      []verdict.Event{{Kind: "timeout", Payload: []byte("A")}, {Kind: "timeout", Payload: []byte("B")}},
			Ends:     theyFailFor(1007),
			FatalEnd: true,
		})
}

// inThree returns one frame in three pieces, and the empty frame that ends the message.
func inThree(parts [3]string) []play.Step {
	payload := parts[0] + parts[1] + parts[2]
	p := play.Pieces{Frame: part(text(payload)), Key: [4]byte{0xca, 0xfe, 0xba, 0xbe}}
	first, second := len(parts[0]), len(parts[0]+parts[1])
	last := p.SendPayload(second, len(payload))
	return []play.Step{
		p.SendPayload(0, first),
		p.SendPayload(first, second),
		func(s *play.Session) (time.Duration, string) {
			last(s)
			s.Send(cont(""), 0, false)
			return 0, ""
		},
	}
}
