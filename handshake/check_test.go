package handshake

import (
	"net/http"
	"strings"
	"testing"
)

func sampleOffer() *Offer {
	return &Offer{
		Key:          "dGhlIHNhbXBsZSBub25jZQ==",
		Subprotocols: []string{"chat", "superchat"},
		Deflate:      &Deflate{},
	}
}

func sampleResponse() http.Header {
	return http.Header{
		"Upgrade":              {"websocket"},
		"Connection":           {"Upgrade"},
		"Sec-Websocket-Accept": {"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
	}
}

// https://www.rfc-editor.org/rfc/rfc6455#section-4.1, "The client MUST validate
// the server's response as follows".
func TestCheckRules(t *testing.T) {
	const (
		accept     = "Sec-Websocket-Accept"
		protocol   = "Sec-Websocket-Protocol"
		extensions = "Sec-Websocket-Extensions"
	)
	for _, row := range []struct {
		why, name string
		lines     []string // of the header name; none takes it away
		fails     bool
	}{
		// 2. If the response lacks an |Upgrade| header field or the |Upgrade|
		// header field contains a value that is not an ASCII case-insensitive
		// match for the value "websocket", the client MUST _Fail the WebSocket
		// Connection_.
		{"no Upgrade", "Upgrade", nil, true},
		{"Upgrade in odd case", "Upgrade", []string{"WEBsocket"}, false},
		{"Upgrade with space around", "Upgrade", []string{" websocket\t"}, false},
		{"Upgrade list", "Upgrade", []string{"websocket, h2c"}, true},
		{"Upgrade twice", "Upgrade", []string{"websocket", "websocket"}, true},
		{"Upgrade with a version", "Upgrade", []string{"websocket/13"}, true},
		{"Upgrade with a Kelvin sign", "Upgrade", []string{"webso\u212aet"}, true},
		{"Upgrade empty", "Upgrade", []string{""}, true},
		// 3. If the response lacks a |Connection| header field or the |Connection|
		// header field doesn't contain a token that is an ASCII case-insensitive
		// match for the value "Upgrade", [...]
		{"no Connection", "Connection", nil, true},
		{"Connection in odd case", "Connection", []string{"uPGRADE"}, false},
		{"Connection list", "Connection", []string{"keep-alive", "a , Upgrade"}, false},
		{"Connection without it", "Connection", []string{"close"}, true},
		{"Connection malformed", "Connection", []string{"Upgrade, a b"}, true},
		// 4. If the response lacks a |Sec-WebSocket-Accept| header field or the
		// |Sec-WebSocket-Accept| contains a value other than the base64-encoded
		// SHA-1 of the concatenation [...] but ignoring any leading and trailing
		// whitespace, [...]
		{"101 without Accept", accept, nil, true},
		{"Accept empty", accept, []string{""}, true},
		{"Accept of another key", accept, []string{"xUZy6T249PxJlK9yPhHneq2t3uY="}, true},
		{"Accept in another case", accept, []string{"S3PPLMBITXAQ9KYGZZHZRBK+XOO="}, true},
		{"Accept that is the key", accept, []string{"dGhlIHNhbXBsZSBub25jZQ=="}, true},
		{"Accept with space around", accept, []string{"\ts3pPLMBiTxaQ9kYGzzhZRbK+xOo= "}, false},
		{"Accept with text behind", accept, []string{"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=="}, true},
		{"Accept cut short", accept, []string{"s3pPLMBiTxaQ9kYGzzhZRbK+xOo"}, true},
		// §11.3.3: MUST NOT appear more than once in an HTTP response.
		{"duplicate Accept", accept, []string{"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}, true},
		// 5. If the response includes a |Sec-WebSocket-Extensions| header field and
		// this header field indicates the use of an extension that was not present
		// in the client's handshake [...]
		{"extension", extensions, []string{"permessage-deflate; server_no_context_takeover"}, false},
		{"extension not offered", extensions, []string{"permessage-deflate, bbf-usp-protocol"}, true},
		{"extension in another case", extensions, []string{"Permessage-Deflate"}, true},
		{"extension twice", extensions, []string{"permessage-deflate, permessage-deflate"}, true},
		{"extension malformed", extensions, []string{"permessage-deflate; a="}, true},
		// §4.2.2: "A (possibly empty) list"; see TestEmptyExtensions.
		{"extension header empty", extensions, []string{" , "}, false},
		// §11.3.2: MUST NOT appear more than once in an HTTP response.
		{"duplicate Extensions", extensions, []string{"permessage-deflate", "permessage-deflate"}, true},
		// 6. If the response includes a |Sec-WebSocket-Protocol| header field and
		// this header field indicates the use of a subprotocol that was not present
		// in the client's handshake [...]
		{"subprotocol", protocol, []string{"superchat"}, false},
		{"subprotocol with space around", protocol, []string{" chat "}, false},
		{"subprotocol not offered", protocol, []string{"mqtt"}, true},
		{"subprotocol in another case", protocol, []string{"Chat"}, true},
		{"subprotocol list", protocol, []string{"chat, superchat"}, true},
		// §4.2.2: "The empty string [...] is not a legal value for this field."
		{"subprotocol empty", protocol, []string{""}, true},
		{"subprotocol with CR LF", protocol, []string{"chat\r\n"}, true},
		// §11.3.4: MUST NOT appear more than once in an HTTP response.
		{"duplicate Protocol", protocol, []string{"chat", "chat"}, true},
	} {
		t.Run(row.why, func(t *testing.T) {
			h := sampleResponse()
			delete(h, row.name)
			if row.lines != nil {
				h[row.name] = row.lines
			}
			agreement, bad := sampleOffer().Check(101, h)
			if (bad != nil) != row.fails {
				t.Fatalf("%v", bad)
			}
			if bad == nil {
				return
			}
			if agreement != (Agreement{}) {
				t.Errorf("an agreement beside the error: %+v", agreement)
			}
			if bad.Status != 101 || !strings.HasSuffix(bad.Error(), " ("+bad.Section+")") || !isPrintable(bad.Reason) {
				t.Errorf("error is not fit to be printed: %+v", bad)
			}
		})
	}
}

// A program that used to be content with an element of the list may ask for that.
func TestCheckUpgradeList(t *testing.T) {
	for lines, fails := range map[string]bool{
		"websocket": false, "foo, WebSocket": false, "websocket/13": true, "foo": true, "": true,
	} {
		h := sampleResponse()
		h["Upgrade"] = []string{lines}
		o := sampleOffer()
		o.UpgradeList = true
		if _, bad := o.Check(101, h); (bad != nil) != fails {
			t.Errorf("%q: %v", lines, bad)
		}
	}
}

// 1. If the status code received from the server is not 101, [...]
func TestCheckStatus(t *testing.T) {
	for _, status := range []int{0, 100, 102, 103, 200, 301, 401, 426, 1101} {
		if _, bad := sampleOffer().Check(status, sampleResponse()); bad == nil || bad.Status != status {
			t.Errorf("status %d: %v", status, bad)
		}
	}
}

func TestAgreement(t *testing.T) {
	h := sampleResponse()
	if a, bad := sampleOffer().Check(101, h); bad != nil || a != (Agreement{}) {
		t.Errorf("the server may choose nothing: %+v, %v", a, bad)
	}
	h.Set("Sec-WebSocket-Protocol", "superchat")
	h.Set("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=10")
	a, bad := sampleOffer().Check(101, h)
	if bad != nil || a.Subprotocol != "superchat" || !a.Deflated || a.Deflate != (Deflate{DeflateSide{false, 10}, DeflateSide{false, 15}}) {
		t.Errorf("%+v, %v", a, bad)
	}
	// Refused when nothing was offered.
	for _, name := range []string{"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"} {
		h := sampleResponse()
		h.Set(name, "permessage-deflate")
		if _, bad := (&Offer{Key: sampleOffer().Key}).Check(101, h); bad == nil {
			t.Errorf("%s that was not offered is accepted", name)
		}
	}
}

// The two sides of this package agree with each other.
func TestServerAndClientAgree(t *testing.T) {
	r := sampleRequest()
	r.Extensions = []string{sampleOffer().ExtensionsValue()}
	p := Policy{
		AnyOrigin: true, Subprotocols: []string{"superchat"},
		Deflate: &Deflate{Server: DeflateSide{true, 12}, Client: DeflateSide{MaxWindowBits: 9}},
	}
	a, refusal := p.Accept(r)
	if refusal != nil {
		t.Fatal(refusal)
	}
	response := readResponse(t, AppendSwitching(nil, a, nil))
	agreement, bad := sampleOffer().Check(response.StatusCode, response.Header)
	if bad != nil || agreement.Subprotocol != "superchat" || !agreement.Deflated || agreement.Deflate != a.Deflate {
		t.Errorf("%+v, %v", agreement, bad)
	}
}
