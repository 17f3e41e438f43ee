package cases

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// Sentences about requests and responses of HTTP/2.
const (
	overMalformed  = `RFC 9113 section 8.1.1: "Malformed requests or responses that are detected MUST be treated as a stream error (Section 5.4.2) of type PROTOCOL_ERROR. For malformed requests, a server MAY send an HTTP response prior to closing or resetting the stream."`
	overPseudo     = `RFC 9113 section 8.3: "Endpoints MUST treat a request or response that contains undefined or invalid pseudo-header fields as malformed (Section 8.1.1)."`
	overRepeated   = `RFC 9113 section 8.3: "A field block for an HTTP request or response that contains a repeated pseudo-header field name MUST be treated as malformed (Section 8.1.1)."`
	overOrder      = `RFC 9113 section 8.3: "Any request or response that contains a pseudo-header field that appears in a field block after a regular field line MUST be treated as malformed (Section 8.1.1)."`
	overConnection = `RFC 9113 section 8.2.2: "Any message containing connection-specific header fields MUST be treated as malformed (Section 8.1.1)."`
	overNames      = `RFC 9113 section 8.2.1: "A field name MUST NOT contain characters in the ranges 0x00-0x20, 0x41-0x5a, or 0x7f-0xff (all ranges inclusive). [...] A request or response that contains a field that violates any of these conditions MUST be treated as malformed (Section 8.1.1)."`
	overValues     = `RFC 9113 section 8.2.1: "A field value MUST NOT contain the zero value (ASCII NUL, 0x00), line feed (ASCII LF, 0x0a), or carriage return (ASCII CR, 0x0d) at any position. [...] A request or response that contains a field that violates any of these conditions MUST be treated as malformed (Section 8.1.1)."`
	overIncluded   = `RFC 8441 section 4: "On requests that contain the :protocol pseudo-header field, the :scheme and :path pseudo-header fields of the target URI (see Section 5) MUST also be included."`
	overKey        = `RFC 8441 section 5: "Implementations using this extended CONNECT to bootstrap WebSockets do not do the processing of the Sec-WebSocket-Key and Sec-WebSocket-Accept header fields of [RFC6455] as that functionality has been superseded by the :protocol pseudo-header field."`
	overFields     = `RFC 8441 section 5: "The Origin [RFC6454], Sec-WebSocket-Version, Sec-WebSocket-Protocol, and Sec-WebSocket-Extensions header fields are used in the CONNECT request and response-header fields as defined in [RFC6455]."`
	overTCP        = `RFC 8441 section 5: "After successfully processing the opening handshake, the peers should proceed with the WebSocket Protocol [RFC6455] using the HTTP/2 stream from the CONNECT transaction as if it were the TCP connection referred to in [RFC6455]."`
	overClosure    = `RFC 8441 section 5: "The HTTP/2 stream closure is also analogous to the TCP connection closure of [RFC6455]. Orderly TCP-level closures are represented as END_STREAM flags ([RFC7540], Section 6.1). RST exceptions are represented with the RST_STREAM frame ([RFC7540], Section 6.4) with the CANCEL error code ([RFC7540], Section 7)."`
	overTunnel     = `RFC 9110 section 9.3.6: "Any 2xx (Successful) response indicates that the sender (and all inbound proxies) will switch to tunnel mode immediately after the response header section"`
	overWindow     = `RFC 9113 section 5.2.1: "A sender MUST respect flow-control limits imposed by a receiver."`
	overContinued  = `RFC 9113 section 6.10: "Any number of CONTINUATION frames can be sent, as long as the preceding frame is on the same stream and is a HEADERS, PUSH_PROMISE, or CONTINUATION frame without the END_HEADERS flag set."`
)

// over makes c a case of HTTP/2.
func over(role verdict.Role, sentence string, c *play.Case) *play.Case {
	c.Only, c.Needs, c.Sentence = role, play.NeedHTTP2, sentence
	return c
}

// malformed are the codes of RST_STREAM that a malformed request or response may get.
var malformed = []http2.ErrCode{http2.ErrCodeProtocol}

// orTake makes v the verdict on a peer that accepts what no sentence requires it to refuse.
func orTake(v verdict.Verdict, why string, c *play.Case) {
	c.Door.Taken = v
	c.Expectation += " To accept is " + string(v) + ": " + why + "."
}

const bindsSender = "the sentence binds the sender"

// numbering returns a function that numbers the cases of a group.
func numbering(group string) func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("%s.%d", group, n)
	}
}

// Changes of a header block.

func remove(name string) func(d *play.Draft) { return func(d *play.Draft) { d.Remove(name) } }

func set(name, value string) func(d *play.Draft) {
	return func(d *play.Draft) { d.Set(name, value) }
}

func add(name, value string) func(d *play.Draft) {
	return func(d *play.Draft) { d.Add(name, value) }
}

// first adds a field in front of all others.
func first(name, value string) func(d *play.Draft) {
	return func(d *play.Draft) { d.Fields = slices.Insert(d.Fields, 0, play.Field{Name: name, Value: value}) }
}

// manyFields adds n fields of 40 bytes.
func manyFields(n int) func(d *play.Draft) {
	return func(d *play.Draft) {
		for i := range n {
			d.Add(fmt.Sprintf("x-field-%d", i), strings.Repeat("v", 40))
		}
	}
}

// cut has the header block in frames of n bytes.
func cutInto(n int) func(d *play.Draft) { return func(d *play.Draft) { d.Form.Cut = n } }

// padded has the header block in a frame with padding and a priority.
func padded(d *play.Draft) {
	d.Form = mux.Form{Pad: 100, Priority: http2.PriorityParam{StreamDep: 0, Weight: 200}}
}

// check has the play look at the session, and fails the case if look returns an error.
func check(look func(s *play.Session) error) play.Step {
	return func(s *play.Session) (time.Duration, string) {
		if err := look(s); err != nil {
			s.Fault(err)
		}
		return 0, ""
	}
}
