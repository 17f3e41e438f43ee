package cases

import (
	"slices"
	"strconv"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// masks: RFC 6455 section 5.1.
func masks() (cases []*play.Case) {
	sentence := map[verdict.Role]string{
		verdict.Server: `RFC 6455 section 5.1: "The server MUST close the connection upon receiving a frame that is not masked. In this case, a server MAY send a Close frame with a status code of 1002 (protocol error) as defined in Section 7.4.1."`,
		verdict.Client: `RFC 6455 section 5.1: "A client MUST close a connection if it detects a masked frame. In this case, it MAY use the status code 1002 (protocol error) as defined in Section 7.4.1."`,
	}
	for _, role := range []verdict.Role{verdict.Server, verdict.Client} {
		how := map[verdict.Role]string{verdict.Server: "without a mask", verdict.Client: "with a mask"}[role]
		wrong := func(id, what string, steps ...play.Step) {
			p := fails([]int{1002}, steps...)
			p.Last = codeFits // by the sentence, the peer need not say why
			c := play.Scripted(id, what+" "+how+".", "The connection fails, with 1002 or without a Close frame.", p)
			c.Only = role
			cases = append(cases, by(sentence[role], c)...)
		}
		wrong("20.5.1", "A text message", sendAsIs(wrongMask(text(hello))))
		wrong("20.5.2", "An empty binary message", sendAsIs(wrongMask(bin(""))))
		wrong("20.5.3", "A Ping", sendAsIs(wrongMask(ping(hello))))
		wrong("20.5.4", "A Close frame", sendAsIs(wrongMask(whole(play.OpClose, "\x03\xe8"))))
		wrong("20.5.5", "A continuation frame, after a good first fragment,", play.Send(part(text("fragment1"))), sendAsIs(wrongMask(cont("fragment2"))))
	}
	zero := play.Scripted("20.5.6", "A text message with the masking key 0.", mustComeBack, play.Script{
		Steps: []play.Step{
			sendAsIs(func(verdict.Role) naive.Frame {
				f := text(hello)
				f.Masked = true
				return f
			}),
		},
		OK: []verdict.Event{gotText(hello)}, Ends: weClose, Prompt: true,
	})
	zero.Only = verdict.Server
	var echoes []verdict.Event
	for range 16 {
		echoes = append(echoes, gotText(hello))
	}
	fresh := play.Scripted("20.5.7", "16 text messages.", "They come back, each under a masking key of its own.", play.Script{
		Steps: []play.Step{play.Send(slices.Repeat([]naive.Frame{text(hello)}, 16)...)},
		OK:    echoes, Ends: weClose, Prompt: true, Last: freshKeys,
	})
	fresh.Only = verdict.Client
	cases = append(cases, by(`RFC 6455 section 5.3: "When preparing a masked frame, the client MUST pick a fresh masking key from the set of allowed 32-bit values."`, fresh)...)
	return append(cases, by(`RFC 6455 section 5.3: "The masking key is a 32-bit value chosen at random by the client."`, zero)...)
}

// freshKeys fails a client that masks two frames with the same key. By chance, that happens
// once in thirty million plays.
func freshKeys(r *verdict.Result) {
	used := map[[4]byte]bool{}
	for _, e := range r.Wirelog {
		if e.Kind != verdict.LogRxFrame || !e.Masked {
			continue
		}
		if used[e.Key] {
			r.Behavior, r.Result = verdict.Failed, "Two frames have the same masking key."
		}
		used[e.Key] = true
	}
}

// lengths: RFC 6455 section 5.2.
func lengths() (cases []*play.Case) {
	const minimal = `RFC 6455 section 5.2: "Note that in all cases, the minimal number of bytes MUST be used to encode the length"`
	long := string(make([]byte, 65535))
	for _, row := range []struct {
		id, what string
		taken    verdict.Event // the outcome of a peer that accepts the frame
		step     play.Step
	}{
		{"20.6.1", "An empty text message with its length in 16 bits.", gotText(""), sendDeclared(play.OpText, 0, 2, "")},
		{"20.6.2", "A text message of 125 bytes with its length in 16 bits.", gotText(long[:125]), sendDeclared(play.OpText, 125, 2, long[:125])},
		{"20.6.3", "An empty binary message with its length in 64 bits.", gotBinary(""), sendDeclared(play.OpBinary, 0, 8, "")},
		{"20.6.4", "A binary message of 126 bytes with its length in 64 bits.", gotBinary(long[:126]), sendDeclared(play.OpBinary, 126, 8, long[:126])},
		{"20.6.5", "A binary message of 65535 bytes with its length in 64 bits.", gotBinary(long), sendDeclared(play.OpBinary, 65535, 8, long)},
		{"20.6.6", "A Ping of 5 bytes with its length in 16 bits.", gotPong("hello"), sendDeclared(play.OpPing, 5, 2, "hello")},
	} {
		p := fails([]int{1002}, row.step)
		p.Taken = []verdict.Event{row.taken}
		cases = append(cases, by(minimal, play.Scripted(row.id, row.what, shouldFail, p))...)
	}
	closing := fails([]int{1002}, sendDeclared(play.OpClose, 2, 8, "\x03\xe8"))
	closing.Last = func(r *verdict.Result) {
		saysWhy(r)
		if r.RemoteCloseCode != nil && *r.RemoteCloseCode == 1000 {
			allowed(r, verdict.NonStrict, play.Takes)
		}
	}
	cases = append(cases, by(minimal, play.Scripted("20.6.7", "A Close frame of 2 bytes with its length in 64 bits.", shouldFail, closing))...)
	top := fails([]int{1002, 1009})
	top.Steps = []play.Step{sendDeclared(play.OpBinary, 1<<63, 8, ""), play.MayWait, play.KillWhenIdle(limitPatience)}
	top.Last = func(r *verdict.Result) {
		saysWhy(r)
		if r.ClosedByMe && len(r.Received) == 0 {
			allowed(r, verdict.NonStrict, "The peer waits for more. The RFC binds the sender.")
		}
	}
	cases = append(cases, by(`RFC 6455 section 5.2: "the most significant bit MUST be 0"`,
		play.Scripted("20.6.8", "A binary message whose length of 64 bits has its top bit set.", "The connection fails with 1002 or 1009. To wait for the message is NON-STRICT: the RFC binds the sender.", top))...)
	return append(cases, by(`RFC 6455 section 7.4.1: "1009 indicates that an endpoint is terminating the connection because it has received a message that is too big for it to process."`,
		bounded("20.6.9", "The header of a binary message of 2^62 bytes, and nothing after it.", sendDeclared(play.OpBinary, 1<<62, 8, "")))...)
}

// fragments: RFC 6455 section 5.4.
func fragments() []*play.Case {
	var empty, pinged []naive.Frame
	var pongs []verdict.Event
	var letters string
	empty = append(empty, part(text("")))
	pinged = append(pinged, part(text("")))
	for i := range 1000 {
		empty = append(empty, part(cont("")))
		if i < 100 {
			letter := string(rune('a' + i%26))
			pinged = append(pinged, ping(strconv.Itoa(i)), part(cont(letter)))
			pongs = append(pongs, gotPong(strconv.Itoa(i)))
			letters += letter
		}
	}
	return slices.Concat(
		by(`RFC 6455 section 5.4: "A fragmented message consists of a single frame with the FIN bit clear and an opcode other than 0, followed by zero or more frames with the FIN bit clear and the opcode set to 0, and terminated by a single frame with the FIN bit set and an opcode of 0."`,
			play.Scripted("20.7.1", "A text message in 1,002 fragments, of which only the last is not empty.", mustComeBack, play.Script{
				Steps: []play.Step{play.Send(append(empty, cont(hello))...)},
				OK:    []verdict.Event{gotText(hello)}, Ends: weClose, Prompt: true,
			}),
			play.Scripted("20.7.2", "A binary message in two fragments, and a text message in one segment with it.", "Both come back, in order.", play.Script{
				Steps: []play.Step{play.Send(part(bin("\xff")), cont("\xfe"), text(hello))},
				OK:    []verdict.Event{gotBinary("\xff\xfe"), gotText(hello)}, Ends: weClose, Prompt: true,
			}),
			play.Scripted("20.7.3", "A text message in two fragments, the second of which is a text frame with FIN.", mustFail,
				fails([]int{1002}, play.Send(part(text("fragment1")), text("fragment2")))),
			play.Scripted("20.7.4", "A text message whose second fragment is a binary frame.", mustFail,
				fails([]int{1002}, play.Send(part(text("fragment1")), part(bin("fragment2")), cont("fragment3")))),
			play.Scripted("20.7.5", "A continuation frame right after a whole message.", "The connection fails with 1002. Not to send the message back first is NON-STRICT.", play.Script{
				Steps: []play.Step{play.Send(text(hello), cont("")), play.Fence},
				OK:    []verdict.Event{gotText(hello)}, Lax: []verdict.Event{}, Ends: theyFail, FatalEnd: true, Prompt: true,
			}),
		),
		by(`RFC 6455 section 5.4: "An endpoint MUST be capable of handling control frames in the middle of a fragmented message."`,
			play.Scripted("20.7.6", "A text message in 102 fragments with 100 Pings between them.", "The message, and Pongs in order, of which one may stand for those before it (section 5.5.3).", play.Script{
				Steps: []play.Step{play.Send(append(pinged, cont(""))...)},
				OK:    append(pongs, gotText(letters)), Ends: weClose, AnyPongs: true, Prompt: true,
			}),
			play.Scripted("20.7.7", "A fragment of a text message, and a Pong that nobody asked for before the other.", mustComeBack, play.Script{
				Steps: []play.Step{play.Send(part(text("Hello, ")), pong("?"), cont("world!"))},
				OK:    []verdict.Event{gotText(hello)}, Ends: weClose, Prompt: true,
			}),
		),
		by(`RFC 6455 section 5.5: "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented."`,
			play.Scripted("20.7.8", "A Close frame without FIN.", mustFail, fails([]int{1002}, play.Send(part(whole(play.OpClose, "\x03\xe8"))))),
			play.Scripted("20.7.9", "A Ping without FIN in the middle of a message.", mustFail,
				fails([]int{1002}, play.Send(part(text("a")), part(ping("")), cont("b")))),
		),
	)
}
