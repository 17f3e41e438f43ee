package cases

import (
	"slices"
	"strings"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// connectsToRefuse returns requests that a server must not take for the opening handshake of a
// WebSocket.
func connectsToRefuse() (cases []*play.Case) {
	next := numbering("21.1")
	refuse := func(sentence, description string, statuses []int, change func(r *play.Draft)) *play.Case {
		expectation := "The server answers with " + strings.Replace(statusList(statuses), "anything but 101", "anything but 2xx", 1) + "."
		c := play.Scripted(next(), description, expectation, comesBack())
		c.Door = &play.Door{Statuses: statuses, Request: func(r *play.Draft, _ string) { change(r) }}
		cases = append(cases, over(verdict.Server, sentence, c))
		return c
	}
	// broken is for malformed requests.
	broken := func(sentence, description string, change func(r *play.Draft)) *play.Case {
		c := refuse(sentence, description, []int{400}, change)
		c.Door.Codes = malformed
		c.Expectation = "The server answers with 400, or resets the stream with PROTOCOL_ERROR. To end the connection is NON-STRICT."
		return c
	}
	// RFC 9113 section 8.3.1 makes a request malformed that has neither "unless they are CONNECT
	// requests".
	orTake(verdict.NonStrict, bindsSender, broken(overIncluded, "No :scheme.", remove(":scheme")))
	orTake(verdict.NonStrict, bindsSender, broken(overIncluded, "No :path.", remove(":path")))
	orTake(verdict.NonStrict, bindsSender, broken(`RFC 9113 section 8.3.1: "This pseudo-header field MUST NOT be empty for "http" or "https" URIs"`, "An empty :path.", set(":path", "")))
	orTake(verdict.NonStrict, bindsSender, broken(`RFC 8441 section 5: "The Host information is conveyed as part of the :authority pseudo-header field, which is required on every HTTP/2 transaction."`,
		"No :authority, and no Host.", remove(":authority")))
	plain := refuse(`RFC 9113 section 8.5: "The ":scheme" and ":path" pseudo-header fields MUST be omitted. [...] A CONNECT request that does not conform to these restrictions is malformed (Section 8.1.1)."`,
		"No :protocol: an ordinary CONNECT, with :scheme and :path.", anyRefusal, remove(":protocol"))
	plain.Door.Codes = malformed
	other := refuse(`RFC 8441 section 5: "The :protocol pseudo-header field MUST be included in the CONNECT request, and it MUST have a value of websocket to initiate a WebSocket connection on an HTTP/2 stream."; RFC 9220 section 3, of HTTP/3: "the server SHOULD respond to the request with a 501 (Not Implemented) status code"`,
		"The :protocol hawser-unknown.", []int{501}, set(":protocol", "hawser-unknown"))
	other.Expectation += " Another refusal is NON-STRICT."
	cased := refuse(`RFC 8441 section 4: "The pseudo-header field is single valued and contains a value from the "Hypertext Transfer Protocol (HTTP) Upgrade Token Registry""; RFC 9110 section 7.8: "Although protocol names are registered with a preferred case, recipients SHOULD use case-insensitive comparison when matching each protocol-name to supported protocols."`,
		"The :protocol WebSocket, in mixed letters.", anyRefusal, set(":protocol", "WebSocket"))
	cased.Door.Codes = malformed
	orTake(verdict.OK, "the second sentence is about Upgrade, and fits", cased)
	broken(overRepeated, "Two :protocol fields.", first(":protocol", "websocket"))
	get := refuse(`RFC 8441 section 4: "A new pseudo-header field :protocol MAY be included on request HEADERS indicating the desired protocol to be spoken on the tunnel created by CONNECT."; `+overPseudo,
		"GET with :protocol, and END_STREAM.", anyRefusal, func(r *play.Draft) {
			r.Set(":method", "GET")
			r.Form.EndStream = true // or a server would wait for the rest
		})
	get.Door.Codes = malformed
	orTake(verdict.NonStrict, bindsSender, broken(`RFC 8441 section 5: "The scheme of the target URI (Section 5.1 of [RFC7230]) MUST be "https" for "wss"-schemed WebSockets and "http" for "ws"-schemed WebSockets."`,
		"The :scheme wss.", set(":scheme", "wss")))
	broken(overPseudo, "A pseudo-header field that does not exist.", first(":hawser", "1"))
	broken(overPseudo, "A :status, which is of responses.", first(":status", "200"))
	broken(overOrder, "A pseudo-header field behind a regular one.", func(r *play.Draft) {
		r.Remove(":path")
		r.Add(":path", "/")
	})
	for _, f := range []play.Field{{Name: "connection", Value: "upgrade"}, {Name: "upgrade", Value: "websocket"}, {Name: "transfer-encoding", Value: "chunked"}} {
		broken(`RFC 8441 section 5: "[RFC6455] requires the use of Connection and Upgrade header fields that are not part of HTTP/2. They MUST NOT be included in the CONNECT request defined here."; `+overConnection,
			"A field "+f.Name+": "+f.Value+".", add(f.Name, f.Value))
	}
	broken(overNames, "The field name Sec-WebSocket-Version, in capital letters.", func(r *play.Draft) {
		r.Remove("sec-websocket-version")
		r.Add("Sec-WebSocket-Version", "13")
	})
	broken(overValues, "A field whose value has a line feed.", add("x-odd", "a\nb: c"))
	orTake(verdict.NonStrict, "it is a SHOULD", broken(`RFC 9113 section 8.3.1: "A server SHOULD treat a request as malformed if it contains a Host header field that identifies an entity that differs from the entity in the ":authority" pseudo-header field."`,
		"A Host that differs from :authority.", add("host", "other.example")))
	orTake(verdict.NonStrict, bindsSender, broken(`RFC 9110 section 9.3.6: "A CONNECT request message does not have content."`,
		"Content-Length: 0.", add("content-length", "0")))
	ended := broken(`RFC 8441 section 5: "using the HTTP/2 stream from the CONNECT transaction as if it were the TCP connection"; "Orderly TCP-level closures are represented as END_STREAM flags"`,
		"END_STREAM on the request.", func(r *play.Draft) { r.Form.EndStream = true })
	orTake(verdict.NonStrict, "no sentence forbids a connection that has ended already", ended)

	refuse(asRequired+" "+overFields, "No Sec-WebSocket-Version.", []int{400, 426}, remove("sec-websocket-version"))
	for _, version := range []string{"8", "14"} {
		c := refuse(asVersion+" "+overFields, "Sec-WebSocket-Version: "+version+".", []int{400, 426}, set("sec-websocket-version", version))
		c.Door.Refusal = speaksVersion
		if version == "8" {
			orTake(verdict.Informational, "a server may understand more versions than 13", c)
		}
	}
	orTake(verdict.NonStrict, bindsSender, refuse(`RFC 6455 section 11.3.5: "the |Sec-WebSocket-Version| header field MUST NOT appear more than once in an HTTP request."`,
		"Two Sec-WebSocket-Version fields.", []int{400, 426}, add("sec-websocket-version", "13")))
	refuse(`RFC 6455 section 9.1: "If a value is received by either the client or the server during negotiation that does not conform to the ABNF below, the recipient of such malformed data MUST immediately _Fail the WebSocket Connection_."`,
		"Sec-WebSocket-Extensions with a parameter that has no name.", []int{400}, add("sec-websocket-extensions", "permessage-deflate; =10"))
	return cases
}

// connectsToAccept returns requests that a server must take.
func connectsToAccept() (cases []*play.Case) {
	next := numbering("21.2")
	accept := func(sentence, description string, change func(r *play.Draft)) *play.Case {
		c := play.Scripted(next(), description, "The server answers with 2xx, and a message comes back.", comesBack())
		c.Door = &play.Door{Request: func(r *play.Draft, _ string) { change(r) }}
		cases = append(cases, over(verdict.Server, sentence, c))
		return c
	}
	accept(overTCP, "The usual request.", func(*play.Draft) {})
	accept(overKey, "A Sec-WebSocket-Key.", add("sec-websocket-key", play.FreshNonce()))
	accept(overKey, "A Sec-WebSocket-Key that is not valid.", add("sec-websocket-key", "this is no base64 ?!=="))
	accept(overKey, "Two Sec-WebSocket-Key fields, and a Sec-WebSocket-Accept.", func(r *play.Draft) {
		add("sec-websocket-key", play.FreshNonce())(r)
		add("sec-websocket-key", "")(r)
		add("sec-websocket-accept", "x")(r)
	})
	many := accept(`RFC 6455 section 4.2.1: "the order of the header fields is not important"; RFC 9110 section 5.4: a "set of fields larger than it wishes to process" is for the server to say`,
		"50 fields more.", manyFields(50))
	many.Door.Unopened = func(status int) verdict.Verdict {
		if status == 431 {
			return verdict.Informational
		}
		return verdict.Failed
	}
	accept(overContinued, "A header block in frames of 40 bytes: HEADERS and several CONTINUATION.", cutInto(40))
	accept(`RFC 9113 section 6.2: "Padding octets that contain no application semantic value."; "Priority signals in HEADERS frames are deprecated"`,
		"HEADERS with padding and a priority.", padded)
	accept(`RFC 9113 section 8.2.3: "the Cookie header field MAY be split into separate header fields, each with one or more cookie-pairs."`,
		"Ten Cookie fields.", func(r *play.Draft) {
			for range 10 {
				r.Add("cookie", "a=b")
			}
		})
	offered := accept(asOffered, "An extension that nobody knows is offered.", add("sec-websocket-extensions", `x-hawser-unknown; a; b="c"; d=1`))
	offered.Door.Check = noExtension
	for _, c := range []struct {
		what    string
		offers  []string
		offered []string
	}{
		{"No subprotocol is offered.", nil, nil},
		{"Two subprotocols are offered.", []string{"hawser-one, hawser-two"}, []string{"hawser-one", "hawser-two"}},
		{"Two subprotocols are offered, in a field each.", []string{"hawser-one", "hawser-two"}, []string{"hawser-one", "hawser-two"}},
	} {
		a := accept(asProtocol+" "+overFields, c.what, func(r *play.Draft) {
			r.Remove("sec-websocket-protocol")
			for _, o := range c.offers {
				r.Add("sec-websocket-protocol", o)
			}
		})
		a.Door.Check, a.Door.Unopened = protocolOf(c.offered...), needsSubprotocol
		a.Expectation += " A refusal with a 4xx is INFORMATIONAL: a server may require a subprotocol of its own."
	}
	deflated := accept(`RFC 8441 section 5: Sec-WebSocket-Extensions is "used in the CONNECT request and response-header fields as defined in [RFC6455]"`,
		"permessage-deflate is offered.", func(*play.Draft) {})
	deflated.Offer = &play.Negotiation{Wishes: []play.Wish{{}}, Strict: true}
	deflated.Begin = func() play.Play {
		p := comesBack()
		p.Compressed = true
		return &p
	}
	early := accept(`RFC 8441 section 3: "Receipt of this parameter by a server does not have any impact."`,
		"The client's own SETTINGS_ENABLE_CONNECT_PROTOCOL is 1.", func(*play.Draft) {})
	early.Wire = &play.Wire{Before: announces(http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 1})}
	glued := play.Scripted(next(), "A text message right behind the request.",
		"The server answers with 2xx, and the message comes back. Anything else is INFORMATIONAL: the sentence binds the client.", play.Script{
			Steps: []play.Step{play.CloseWhenIdle(gluedPatience)}, OK: []verdict.Event{gotText(hello)}, Ends: weClose, Last: mayForget,
		})
	glued.Door = &play.Door{
		Request:  func(r *play.Draft, _ string) { r.Tail = maskedHello() },
		Unopened: func(int) verdict.Verdict { return verdict.Informational },
	}
	return slices.Concat(cases, []*play.Case{over(verdict.Server, `RFC 6455 section 4.1: "Once the client's opening handshake has been sent, the client MUST wait for a response from the server before sending any further data."`, glued)})
}
