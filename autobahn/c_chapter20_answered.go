package autobahn

import (
	"fmt"
	"strings"

	"github.com/hawser-ws/websocket/internal/naive"
)

// Sentences about the opening handshake, for clients.
const (
	answeredUpgrade    = `RFC 6455 section 4.1: "If the response lacks an |Upgrade| header field or the |Upgrade| header field contains a value that is not an ASCII case-insensitive match for the value "websocket", the client MUST _Fail the WebSocket Connection_."`
	answeredConnection = `RFC 6455 section 4.1: "If the response lacks a |Connection| header field or the |Connection| header field doesn't contain a token that is an ASCII case-insensitive match for the value "Upgrade", the client MUST _Fail the WebSocket Connection_."`
	answeredAccept     = `RFC 6455 section 4.1: "If the response lacks a |Sec-WebSocket-Accept| header field or the |Sec-WebSocket-Accept| contains a value other than the base64-encoded SHA-1 [...], the client MUST _Fail the WebSocket Connection_."`
	answeredExtension  = `RFC 6455 section 4.1: "If the response includes a |Sec-WebSocket-Extensions| header field and this header field indicates the use of an extension that was not present in the client's handshake (the server has indicated an extension not requested by the client), the client MUST _Fail the WebSocket Connection_."`
	answeredProtocol   = `RFC 6455 section 4.1: "If the response includes a |Sec-WebSocket-Protocol| header field and this header field indicates the use of a subprotocol that was not present in the client's handshake (the server has indicated a subprotocol not requested by the client), the client MUST _Fail the WebSocket Connection_."`
	answeredStatus     = `RFC 6455 section 4.1: "If the status code received from the server is not 101, the client handles the response per HTTP [RFC2616] procedures."; RFC 9112 section 9.6: "A client that receives a "close" connection option MUST cease sending requests on that connection and close the connection after reading the response message containing the "close" connection option"`
	answeredFields     = `RFC 6455 section 4.1: "Please note that according to [RFC2616], all header field names in both HTTP requests and HTTP responses are case-insensitive."`
	answeredDeflate    = `RFC 7692 section 7: "A client MUST _Fail the WebSocket Connection_ if the peer server accepted an extension negotiation offer for this extension with an extension negotiation response meeting any of the following conditions: The negotiation response contains an extension parameter not defined for use in a response. The negotiation response contains an extension parameter with an invalid value. The negotiation response contains multiple extension parameters with the same name."`
	answeredGrammar    = `RFC 6455 section 9.1: "If a value is received by either the client or the server during negotiation that does not conform to the ABNF below, the recipient of such malformed data MUST immediately _Fail the WebSocket Connection_."`
)

// answeredToClients returns opening handshakes with clients: 20.3 those that they must refuse,
// 20.4 those that they must accept.
func answeredToClients() (cases []*Case) {
	n := 0
	refuse := func(sentence, description string, change func(a *draft)) *Case {
		n++
		c := scripted(fmt.Sprintf("20.3.%d", n), "The server's answer has "+description+".", "The client ends TCP and sends no frame.", comesBack())
		c.only, c.needs = Client, needHTTP1
		c.door = &door{refused: true, response: func(_ *head, accept string) []byte {
			a := usualAnswer(accept)
			change(a)
			return a.encode()
		}}
		cases = append(cases, by(sentence, c)...)
		return c
	}
	extensions := func(value string) func(*draft) {
		return func(a *draft) { a.add("Sec-WebSocket-Extensions", value) }
	}
	refuse(answeredUpgrade, "no Upgrade", func(a *draft) { a.remove("Upgrade") })
	refuse(answeredUpgrade, "Upgrade: h2c", func(a *draft) { a.set("Upgrade", "h2c") })
	refuse(answeredConnection, "no Connection", func(a *draft) { a.remove("Connection") })
	refuse(answeredConnection, "Connection: close", func(a *draft) { a.set("Connection", "close") })
	refuse(answeredAccept, "no Sec-WebSocket-Accept", func(a *draft) { a.remove("Sec-WebSocket-Accept") })
	refuse(answeredAccept, "the Sec-WebSocket-Accept of another key", func(a *draft) {
		a.set("Sec-WebSocket-Accept", acceptFor(freshNonce()))
	})
	refuse(answeredAccept, "a Sec-WebSocket-Accept in small letters", func(a *draft) {
		for i := range a.fields {
			// The base64 value contains a capital letter, as all but one in a million do.
			if a.fields[i].name == "Sec-WebSocket-Accept" {
				a.fields[i].value = strings.ToLower(a.fields[i].value)
			}
		}
	})
	refuse(answeredAccept, "an empty Sec-WebSocket-Accept", func(a *draft) { a.set("Sec-WebSocket-Accept", "") })
	refuse(answeredAccept,
		"two Sec-WebSocket-Accept fields, the second of which is wrong", func(a *draft) {
			a.add("Sec-WebSocket-Accept", acceptFor(freshNonce()))
		})
	refuse(answeredStatus, "the status 200", func(a *draft) {
		a.line = "HTTP/1.1 200 OK"
		a.set("Connection", "Upgrade, close")
		a.add("Content-Length", "0")
	})
	refuse(answeredStatus, "the status 403", func(a *draft) {
		a.line = "HTTP/1.1 403 Forbidden"
		a.set("Connection", "Upgrade, close")
		a.add("Content-Length", "0")
	})
	old := refuse(`RFC 6455 section 4.2.2: "A Status-Line with a 101 response code as per RFC 2616 [RFC2616]. Such a response could look like "HTTP/1.1 101 Switching Protocols"."`, "a status line of HTTP/1.0", func(a *draft) {
		a.line = "HTTP/1.0 101 Switching Protocols"
	})
	old.door.taken = NonStrict
	old.Expectation += " To accept it is NON-STRICT: the sentence does not name the version."
	refuse(answeredProtocol, "a subprotocol that was not offered", func(a *draft) { a.add("Sec-WebSocket-Protocol", "hawser-unknown") })
	refuse(answeredExtension, "an extension that was not offered", extensions("x-hawser-unknown"))
	refuse(answeredGrammar, "Sec-WebSocket-Extensions that is not one", extensions("permessage-deflate; ="))
	refuse(answeredDeflate, "permessage-deflate with a parameter that it does not have", extensions("permessage-deflate; window=10"))
	refuse(answeredDeflate, "permessage-deflate with a window of 7 bits", extensions("permessage-deflate; server_max_window_bits=7"))
	refuse(answeredDeflate, "permessage-deflate with a window of 16 bits", extensions("permessage-deflate; server_max_window_bits=16"))
	refuse(answeredDeflate, "permessage-deflate with server_max_window_bits=09", extensions("permessage-deflate; server_max_window_bits=09"))
	refuse(answeredDeflate, "permessage-deflate with server_max_window_bits without a value", extensions("permessage-deflate; server_max_window_bits"))
	refuse(answeredDeflate, "permessage-deflate with client_max_window_bits without a value", extensions("permessage-deflate; client_max_window_bits"))
	refuse(answeredDeflate, "permessage-deflate with client_no_context_takeover=1", extensions("permessage-deflate; client_no_context_takeover=1"))
	refuse(answeredDeflate, "permessage-deflate with server_no_context_takeover twice", extensions("permessage-deflate; server_no_context_takeover; server_no_context_takeover"))
	refuse(answeredExtension, "permessage-deflate twice", extensions("permessage-deflate, permessage-deflate"))

	n = 0
	accept := func(sentence, description string, change func(a *draft)) {
		n++
		c := scripted(fmt.Sprintf("20.4.%d", n), "The server's answer has "+description+".", "The client comes in, and a message comes back.", comesBack())
		c.only, c.needs = Client, needHTTP1
		c.door = &door{response: func(_ *head, accept string) []byte {
			a := usualAnswer(accept)
			change(a)
			return a.encode()
		}}
		cases = append(cases, by(sentence, c)...)
	}
	accept(answeredFields, "the names of its fields in small letters", func(a *draft) {
		for i := range a.fields {
			a.fields[i].name = strings.ToLower(a.fields[i].name)
		}
	})
	accept(answeredUpgrade, "Upgrade: WebSocket, in mixed letters", func(a *draft) { a.set("Upgrade", "WebSocket") })
	accept(answeredConnection, "Connection: keep-alive, upgrade", func(a *draft) { a.set("Connection", "keep-alive, upgrade") })
	accept(answeredConnection, "two Connection fields", func(a *draft) {
		a.set("Connection", "keep-alive")
		a.add("Connection", "Upgrade")
	})
	accept(`RFC 9112 section 4: "A server MUST send the space that separates the status-code from the reason-phrase even when the reason-phrase is absent"`,
		"no reason phrase", func(a *draft) { a.line = "HTTP/1.1 101 " })
	accept(`RFC 6455 section 4.1: "ignoring any leading and trailing whitespace"`, "spaces around its values", func(a *draft) {
		for i := range a.fields {
			a.fields[i].value = " \t" + a.fields[i].value + "\t "
		}
	})
	accept(`RFC 6455 section 1.3: "Additional header fields may also be present, such as cookies [RFC6265]."`, "30 fields more, with cookies among them", func(a *draft) {
		for i := range 15 {
			a.add("Set-Cookie", fmt.Sprintf("c%d=%s; Path=/", i, strings.Repeat("v", 20)))
			a.add(fmt.Sprintf("X-Field-%d", i), "v")
		}
	})
	glued := scripted("20.4.8", "A text message in one segment with the server's answer.", "The client comes in, and the message comes back.", script{
		ok: []Event{gotText(hello)}, ends: weClose, prompt: true,
	})
	glued.only, glued.needs = Client, needHTTP1
	glued.door = &door{response: func(_ *head, accept string) []byte {
		a := usualAnswer(accept)
		a.tail = naive.Encode(text(hello))
		return a.encode()
	}}
	cases = append(cases, by(`RFC 6455 section 4.2.2: "This completes the server's handshake. If the server finishes these steps without aborting the WebSocket handshake, the server considers the WebSocket connection to be established and that the WebSocket connection is in the OPEN state. At this point, the server may begin sending (and receiving) data."`, glued)...)
	fresh := scripted("20.4.9", "The server's answer is the usual one.", "The client comes in with a Sec-WebSocket-Key that did not come before.", comesBack())
	fresh.only, fresh.needs = Client, needHTTP1
	fresh.door = &door{fresh: true}
	return append(cases, by(`RFC 6455 section 4.1: "The nonce MUST be selected randomly for each connection."`, fresh)...)
}
