package cases

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/hawser-ws/websocket/autobahn/internal/corpus"
	"github.com/hawser-ws/websocket/autobahn/internal/deflate"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// Sentences about permessage-deflate.
const (
	deflateBits        = `RFC 7692 section 7.1.2.1: "A server accepts an extension negotiation offer with this parameter by including the "server_max_window_bits" extension parameter in the extension negotiation response to send back to the client with the same or smaller value as the offer."`
	deflateClientBits  = `RFC 7692 section 7.1.2.2: "By including this extension parameter in an extension negotiation response, a server limits the LZ77 sliding window size that the client uses to compress messages."`
	deflateTakeover    = `RFC 7692 section 7.1.1.1: "A server accepts an extension negotiation offer that includes the "server_no_context_takeover" extension parameter by including the "server_no_context_takeover" extension parameter in the corresponding extension negotiation response to send back to the client."`
	deflateOwnTakeover = `RFC 7692 section 7.1.1.2: client_no_context_takeover in the answer prevents the client from using context takeover; without it, and unoffered, a server has to keep the window`
	deflateNoTakeover  = `RFC 7692 section 7.1.1.2: client_no_context_takeover in the answer prevents the client from using context takeover`
	deflateDecline     = `RFC 7692 section 7: "A server MUST decline an extension negotiation offer for this extension if any of the following conditions are met: The negotiation offer contains an extension parameter not defined for use in an offer. The negotiation offer contains an extension parameter with an invalid value. The negotiation offer contains multiple extension parameters with the same name."`
	deflateRSV1        = `RFC 7692 section 6: "An endpoint MUST NOT set the "Per-Message Compressed" bit of control frames and non-first fragments of a data message. An endpoint receiving such a frame MUST _Fail the WebSocket Connection_."`
	deflateOtherRSV    = `RFC 6455 section 5.2: "If a nonzero value is received and none of the negotiated extensions defines the meaning of such a nonzero value, the receiving endpoint MUST _Fail the WebSocket Connection_."`
	deflatePlain       = `RFC 7692 section 6: "A message with the "Per-Message Compressed" bit unset on the first fragment of the message is called an "uncompressed message"."`
	deflateBlocks      = `RFC 7692 section 7.2.3: a message may be of any blocks of DEFLATE [RFC1951]: stored, fixed and dynamic, one or several, empty ones, and such with BFINAL set`
	deflateWrong       = `RFC 6455 section 7.4.1: "1007 indicates that an endpoint is terminating the connection because it has received data within a message that was not consistent with the type of the message"; RFC 7692 names no other for data that does not inflate`
)

// asUsual offers permessage-deflate without parameters.
var asUsual = &play.Negotiation{Wishes: []play.Wish{{}}}

// negotiations: 20.10 checks the peer's parameters by value, and inflates its messages with
// exactly the agreed window; 20.11 sends servers invalid or several offers.
func negotiations() (cases []*play.Case) {
	ask := func(id, ofServer, ofClient string, w play.Wish) {
		n := &play.Negotiation{Wishes: []play.Wish{w}, Strict: true}
		c := play.Case{
			ID: id, Description: "Messages with repetitions just beyond the window. " + n.String(),
			Expectation: "The answer says so, and no message refers farther back. The messages come back.",
			Only:        verdict.Server,
			Offer:       n,
			Begin: func() play.Play {
				return &play.Exchange{Items: func(s *play.Session) []play.Item { return beyondWindow(w.Bits, s.OwnWindow()) }}
			},
		}
		own := c // of a client, whom the suite's answer binds
		own.Expectation, own.Only = "No message refers farther back. The messages come back.", verdict.Client
		cases = append(cases, by(ofServer, &c)...)
		cases = append(cases, by(ofClient, &own)...)
	}
	for i, bits := range []int{8, 9, 10, 11, 12, 13, 14, 15} {
		ask(fmt.Sprintf("20.10.%d", i+1), deflateBits, deflateClientBits, play.Wish{Bits: bits})
	}
	ask("20.10.9", deflateTakeover, deflateNoTakeover, play.Wish{NoTakeover: true})
	ask("20.10.10", deflateTakeover, deflateNoTakeover, play.Wish{NoTakeover: true, Bits: 10})
	// The offers above forbid takeover in the suite's own direction, as the original's do. Here
	// servers get messages that refer back.
	for i, params := range []string{"", "; client_max_window_bits=10"} {
		n := &play.Negotiation{Raw: play.DeflateName + params, Strict: true}
		c := &play.Case{
			ID: fmt.Sprintf("20.10.%d", 11+i), Description: "Messages that refer to those before them, unless the server forbids it. Offered: " + n.Raw + ".",
			Expectation: "The messages come back.",
			Only:        verdict.Server,
			Offer:       n,
			Begin: func() play.Play {
				return &play.Exchange{Items: func(s *play.Session) []play.Item {
					short := play.Item{Payload: []byte(strings.Repeat(hello, 3))} // twice, within any window
					return append(beyondWindow(0, s.OwnWindow()), short, short)
				}}
			},
		}
		cases = append(cases, by(deflateOwnTakeover, c)...)
	}

	n := 0
	offers := func(sentence, what, raw string, decline bool) {
		n++
		expectation := "The server agrees to an offer that is valid, as it is, or to none."
		if decline {
			expectation = "The server agrees to no extension, or refuses."
		}
		c := play.Scripted(fmt.Sprintf("20.11.%d", n), what+": "+raw+".", expectation, comesBack())
		c.Only = verdict.Server
		c.Offer = &play.Negotiation{Raw: raw, Strict: true}
		c.Door = &play.Door{Declines: decline}
		if decline {
			c.Door.Unopened = refusesOffer
		}
		cases = append(cases, by(sentence, c)...)
	}
	for _, row := range []struct{ what, params string }{
		{"An unknown parameter", "; window=10"},
		{"A window of 7 bits", "; server_max_window_bits=7"},
		{"A window of 16 bits", "; server_max_window_bits=16"},
		{"A window with a leading zero", "; server_max_window_bits=09"},
		{"A window that is no number", "; server_max_window_bits=large"},
		{"A window without a value", "; server_max_window_bits"},
		{"A client's window of 20 bits", "; client_max_window_bits=20"},
		{"A value where there is none", "; server_no_context_takeover=1"},
		{"A value where there is none", "; client_no_context_takeover=true"},
		{"A parameter twice", "; server_no_context_takeover; server_no_context_takeover"},
		{"A parameter twice, with two values", "; server_max_window_bits=10; server_max_window_bits=12"},
	} {
		offers(deflateDecline, row.what, play.DeflateName+row.params, true)
	}
	offers(deflateDecline, "An offer that is not valid, and one that is", play.DeflateName+"; window=10, "+play.DeflateName, false)
	partly := cases[len(cases)-1]
	partly.Expectation += " To refuse the handshake is NON-STRICT: the first offer breaks section 9.1 of RFC 6455."
	partly.Door.Unopened = func(int) verdict.Verdict { return verdict.NonStrict }
	offers(deflateBits, "Two offers", play.DeflateName+"; server_max_window_bits=10, "+play.DeflateName+"; server_no_context_takeover", false)
	offers(`RFC 7692 section 7.1.2.2: "If a received extension negotiation offer doesn't have the "client_max_window_bits" extension parameter, the corresponding extension negotiation response to the offer MUST NOT include the "client_max_window_bits" extension parameter."`,
		"No client_max_window_bits", play.DeflateName, false)
	offers(`RFC 7692 section 7.1.2.2: "with a value equal to or smaller than the received value"`,
		"A client's window of 10 bits", play.DeflateName+"; client_max_window_bits=10", false)
	offers(`RFC 6455 section 9.1: "When using the quoted-string syntax variant, the value after quoted-string unescaping MUST conform to the 'token' ABNF."`,
		"A quoted value", play.DeflateName+`; server_max_window_bits="10"`, false)
	// Not x-webkit-deflate-frame of old browsers: servers that speak it may agree to it.
	offers(asOffered, "An extension that no server speaks", "x-no-server-speaks-this", true)
	return cases
}

// refusesOffer is the verdict on a server that refuses a handshake whose offer it must decline.
// RFC 6455 section 9.1: "The parameters supplied with any given extension MUST be defined for
// that extension." A server may report a client that breaks this.
func refusesOffer(status int) verdict.Verdict {
	if status >= 400 && status < 500 {
		return verdict.OK
	}
	return verdict.NonStrict
}

// beyondWindow returns messages in which everything occurs a second time, a little farther back
// than a window of theirs bits reaches, and one that refers back exactly as far as ours
// reaches.
func beyondWindow(theirs, ours int) []play.Item {
	random := corpus.Document().Cut(nil, 7, 1<<play.Window(theirs)+100)
	twice := append(bytes.Clone(random), random...)
	far := corpus.Image().Cut(nil, 3, 1<<ours)
	reaching := new(deflate.Blocks).Stored(far[:len(far)/2], false).Stored(far[len(far)/2:], false).
		Fixed(false).Match(64, 1<<ours).End().Flush().Payload()
	return []play.Item{
		{Payload: twice, Binary: true},
		{Payload: random, Binary: true},
		{Payload: twice, Binary: true},
		{Payload: append(bytes.Clone(far), far[:64]...), Binary: true, Deflated: reaching},
		{Payload: []byte(strings.Repeat(hello, 100))},
	}
}

// deflateFrames: 20.12, RSV1 where it is allowed and where it is not.
func deflateFrames() (cases []*play.Case) {
	hi := new(deflate.Blocks).Fixed(false).Literals([]byte(hello)).End().Flush().Payload()
	packed := rsv(4, text(string(hi)))
	n := 0
	add := func(sentence, description, expectation string, p play.Script) {
		n++
		p.Compressed = true
		c := play.Scripted(fmt.Sprintf("20.12.%d", n), description, expectation, p)
		c.Offer = asUsual
		cases = append(cases, by(sentence, c)...)
	}
	add(deflateRSV1, "A Ping with RSV1.", mustFail, fails([]int{1002}, play.Send(rsv(4, ping(string(hi))))))
	add(deflateRSV1, "A Pong with RSV1.", mustFail, fails([]int{1002}, play.Send(rsv(4, pong("")))))
	add(deflateRSV1, "A Close frame with RSV1.", mustFail, fails([]int{1002}, play.Send(rsv(4, whole(play.OpClose, "\x03\xe8")))))
	first := part(packed)
	first.Payload = hi[:5]
	second := cont(string(hi[5:]))
	add(deflateRSV1, "A compressed message in two fragments, both with RSV1.", mustFail, fails([]int{1002}, play.Send(first, rsv(4, second))))
	add(deflateRSV1, "A message in two fragments, the second with RSV1.", mustFail, fails([]int{1002}, play.Send(part(text("a")), rsv(4, cont("b")))))
	add(deflateOtherRSV, "A compressed message with RSV2.", mustFail, fails([]int{1002}, play.Send(rsv(6, packed))))
	add(deflateOtherRSV, "A message that is not compressed, with RSV3.", mustFail, fails([]int{1002}, play.Send(rsv(1, text(hello)))))
	add(deflatePlain, "A compressed message, one that is not, and one that is.", "All come back, in order.", play.Script{
		Steps: []play.Step{play.Send(packed, text("plain"), packed)},
		OK:    []verdict.Event{gotText(hello), gotText("plain"), gotText(hello)}, Ends: weClose, Prompt: true,
	})
	add(`RFC 6455 section 5.4: "An endpoint MUST be capable of handling control frames in the middle of a fragmented message."`,
		"A Ping between two fragments of a compressed message.", "A Pong, and the message.", play.Script{
			Steps: []play.Step{play.Send(first, ping("!"), second)},
			OK:    []verdict.Event{gotPong("!"), gotText(hello)}, Ends: weClose, AnyPongs: true, Prompt: true,
		})
	return cases
}

// deflateStreams: 20.13 streams that an honest compressor may send but rarely does; 20.14
// streams that do not inflate.
func deflateStreams() (cases []*play.Case) {
	long := []byte(strings.Repeat("All work and no play. ", 200))
	n := 0
	good := func(what string, items ...play.Item) {
		n++
		cases = append(cases, by(deflateBlocks, &play.Case{
			ID: fmt.Sprintf("20.13.%d", n), Description: what, Expectation: mustComeBack, Offer: asUsual,
			Begin: func() play.Play { return &play.Exchange{Items: func(*play.Session) []play.Item { return items }} },
		})...)
	}
	greet := []byte(hello)
	stored := new(deflate.Blocks).Stored(greet, false).Flush().Payload()
	fixed := new(deflate.Blocks).Fixed(false).Literals(greet).End().Flush().Payload()
	good("A stored block.", play.Item{Payload: greet, Deflated: stored})
	good("A block of fixed codes.", play.Item{Payload: greet, Deflated: fixed})
	good("An empty text message, and an empty binary one: the byte 0.",
		play.Item{Payload: []byte{}, Deflated: []byte{0}}, play.Item{Payload: []byte{}, Deflated: []byte{0}, Binary: true})
	good("Stored and fixed blocks in turn.", play.Item{
		Payload:  bytes.Repeat(greet, 4),
		Deflated: new(deflate.Blocks).Stored(greet, false).Fixed(false).Literals(greet).End().Stored(greet, false).Fixed(false).Match(len(greet), len(greet)).End().Flush().Payload(),
	})
	good("Empty stored blocks in the middle, as several flushes leave them.", play.Item{
		Payload:  bytes.Repeat(greet, 2),
		Deflated: new(deflate.Blocks).Fixed(false).Literals(greet).End().Flush().Flush().Fixed(false).Literals(greet).End().Flush().Payload(),
	})
	good("A block with BFINAL, and the byte 0 after it (section 7.2.3.4).",
		play.Item{Payload: greet, Deflated: append(new(deflate.Blocks).Fixed(true).Literals(greet).End().Payload(), 0)},
		play.Item{Payload: greet, Deflated: fixed})
	good("A compressed message in frames of one byte.", play.Item{Payload: long, Fragment: 1})
	good("A stored block of 65535 bytes.", play.Item{Payload: bytes.Repeat([]byte("x"), 65535), Deflated: new(deflate.Blocks).Stored(bytes.Repeat([]byte("x"), 65535), false).Flush().Payload()})
	good("A match of 258 bytes, again and again.", play.Item{
		Payload:  bytes.Repeat([]byte("z"), 1+258*20),
		Deflated: manyMatches(),
	})
	good("Text whose characters are cut by frames.", play.Item{Payload: []byte(strings.Repeat(cosmos, 50)), Fragment: 3})

	n = 0
	bad := func(sentence, what string, payload []byte, taken ...verdict.Event) {
		n++
		p := fails([]int{1007, 1002}, play.Send(rsv(4, text(string(payload)))))
		p.Compressed = true
		expectation := "The connection fails with 1007 or 1002."
		if sentence == deflateWrong {
			expectation += " Another code is NON-STRICT."
			p.Last = anyCode
		}
		if p.Taken = taken; taken != nil {
			expectation += " So is to take the message: the RFC binds the sender."
		}
		c := play.Scripted(fmt.Sprintf("20.14.%d", n), what, expectation, p)
		c.Offer = asUsual
		cases = append(cases, by(sentence, c)...)
	}
	bad(deflateWrong, "A compressed message of no bytes at all.", nil, gotText(""))
	bad(deflateWrong, "A block of the reserved type 3.", new(deflate.Blocks).Bits(6, 3).Bits(0, 13).Flush().Payload())
	bad(deflateWrong, "A stored block whose length and its complement do not fit.", []byte{0, 5, 0, 5, 0, 'h', 'e', 'l', 'l', 'o', 0})
	bad(deflateWrong, "A match that reaches back before the first byte.", new(deflate.Blocks).Fixed(false).Literals([]byte("abc")).Match(3, 4).End().Flush().Payload())
	bad(deflateWrong, "A dynamic block that ends in its head.", new(deflate.Blocks).Bits(4, 3).Payload())
	bad(deflateWrong, "A match with the reserved distance code 30.", new(deflate.Blocks).Fixed(false).Literals([]byte("abc")).Symbol(257).Code(30, 5).End().Flush().Payload())
	bad(deflateWrong, "A dynamic block with more codes than its lengths leave room for.", new(deflate.Blocks).Bits(4, 3).Bits(0, 5).Bits(0, 5).Bits(15, 4).Bits(0x249249, 24).Bits(0x249249, 24).Bits(0x1ff, 9).Flush().Payload())
	const asText = `RFC 6455 section 8.1: "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in fact, a valid UTF-8 stream, that endpoint MUST _Fail the WebSocket Connection_."`
	bad(asText, "A compressed text that is not UTF-8.", new(deflate.Blocks).Stored([]byte(cosmos+surrogate), false).Flush().Payload())
	bad(asText, "A compressed text that ends within a character.", new(deflate.Blocks).Fixed(false).Literals([]byte("\xe2\x82")).End().Flush().Payload())
	return cases
}

// anyCode is saysWhy for cases in which no sentence names a code.
func anyCode(r *verdict.Result) {
	saysWhy(r)
	if r.Behavior == verdict.NonStrict && r.BehaviorClose == verdict.WrongCode {
		allowed(r, verdict.NonStrict, "The peer refused with %d.", *r.RemoteCloseCode)
	}
}

// manyMatches returns 'z' and 20 matches of 258 bytes.
func manyMatches() []byte {
	b := new(deflate.Blocks).Fixed(false).Literals([]byte("z"))
	for range 20 {
		b.Match(258, 1)
	}
	return b.End().Flush().Payload()
}
