package autobahn

import (
	"fmt"
	"time"
)

// Texts that chapter 6 splits. The good ones are "Hello-µ@ßöäüàá-UTF-8!!" and κόσμε.
const (
	greeting = "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!"
	cosmos   = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
	// surrogate and beyond are invalid from their second byte: U+D800, U+110000.
	surrogate = "\xed\xa0\x80"
	beyond    = "\xf4\x90\x80\x80"
	ascii     = "edited"
)

// chapter6: text must be UTF-8. Text that is not fails the connection with 1007 (RFC 6455
// sections 5.6 and 8.1), as soon as that is certain.
func chapter6() []*Case {
	good := func(id, description, payload string, sends step) *Case {
		return scripted(id, description, "The message comes back. The suite closes.", script{
			steps: []step{sends, closeIn(time.Second)}, ok: []Event{gotText(payload)}, ends: weClose,
		})
	}
	bad := func(id, description string, sends step) *Case {
		return scripted(id, description, "The connection fails with 1007.", script{
			steps: []step{sends, killIn(time.Second)}, ends: theyFailFor(1007), fatalEnd: true,
		})
	}
	const middle = "middle frame payload"
	wrong := text(cosmos + surrogate + ascii)
	cases := []*Case{
		good("6.1.1", "An empty text message.", "", send(text(""))),
		good("6.1.2", "A text message in three empty fragments.", "", send(part(text("")), part(cont("")), cont(""))),
		good("6.1.3", "A text message in three fragments, the first and the last empty.", middle,
			send(part(text("")), part(cont(middle)), cont(""))),
		good("6.2.1", "A text message with characters of two bytes.", greeting, send(text(greeting))),
		good("6.2.2", "The same in two fragments, cut between characters.", greeting,
			send(part(text(greeting[:15])), cont(greeting[15:]))),
		good("6.2.3", "The same in fragments of one byte.", greeting, sendFragments(1, text(greeting))),
		good("6.2.4", "Another in fragments of one byte.", cosmos, sendFragments(1, text(cosmos))),
		bad("6.3.1", "A text message with a surrogate in it.", send(wrong)),
		bad("6.3.2", "The same in fragments of one byte.", sendFragments(1, wrong)),
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
				send(part(text(cut.parts[0]))), send(part(cont(cut.parts[1]))), send(cont(cut.parts[2]))),
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
func failFast(id, description string, parts ...step) *Case {
	return scripted(id, description,
		"The connection fails with 1007 after the second part; only after the third is NON-STRICT.", script{
			steps: []step{
				parts[0], timeout(time.Second, "A"),
				parts[1], timeout(time.Second, "B"),
				parts[2], killIn(time.Second),
			},
			ok:       []Event{{Kind: "timeout", Payload: []byte("A")}},
			lax:      []Event{{Kind: "timeout", Payload: []byte("A")}, {Kind: "timeout", Payload: []byte("B")}},
			ends:     theyFailFor(1007),
			fatalEnd: true,
		})
}

// inThree returns one frame in three pieces, and the empty frame that ends the message.
func inThree(parts [3]string) []step {
	payload := parts[0] + parts[1] + parts[2]
	p := pieces{part(text(payload)), [4]byte{0xca, 0xfe, 0xba, 0xbe}}
	first, second := len(parts[0]), len(parts[0]+parts[1])
	last := p.sendPayload(second, len(payload))
	return []step{
		p.sendPayload(0, first),
		p.sendPayload(first, second),
		func(s *session) (time.Duration, string) {
			last(s)
			s.send(cont(""), 0, false)
			return 0, ""
		},
	}
}
