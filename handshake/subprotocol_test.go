package handshake

import (
	"fmt"
	"strings"
	"testing"
)

func selectSubprotocol(lines, supported []string, seen *[]string) (string, *Refusal) {
	return (&Policy{Subprotocols: supported}).selectSubprotocol(lines, seen)
}

// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
//
//	If present, this value indicates one or more comma-separated subprotocol
//	the client wishes to speak, ordered by preference.
//
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
//
//	The value chosen MUST be derived from the client's handshake, specifically
//	by selecting one of the values from the |Sec-WebSocket-Protocol| field that
//	the server is willing to use for this connection (if any).
func TestSelectSubprotocol(t *testing.T) {
	for _, row := range []struct{ why, client, server, want string }{
		{"none", "", "", ""},
		{"not asked for", "", "echo", ""},
		{"not spoken", "echo", "", ""},
		{"no match", "chat, echo", "mqtt", ""},
		{"match", "echo", "echo", "echo"},
		{"the server's order decides", "echo, echo2", "echo2 echo", "echo2"},
		{"first that is asked for", "a, b, c", "d c b", "c"},
		{"over several lines", "a|b|c", "c b", "c"},
		{"asked for twice", "a, b, a|b", "b", "b"},
		{"spaces and null elements", " ,a\t,, b ", "b", "b"},
		{"regard to case", "Echo", "echo", ""},
		{"regard to case, second matches", "ECHO, echo", "Echo echo", "echo"},
		{"not a part of a token", "echo2", "echo", ""},
	} {
		var lines []string
		if row.client != "" {
			lines = strings.Split(row.client, "|")
		}
		got, refusal := selectSubprotocol(lines, strings.Fields(row.server), new([]string))
		if refusal != nil || got != row.want {
			t.Errorf("%s: %q, %v; want %q", row.why, got, refusal, row.want)
		}
	}
}

// RFC 6455 §4.3 has 1#token, which a recipient reads as #token by RFC 9110 §5.6.1.2: see
// TestEmptyExtensions. A client that sends an empty list asks for nothing.
func TestEmptySubprotocols(t *testing.T) {
	for _, lines := range [][]string{{""}, {" \t"}, {","}, {",", " , "}, {"", ""}} {
		if got, refusal := selectSubprotocol(lines, []string{"a"}, new([]string)); got != "" || refusal != nil {
			t.Errorf("%q: %q, %v", lines, got, refusal)
		}
	}
	for _, lines := range [][]string{{"", "b, a"}, {"a", ""}, {",a,", ","}} {
		if got, refusal := selectSubprotocol(lines, []string{"a"}, new([]string)); got != "a" || refusal != nil {
			t.Errorf("%q: %q, %v", lines, got, refusal)
		}
	}
}

// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
//
//	The elements that comprise this value MUST be non-empty strings with
//	characters in the range U+0021 to U+007E not including separator
//	characters as defined in [RFC2616] and MUST all be unique strings.
func TestMalformedSubprotocols(t *testing.T) {
	var many strings.Builder
	for i := range maxSubprotocols + 1 {
		fmt.Fprintf(&many, "p%d,", i)
	}
	for _, row := range []struct {
		why   string
		lines []string
	}{
		{"space in a token", []string{"a b"}},
		{"separator", []string{"a, b/c"}},
		{"quoted", []string{`"a"`}},
		{"NUL", []string{"a\x00"}},
		{"CR LF", []string{"a\r\nSet-Cookie: b"}},
		{"not ASCII", []string{"ä"}},
		{"too many", []string{many.String()}},
		{"malformed after a match", []string{"a, b c"}},
	} {
		got, refusal := selectSubprotocol(row.lines, []string{"a"}, new([]string))
		if refusal == nil || refusal.Status != 400 || got != "" {
			t.Errorf("%s: %q, %v", row.why, got, refusal)
		}
	}
	if _, refusal := selectSubprotocol([]string{strings.TrimSuffix(many.String(), "p64,")}, nil, new([]string)); refusal != nil {
		t.Errorf("%d subprotocols: %v", maxSubprotocols, refusal)
	}
	if got, refusal := selectSubprotocol([]string{"a"}, []string{"", "b"}, new([]string)); got != "" || refusal != nil {
		t.Errorf("an empty name of the server's: %q, %v", got, refusal)
	}
}

// A refusal, which is logged, does not repeat what may be a token of a user's.
func TestSubprotocolsAreNotRepeated(t *testing.T) {
	_, refusal := selectSubprotocol([]string{"bearer, secret/secret=="}, nil, new([]string))
	if refusal == nil || !strings.Contains(refusal.Reason, "number 2 is not a token") || strings.Contains(refusal.Reason, "secret") {
		t.Error(refusal)
	}
}

// The same rules for what we send. "attacks.md: CR/LF/NUL in subprotocol"
func TestCheckSubprotocols(t *testing.T) {
	for _, list := range [][]string{nil, {"a"}, {"a", "b", "A"}, {"v4.channel.k8s.io"}} {
		if err := CheckSubprotocols(list); err != nil {
			t.Errorf("%q: %v", list, err)
		}
	}
	for _, list := range [][]string{
		{""}, {"a", ""}, {"a b"}, {"a,b"}, {"a", "b", "a"}, {"a\r\n"}, {"a\n"}, {"a\x00"}, {"a\x7f"}, {"ä"}, {"a/b"},
	} {
		if err := CheckSubprotocols(list); err == nil {
			t.Errorf("%q: no error", list)
		}
	}
}

// What is selected outlives the request.
func TestSelectedSubprotocolIsTheServersString(t *testing.T) {
	line := []byte("echo, chat")
	got, refusal := selectSubprotocol([]string{alias(line)}, []string{"chat"}, new([]string))
	clear(line)
	if refusal != nil || got != "chat" {
		t.Errorf("%q, %v", got, refusal)
	}
}

// What Kubernetes calls its subprotocol is no token, and can stand in a list.
func TestLooseSubprotocols(t *testing.T) {
	const kubernetes = "SPDY/3.1+portforward.k8s.io"
	p := &Policy{Subprotocols: []string{kubernetes, "a b"}, LooseSubprotocols: true, AnyOrigin: true}
	for _, line := range []string{kubernetes, "x, " + kubernetes, "\"a\" , b c," + kubernetes} {
		r := sampleRequest()
		r.Protocol = []string{line}
		a, refusal := p.Accept(r)
		if refusal != nil || a.Subprotocol != kubernetes {
			t.Errorf("%s: %q, %v", line, a.Subprotocol, refusal)
		}
	}
	r := sampleRequest()
	r.Protocol = []string{"a\x00b"}
	if _, refusal := p.Accept(r); refusal == nil || refusal.Status != 400 {
		t.Errorf("a control character: %v", refusal)
	}
	p.LooseSubprotocols = false
	r.Protocol = []string{kubernetes}
	if _, refusal := p.Accept(r); refusal == nil || refusal.Status != 400 {
		t.Errorf("strict: %v", refusal)
	}
	for list, fails := range map[string]bool{kubernetes: false, "a b": false, "ä": false, "": true, " a": true, "a,b": true, "a\r\nb": true} {
		if err := CheckLooseSubprotocols([]string{list}); (err != nil) != fails {
			t.Errorf("%q: %v", list, err)
		}
	}
	if err := CheckLooseSubprotocols([]string{"a/b", "a/b"}); err == nil {
		t.Error("twice")
	}
}
