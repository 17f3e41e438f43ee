package cases

import (
	"fmt"
	"strings"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
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
func answeredToClients() (cases []*play.Case) {
	n := 0
	refuse := func(sentence, description string, change func(a *play.Draft)) *play.Case {
		n++
		c := play.Scripted(fmt.Sprintf("20.3.%d", n), "The server's answer has "+description+".", "The client ends TCP and sends no frame.", comesBack())
		c.Only, c.Needs = verdict.Client, play.NeedHTTP1
		c.Door = &play.Door{Refused: true, Response: change}
		cases = append(cases, by(sentence, c)...)
		return c
	}
	extensions := func(value string) func(*play.Draft) {
		return func(a *play.Draft) { a.Add("Sec-WebSocket-Extensions", value) }
	}
	refuse(answeredUpgrade, "no Upgrade", func(a *play.Draft) { a.Remove("Upgrade") })
	refuse(answeredUpgrade, "Upgrade: h2c", func(a *play.Draft) { a.Set("Upgrade", "h2c") })
	refuse(answeredConnection, "no Connection", func(a *play.Draft) { a.Remove("Connection") })
	refuse(answeredConnection, "Connection: close", func(a *play.Draft) { a.Set("Connection", "close") })
	refuse(answeredAccept, "no Sec-WebSocket-Accept", func(a *play.Draft) { a.Remove("Sec-WebSocket-Accept") })
	refuse(answeredAccept, "the Sec-WebSocket-Accept of another key", func(a *play.Draft) {
		a.Set("Sec-WebSocket-Accept", play.AcceptFor(play.FreshNonce()))
	})
	refuse(answeredAccept, "a Sec-WebSocket-Accept in small letters", func(a *play.Draft) {
		for i := range a.Fields {
			// The base64 value contains a capital letter, as all but one in a million do.
			if a.Fields[i].Name == "Sec-WebSocket-Accept" {
				a.Fields[i].Value = strings.ToLower(a.Fields[i].Value)
			}
		}
	})
	refuse(answeredAccept, "an empty Sec-WebSocket-Accept", func(a *play.Draft) { a.Set("Sec-WebSocket-Accept", "") })
	refuse(answeredAccept,
		"two Sec-WebSocket-Accept fields, the second of which is wrong", func(a *play.Draft) {
			a.Add("Sec-WebSocket-Accept", play.AcceptFor(play.FreshNonce()))
		})
	refuse(answeredStatus, "the status 200", func(a *play.Draft) {
		a.Line = "HTTP/1.1 200 OK"
		a.Set("Connection", "Upgrade, close")
		a.Add("Content-Length", "0")
	})
	refuse(answeredStatus, "the status 403", func(a *play.Draft) {
		a.Line = "HTTP/1.1 403 Forbidden"
		a.Set("Connection", "Upgrade, close")
		a.Add("Content-Length", "0")
	})
	old := refuse(`RFC 6455 section 4.2.2: "A Status-Line with a 101 response code as per RFC 2616 [RFC2616]. Such a response could look like "HTTP/1.1 101 Switching Protocols"."`, "a status line of HTTP/1.0", func(a *play.Draft) {
		a.Line = "HTTP/1.0 101 Switching Protocols"
	})
	old.Door.Taken = verdict.NonStrict
	old.Expectation += " To accept it is NON-STRICT: the sentence does not name the version."
	refuse(answeredProtocol, "a subprotocol that was not offered", func(a *play.Draft) { a.Add("Sec-WebSocket-Protocol", "hawser-unknown") })
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
	accept := func(sentence, description string, change func(a *play.Draft)) {
		n++
		c := play.Scripted(fmt.Sprintf("20.4.%d", n), "The server's answer has "+description+".", "The client comes in, and a message comes back.", comesBack())
		c.Only, c.Needs = verdict.Client, play.NeedHTTP1
		c.Door = &play.Door{Response: change}
		cases = append(cases, by(sentence, c)...)
	}
	accept(answeredFields, "the names of its fields in small letters", func(a *play.Draft) {
		for i := range a.Fields {
			a.Fields[i].Name = strings.ToLower(a.Fields[i].Name)
		}
	})
	accept(answeredUpgrade, "Upgrade: WebSocket, in mixed letters", func(a *play.Draft) { a.Set("Upgrade", "WebSocket") })
	accept(answeredConnection, "Connection: keep-alive, upgrade", func(a *play.Draft) { a.Set("Connection", "keep-alive, upgrade") })
	accept(answeredConnection, "two Connection fields", func(a *play.Draft) {
		a.Set("Connection", "keep-alive")
		a.Add("Connection", "Upgrade")
	})
	accept(`RFC 9112 section 4: "A server MUST send the space that separates the status-code from the reason-phrase even when the reason-phrase is absent"`,
		"no reason phrase", func(a *play.Draft) { a.Line = "HTTP/1.1 101 " })
	accept(`RFC 6455 section 4.1: "ignoring any leading and trailing whitespace"`, "spaces around its values", func(a *play.Draft) {
		for i := range a.Fields {
			a.Fields[i].Value = " \t" + a.Fields[i].Value + "\t "
		}
	})
	accept(`RFC 6455 section 1.3: "Additional header fields may also be present, such as cookies [RFC6265]."`, "30 fields more, with cookies among them", func(a *play.Draft) {
		for i := range 15 {
			a.Add("Set-Cookie", fmt.Sprintf("c%d=%s; Path=/", i, strings.Repeat("v", 20)))
			a.Add(fmt.Sprintf("X-Field-%d", i), "v")
		}
	})
	glued := play.Scripted("20.4.8", "A text message in one segment with the server's answer.", "The client comes in, and the message comes back.", play.Script{
		OK: []verdict.Event{gotText(hello)}, Ends: weClose, Prompt: true,
	})
	glued.Only, glued.Needs = verdict.Client, play.NeedHTTP1
	glued.Door = &play.Door{Response: func(a *play.Draft) { a.Tail = naive.Encode(text(hello)) }}
	cases = append(cases, by(`RFC 6455 section 4.2.2: "This completes the server's handshake. If the server finishes these steps without aborting the WebSocket handshake, the server considers the WebSocket connection to be established and that the WebSocket connection is in the OPEN state. At this point, the server may begin sending (and receiving) data."`, glued)...)
	fresh := play.Scripted("20.4.9", "The server's answer is the usual one.", "The client comes in with a Sec-WebSocket-Key that did not come before.", comesBack())
	fresh.Only, fresh.Needs = verdict.Client, play.NeedHTTP1
	fresh.Door = &play.Door{Fresh: true}
	return append(cases, by(`RFC 6455 section 4.1: "The nonce MUST be selected randomly for each connection."`, fresh)...)
}
