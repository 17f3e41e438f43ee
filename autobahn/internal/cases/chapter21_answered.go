package cases

import (
	"fmt"
	"strings"

	"golang.org/x/net/http2/hpack"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// repliesToRefuse returns responses to a client that open no WebSocket.
func repliesToRefuse() (cases []*play.Case) {
	next := numbering("21.3")
	refuse := func(sentence, description string, change func(a *play.Draft)) *play.Case {
		c := play.Scripted(next(), "The server's answer has "+description+".", "The client ends the stream and sends no frame. To end the connection is NON-STRICT.", comesBack())
		c.Door = &play.Door{Refused: true, Response: change}
		cases = append(cases, over(verdict.Client, sentence, c))
		return c
	}
	const status = `RFC 6455 section 4.1: "If the status code received from the server is not 101, the client handles the response per HTTP [RFC2616] procedures." Over HTTP/2 it is 2xx: ` + overTunnel
	refuse(`RFC 9113 section 8.6: "HTTP/2 does not support the 101 (Switching Protocols) informational status code"`, "the status 101", set(":status", "101"))
	for _, code := range []string{"302", "400", "403", "404", "500", "503"} {
		refuse(status, "the status "+code, set(":status", code))
	}
	ended := refuse(status, "the status 403, and END_STREAM", func(a *play.Draft) {
		a.Set(":status", "403")
		a.Form.EndStream = true
	})
	ended.Door.Ends = true
	ended.Expectation += " To keep its own half open is NON-STRICT."
	refuse(`RFC 9113 section 8.3.2: "This pseudo-header field MUST be included in all responses, including interim responses; otherwise, the response is malformed (Section 8.1.1)."`,
		"no :status", remove(":status"))
	refuse(overRepeated, "two :status fields", first(":status", "200"))
	refuse(overMalformed, "a :status that is no number", set(":status", "ok!"))
	refuse(overPseudo, "a :path, which is of requests", first(":path", "/"))
	refuse(overOrder, "the :status behind a regular field", first("x-first", "1"))
	for _, f := range []play.Field{{Name: "connection", Value: "upgrade"}, {Name: "upgrade", Value: "websocket"}} {
		refuse(overConnection, "a field "+f.Name+": "+f.Value, add(f.Name, f.Value))
	}
	refuse(overNames, "a field name in capital letters", add("X-Odd", "1"))
	refuse(overValues, "a field whose value has a line feed", add("x-odd", "a\nb: c"))
	refuse(answeredProtocol, "a subprotocol that was not offered", add("sec-websocket-protocol", "hawser-unknown"))
	refuse(answeredExtension, "an extension that was not offered", add("sec-websocket-extensions", "x-hawser-unknown"))
	refuse(answeredGrammar, "Sec-WebSocket-Extensions that is not one", add("sec-websocket-extensions", "permessage-deflate; ="))
	refuse(answeredDeflate, "permessage-deflate with a window of 7 bits", add("sec-websocket-extensions", "permessage-deflate; server_max_window_bits=7"))
	refuse(answeredExtension, "permessage-deflate twice", add("sec-websocket-extensions", "permessage-deflate, permessage-deflate"))
	return cases
}

// repliesToAccept returns responses that open a WebSocket.
func repliesToAccept() (cases []*play.Case) {
	next := numbering("21.4")
	accept := func(sentence, description string, change func(a *play.Draft)) *play.Case {
		c := play.Scripted(next(), "The server's answer has "+description+".", "The client comes in, and a message comes back.", comesBack())
		c.Door = &play.Door{Response: change}
		cases = append(cases, over(verdict.Client, sentence, c))
		return c
	}
	accept(overTCP, "the status 200, and nothing else", func(*play.Draft) {})
	for _, status := range []string{"201", "204", "299"} {
		c := accept(overTunnel, "the status "+status, set(":status", status))
		c.Expectation += " To refuse is NON-STRICT: no MUST binds the client."
		c.Begin = func() play.Play {
			p := comesBack()
			p.Last = mayRefuse
			return &p
		}
	}
	accept(overKey, "a Sec-WebSocket-Accept, which fits nothing", add("sec-websocket-accept", play.AcceptFor("")))
	for _, status := range []string{"100", "103"} {
		c := accept(`RFC 9113 section 8.1: "For a response only, a server MAY send any number of interim responses before the HEADERS frame containing a final response."`,
			"a "+status+" before the 200", func(*play.Draft) {})
		c.Wire = &play.Wire{Before: func(x *mux.Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: status}}, mux.Form{})
		}}
	}
	accept(`RFC 6455 section 1.3: "Additional header fields may also be present, such as cookies [RFC6265]."`, "30 fields more, with cookies among them", func(a *play.Draft) {
		for i := range 15 {
			a.Add("set-cookie", fmt.Sprintf("c%d=%s; Path=/", i, strings.Repeat("v", 20)))
			a.Add(fmt.Sprintf("x-field-%d", i), "v")
		}
	})
	accept(overContinued, "a header block in frames of 10 bytes: HEADERS and several CONTINUATION", func(a *play.Draft) {
		a.Add("x-field", strings.Repeat("field", 10))
		cutInto(10)(a)
	})
	accept(`RFC 9113 section 6.2: "Padding octets that contain no application semantic value."`, "padding and a priority", padded)
	glued := play.Scripted(next(), "A text message right behind the server's answer.", "The client comes in, and the message comes back.", play.Script{
		OK: []verdict.Event{gotText(hello)}, Ends: weClose, Prompt: true,
	})
	glued.Door = &play.Door{Response: func(a *play.Draft) { a.Tail = naive.Encode(text(hello)) }}
	return append(cases, over(verdict.Client, overTCP, glued))
}

// mayRefuse: a client that does not take the status has ended the stream and sent nothing.
func mayRefuse(r *verdict.Result) {
	if len(r.Received) == 0 && r.RxFrameStats[int(play.OpClose)] == 0 && !r.FailedByMe && !r.CloseTimeout {
		allowed(r, verdict.NonStrict, "The client refused the status.")
	}
}
