package transport

import (
	"errors"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"github.com/hawser-ws/websocket"
)

// message is a MESSAGE with these lines in place of the mandatory ones' defaults.
func message(version, cseq, extra, body string) string {
	return strings.ReplaceAll("MESSAGE sip:bob@example.com "+version+`
Via: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks
From: <sip:alice@example.com>;tag=asdyka899
To: <sip:bob@example.com>
Call-ID: asidkj3ss
CSeq: `+cseq+`
Max-Forwards: 70
`+extra+`
`, "\n", "\r\n") + body
}

// RFC 7118 §4.2: "each SIP message MUST be carried within a single WebSocket message,
// and a WebSocket message MUST NOT contain more than one SIP message."
func TestDecode(t *testing.T) {
	good := message("SIP/2.0", "1 MESSAGE", "Content-Length: 5\n", "hello")
	for _, test := range []struct {
		name, in string
		body     string // of the message, where it is one
		err      string // what is wrong with it
		answer   int    // what to answer; zero if it cannot be answered
	}{
		{name: "whole", in: good, body: "hello"},
		{name: "Content-Length left out", in: message("SIP/2.0", "1 MESSAGE", "", "hello"), body: "hello"},
		{name: "no body", in: message("SIP/2.0", "1 MESSAGE", "", "")},
		{name: "two messages in one", in: good + good, err: "Content-Length is smaller", answer: 400},
		{name: "half a message", in: good[:len(good)-1], err: "Content-Length is larger", answer: 400},
		{name: "another version", in: message("SIP/3.0", "1 MESSAGE", "", ""), err: `version "SIP/3.0"`, answer: 505},
		{name: "two methods", in: message("SIP/2.0", "1 INVITE", "", ""), err: "CSeq says INVITE", answer: 400},
		{name: "no From", in: strings.Replace(good, "From: <sip:alice@example.com>;tag=asdyka899\r\n", "", 1), err: "no From", answer: 400},
		{name: "no Via, so no way back", in: strings.Replace(good, "Via:", "X-Via:", 1), err: "no Via"},
		{name: "an ACK is never answered", in: strings.ReplaceAll(strings.Replace(good, "From:", "X-From:", 1), "MESSAGE", "ACK"), err: "no From"},
		{name: "a header in a header", in: strings.Replace(good, "Max-Forwards: 70\r\n", "Max-Forwards: 70\r\nSubject: a\nVia: b\r\n", 1), err: "a control character", answer: 400},
		{name: "NUL", in: strings.Replace(good, "asidkj3ss", "asid\x00kj3ss", 1), err: "a control character", answer: 400},
		{name: "no SIP", in: "GET / HTTP/1.1\r\n\r\n", err: "not a SIP message"},
		{name: "a response of status 99", in: strings.Replace(good, "MESSAGE sip:bob@example.com SIP/2.0", "SIP/2.0 099 Odd", 1), err: "status 99"},
		{name: "empty", in: "", err: "EOF"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := Decode([]byte(test.in))
			if test.err == "" {
				if err != nil || string(m.Body()) != test.body {
					t.Fatalf("%v, %v", m, err)
				}
				return
			}
			malformed, ok := errors.AsType[*MalformedError](err)
			if !ok || !strings.Contains(err.Error(), test.err) {
				t.Fatalf("%v; want one about %q", err, test.err)
			}
			switch {
			case test.answer == 0 && malformed.Request != nil:
				t.Errorf("it is to be answered with %d", malformed.Status)
			case test.answer != 0 && (malformed.Request == nil || malformed.Status != test.answer):
				t.Errorf("it is to be answered with %d (%v), want %d", malformed.Status, malformed.Request, test.answer)
			}
		})
	}
}

// Every message that is cut somewhere is refused, except where a body without a
// length ends.
func TestDecodePrefixes(t *testing.T) {
	whole := message("SIP/2.0", "1 MESSAGE", "Content-Length: 5\n", "hello")
	for n := range len(whole) {
		if m, err := Decode([]byte(whole[:n])); err == nil {
			t.Errorf("the first %d bytes are taken for a message: %q", n, m.String())
		}
	}
}

// RFC 7118 §4.2 allows text, which RFC 6455 requires to be UTF-8, and binary.
func TestEncode(t *testing.T) {
	for _, test := range []struct {
		body string
		typ  websocket.MessageType
	}{
		{"grüße", websocket.MessageText},
		{"\xff\xfe", websocket.MessageBinary},
	} {
		m, err := Decode([]byte(message("SIP/2.0", "1 MESSAGE", "", test.body)))
		if err != nil {
			t.Fatal(err)
		}
		m.SetBody([]byte(test.body))
		typ, p := Encode(m)
		if typ != test.typ {
			t.Errorf("%q travels as %v", test.body, typ)
		}
		again, err := Decode(p)
		if err != nil || string(again.Body()) != test.body || again.CSeq().MethodName != sip.MESSAGE {
			t.Errorf("%q comes back as %v, %v", test.body, again, err)
		}
	}
}

// RFC 5626 §3.5.1: a double CRLF is answered by a single one. They are messages of
// their own here.
func TestKeepalive(t *testing.T) {
	for in, want := range map[string]struct {
		answer string
		ok     bool
	}{
		"\r\n\r\n":     {"\r\n", true},
		"\r\n":         {"", true},
		"":             {"", false},
		"\r\n\r\n\r\n": {"", false},
		"\r\n\r\nMESSAGE sip:bob@example.com SIP/2.0\r\n": {"", false},
	} {
		if answer, ok := Keepalive([]byte(in)); string(answer) != want.answer || ok != want.ok {
			t.Errorf("%q: %q, %v", in, answer, ok)
		}
	}
}
