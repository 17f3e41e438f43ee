package cases

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// Sentences about the opening handshake, for servers.
const (
	asRequired = `RFC 6455 section 4.2.1: "If the server, while reading the handshake, finds that the client did not send a handshake that matches the description below [...], including but not limited to any violations of the ABNF grammar specified for the components of the handshake, the server MUST stop processing the client's handshake and return an HTTP response with an appropriate error code (such as 400 Bad Request)."`
	asVersion  = `RFC 6455 section 4.2.2: "If this version does not match a version understood by the server, the server MUST abort the WebSocket handshake described in this section and instead send an appropriate HTTP error code (such as 426 Upgrade Required) and a |Sec-WebSocket-Version| header field indicating the version(s) the server is capable of understanding."`
	asHTTP     = `RFC 9112 section 3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a Host header field and to any request message that contains more than one Host header field line or a Host header field with an invalid field value."`
	asKey      = asRequired + ` But section 4.2.2: "It is not necessary for the server to base64-decode the |Sec-WebSocket-Key| value."`
	asGrammar  = `RFC 6455 section 4.3: "version = DIGIT | (NZDIGIT DIGIT) | ("1" DIGIT DIGIT) | ("2" DIGIT DIGIT) ; Limited to 0-255 range, with no leading zeros"`
	asGET      = `RFC 6455 section 4.2.1: "An HTTP/1.1 or higher GET request"`
	asFields   = `RFC 9112 section 5.1: "A server MUST reject, with a response status code of 400 (Bad Request), any received request message that contains whitespace between a header field name and colon."`
	asTokens   = `RFC 6455 section 4.2.1: "A |Connection| header field that includes the token "Upgrade", treated as an ASCII case-insensitive value."`
	asCase     = `RFC 6455 section 4.2.1: "An |Upgrade| header field containing the value "websocket", treated as an ASCII case-insensitive value."`
	asOffered  = `RFC 6455 section 4.2.2: "Extensions not listed by the client MUST NOT be listed."`
	asProtocol = `RFC 6455 section 4.2.2: "The value chosen MUST be derived from the client's handshake, specifically by selecting one of the values from the |Sec-WebSocket-Protocol| field that the server is willing to use for this connection (if any)."`
)

// anyRefusal stands for any status other than 101: a request that does not ask for a WebSocket
// may be answered like any other.
var anyRefusal = []int{0}

// askedOfServers returns opening handshakes with servers: 20.1 those that they must refuse,
// 20.2 those that they must accept.
func askedOfServers() (cases []*play.Case) {
	n := 0
	refuse := func(sentence, description string, statuses []int, change func(r *play.Draft, key string)) *play.Case {
		n++
		c := play.Scripted(fmt.Sprintf("20.1.%d", n), description, "The server answers with "+statusList(statuses)+".", comesBack())
		c.Door = &play.Door{Request: change, Statuses: statuses}
		c.Only, c.Needs = verdict.Server, play.NeedHTTP1
		cases = append(cases, by(sentence, c)...)
		return c
	}
	// orTake is for requests that the RFC does not require a server to refuse.
	orTake := func(v verdict.Verdict, why string, c *play.Case) {
		c.Door.Taken = v
		c.Expectation += " To accept is " + string(v) + ": " + why + "."
	}
	without := func(name string) func(r *play.Draft, _ string) {
		return func(r *play.Draft, _ string) { r.Remove(name) }
	}
	with := func(name, value string) func(r *play.Draft, _ string) {
		return func(r *play.Draft, _ string) { r.Set(name, value) }
	}
	again := func(name, value string) func(r *play.Draft, _ string) {
		return func(r *play.Draft, _ string) { r.Add(name, value) }
	}
	bad := []int{400}
	const undecoded = "a server need not decode it"
	const binds = "the sentence binds the client"
	refuse(asHTTP, "No Host.", bad, without("Host"))
	refuse(asHTTP, "Two Host fields.", bad, again("Host", "other.example"))
	refuse(asRequired, "No Upgrade.", anyRefusal, without("Upgrade"))
	refuse(asRequired, "Upgrade to irc, a protocol that no server speaks.", anyRefusal, with("Upgrade", "irc")) // unlike h2c
	refuse(asRequired, "No Connection.", anyRefusal, without("Connection"))
	refuse(asRequired, "Connection: keep-alive, without Upgrade.", anyRefusal, with("Connection", "keep-alive"))
	refuse(asRequired, "No Sec-WebSocket-Key.", bad, without("Sec-WebSocket-Key"))
	refuse(asRequired, "An empty Sec-WebSocket-Key.", bad, with("Sec-WebSocket-Key", ""))
	orTake(verdict.NonStrict, undecoded, refuse(asKey, "A Sec-WebSocket-Key of 15 bytes.", bad, with("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAA")))
	orTake(verdict.NonStrict, undecoded, refuse(asKey, "A Sec-WebSocket-Key of 17 bytes.", bad, with("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAAA=")))
	orTake(verdict.NonStrict, undecoded, refuse(asKey, "A Sec-WebSocket-Key that is not base64.", bad, with("Sec-WebSocket-Key", "this is no base64 ?!==")))
	orTake(verdict.NonStrict, binds, refuse(`RFC 6455 section 11.3.1: "The |Sec-WebSocket-Key| header field MUST NOT appear more than once in an HTTP request."`,
		"Two Sec-WebSocket-Key fields.", bad, func(r *play.Draft, key string) { again("Sec-WebSocket-Key", key)(r, key) }))
	refuse(asRequired, "No Sec-WebSocket-Version.", []int{400, 426}, without("Sec-WebSocket-Version"))
	for _, version := range []string{"8", "14", "255"} {
		c := refuse(asVersion, "Sec-WebSocket-Version: "+version+".", []int{400, 426}, with("Sec-WebSocket-Version", version))
		c.Door.Refusal = speaksVersion
		if version == "8" { // of the drafts; 14 and 255 are not versions that a server could know
			orTake(verdict.Informational, "a server may understand more versions than 13", c)
		}
	}
	refuse(asGrammar, "Sec-WebSocket-Version: 013.", []int{400, 426}, with("Sec-WebSocket-Version", "013"))
	orTake(verdict.NonStrict, binds, refuse(`RFC 6455 section 11.3.5: "the |Sec-WebSocket-Version| header field MUST NOT appear more than once in an HTTP request."`,
		"Two Sec-WebSocket-Version fields.", []int{400, 426}, again("Sec-WebSocket-Version", "13")))
	refuse(asGET+`; RFC 9110 section 7.8: "A server MAY ignore a received Upgrade header field if it wishes to continue using the current protocol on that connection."`,
		"POST.", anyRefusal, func(r *play.Draft, _ string) {
			r.Line = strings.Replace(r.Line, "GET", "POST", 1)
			r.Set("Content-Length", "0")
		})
	refuse(asGET+`; RFC 9110 section 7.8: "A server MUST ignore an Upgrade header field that is received in an HTTP/1.0 request."`,
		"HTTP/1.0.", anyRefusal, func(r *play.Draft, _ string) { r.Line = strings.Replace(r.Line, "HTTP/1.1", "HTTP/1.0", 1) })
	refuse(asFields, "A space between the name of a field and its colon.", bad, again("X-Odd ", "1"))
	orTake(verdict.Informational, "the NUL may have been replaced", refuse(`RFC 9110 section 5.5: "a recipient of CR, LF, or NUL within a field value MUST either reject the message or replace each of those characters with SP before further processing or forwarding of that message."`,
		"A NUL in the value of a field.", bad, again("X-Odd", "a\x00b")))
	refuse(`RFC 6455 section 9.1: "If a value is received by either the client or the server during negotiation that does not conform to the ABNF below, the recipient of such malformed data MUST immediately _Fail the WebSocket Connection_."`,
		"Sec-WebSocket-Extensions with a parameter that has no name.", bad, with("Sec-WebSocket-Extensions", "permessage-deflate; =10"))
	orTake(verdict.NonStrict, binds, refuse(`RFC 6455 section 4.1: "The elements that comprise this value MUST be non-empty strings with characters in the range U+0021 to U+007E not including separator characters"`,
		"Sec-WebSocket-Protocol with an element that is not a token.", bad, with("Sec-WebSocket-Protocol", "chat, not a token")))
	orTake(verdict.Informational, "what is too large is for the server to say", refuse(`RFC 9110 section 5.4: "A server that receives a request header field line, field value, or set of fields larger than it wishes to process MUST respond with an appropriate 4xx (Client Error) status code."`,
		"A field of 2 MiB.", []int{400, 413, 431}, again("X-Large", strings.Repeat("a", 2<<20))))

	n = 0
	accept := func(sentence, description string, check func(h *play.Head) error, change func(r *play.Draft, key string)) *play.Case {
		n++
		c := play.Scripted(fmt.Sprintf("20.2.%d", n), description, "The server answers with 101, and a message comes back.", comesBack())
		c.Door = &play.Door{Request: change, Check: check}
		c.Only, c.Needs = verdict.Server, play.NeedHTTP1
		cases = append(cases, by(sentence, c)...)
		return c
	}
	accept(asTokens, "Connection: keep-alive, Upgrade.", nil, with("Connection", "keep-alive, Upgrade"))
	accept(asTokens, "Two Connection fields, keep-alive and Upgrade.", nil, func(r *play.Draft, key string) {
		r.Set("Connection", "keep-alive")
		again("Connection", "Upgrade")(r, key)
	})
	accept(asTokens, "connection: upgrade, in small letters.", nil, func(r *play.Draft, _ string) {
		r.Remove("Connection")
		r.Add("connection", "upgrade")
	})
	accept(asCase, "UPGRADE: WebSocket, in mixed letters.", nil, func(r *play.Draft, _ string) {
		r.Remove("Upgrade")
		r.Add("UPGRADE", "WebSocket")
	})
	accept(`RFC 9112 section 5.1: "a colon (":"), optional leading whitespace, the field line value, and optional trailing whitespace"`,
		"Tabs and spaces around values.", nil, func(r *play.Draft, _ string) {
			for i := range r.Fields {
				r.Fields[i].Value = "\t " + r.Fields[i].Value + " \t"
			}
		})
	accept(`RFC 9112 section 3.2.2: "a server MUST accept the absolute-form in requests even though most HTTP/1.1 clients will only send the absolute-form to a proxy."`,
		"A request target in absolute form.", nil, func(r *play.Draft, _ string) {
			_, rest, _ := strings.Cut(r.Line, " ")
			r.Line = "GET " + r.Scheme + "://" + r.Get("Host") + rest
		})
	many := accept(`RFC 6455 section 4.2.1: "the order of the header fields is not important"; RFC 9110 section 5.4: a "set of fields larger than it wishes to process" is for the server to say`,
		"50 fields more, and ours in reverse order.", nil, func(r *play.Draft, _ string) {
			slices.Reverse(r.Fields)
			for i := range 50 {
				r.Add(fmt.Sprintf("X-Field-%d", i), strings.Repeat("v", 40))
			}
		})
	many.Door.Unopened = func(status int) verdict.Verdict {
		if status == 431 {
			return verdict.Informational
		}
		return verdict.Failed
	}
	accept(asOffered,
		"An extension that nobody knows is offered.", noExtension, with("Sec-WebSocket-Extensions", `x-hawser-unknown; a; b="c"; d=1`))
	accept(asOffered, "No extension is offered.", noExtension, func(*play.Draft, string) {})
	for _, c := range []*play.Case{
		accept(asProtocol, "No subprotocol is offered.", protocolOf(), without("Sec-WebSocket-Protocol")),
		accept(asProtocol, "Two subprotocols are offered.", protocolOf("hawser-one", "hawser-two"), with("Sec-WebSocket-Protocol", "hawser-one, hawser-two")),
		accept(asProtocol, "Two subprotocols are offered, in a field each.", protocolOf("hawser-one", "hawser-two"), func(r *play.Draft, key string) {
			r.Set("Sec-WebSocket-Protocol", "hawser-one")
			again("Sec-WebSocket-Protocol", "hawser-two")(r, key)
		}),
	} {
		c.Door.Unopened = needsSubprotocol
		c.Expectation += " A refusal with a 4xx is INFORMATIONAL: a server may require a subprotocol of its own."
	}
	glued := play.Scripted("20.2.13", "A text message in one segment with the request.",
		"The server answers with 101, and the message comes back. Anything else is INFORMATIONAL: the sentence binds the client.", play.Script{
			Steps: []play.Step{play.CloseWhenIdle(gluedPatience)}, OK: []verdict.Event{gotText(hello)}, Ends: weClose, Last: mayForget,
		})
	glued.Only, glued.Needs = verdict.Server, play.NeedHTTP1
	glued.Door = &play.Door{
		Request:  func(r *play.Draft, _ string) { r.Tail = maskedHello() },
		Unopened: func(int) verdict.Verdict { return verdict.Informational },
	}
	return append(cases, by(`RFC 6455 section 4.1: "Once the client's opening handshake has been sent, the client MUST wait for a response from the server before sending any further data."`, glued)...)
}

// needsSubprotocol: a server may refuse clients that do not offer its own subprotocol. No sentence
// asks it to accept every client.
func needsSubprotocol(status int) verdict.Verdict {
	if status >= 400 && status < 500 {
		return verdict.Informational
	}
	return verdict.Failed
}

// gluedPatience is how long a server has to answer a message that came too early.
const gluedPatience = time.Second

// mayForget: data that a client sends too early is lost, and the server may fail the connection
// because of it.
func mayForget(r *verdict.Result) {
	if r.Worst() != verdict.OK && len(r.Received) == 0 && !r.FailedByMe {
		allowed(r, verdict.Informational, "The server did not take a message that came before its answer.")
	}
}

// maskedHello returns a text frame of hello, as a client sends it.
func maskedHello() []byte {
	f := text(hello)
	f.Masked, f.Key = true, play.FreshKey()
	return naive.Encode(f)
}

func statusList(statuses []int) string {
	if slices.Contains(statuses, 0) {
		return "anything but 101"
	}
	list := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(statuses)), " or "), "[]")
	return list
}

// speaksVersion: a refusal because of the version must name the right one.
func speaksVersion(h *play.Head) error {
	if !h.Has("Sec-WebSocket-Version", "13") {
		return fmt.Errorf("the refusal has Sec-WebSocket-Version %q, which does not list 13", h.Get("Sec-WebSocket-Version"))
	}
	return nil
}

func noExtension(h *play.Head) error {
	if got := h.Values("Sec-WebSocket-Extensions"); len(got) > 0 {
		return fmt.Errorf("the 101 has Sec-WebSocket-Extensions %q", got)
	}
	return nil
}

// protocolOf checks that a server chose one of the offered subprotocols, or none.
func protocolOf(offered ...string) func(h *play.Head) error {
	return func(h *play.Head) error {
		got := h.Values("Sec-WebSocket-Protocol")
		switch {
		case len(got) == 0:
			return nil
		case len(got) > 1:
			return errors.New("the 101 has more than one Sec-WebSocket-Protocol")
		case !slices.Contains(offered, got[0]):
			return fmt.Errorf("the 101 has Sec-WebSocket-Protocol %q, of %q", got[0], offered)
		}
		return nil
	}
}
