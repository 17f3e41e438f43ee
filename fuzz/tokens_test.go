package fuzz_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"

	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/handshake"
)

// split is a list header taken apart the obvious way: its elements, empty ones left
// out, and whether each is a token.
func split(lines []string) (elements []string, tokens bool) {
	tokens = true
	for element := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		if element = strings.Trim(element, " \t"); element != "" {
			elements = append(elements, element)
			tokens = tokens && isToken.MatchString(element)
		}
	}
	return elements, tokens
}

// FuzzTokens takes lists apart as the obvious splitter does: what Tokens yields,
// which subprotocol a server chooses, and whether Connection and Upgrade say what
// they must. What may be a field is what golang.org/x/net says may be one.
func FuzzTokens(f *testing.F) {
	var lists []string
	for _, head := range append(seeds.Requests(), seeds.Responses()...) {
		for line := range strings.SplitSeq(string(head.Data), "\r\n") {
			if _, value, ok := strings.Cut(line, ":"); ok && len(value) < 200 && !slices.Contains(lists, value) {
				lists = append(lists, value)
			}
		}
	}
	seeds.Need(f, lists, 100)
	for i, list := range lists {
		f.Add(list, lists[len(lists)-1-i])
	}
	f.Add("a, b,\n,c", "c,b")
	f.Add("upgrade, \u212aeep-alive", "upgrade")
	f.Add("WebSocket/13, \tWEBSOCKET ,,", "a")
	f.Add(strings.Repeat("a,", 65), "a")
	f.Fuzz(func(t *testing.T, value, supported string) {
		if handshake.ValidFieldName(value) != httpguts.ValidHeaderFieldName(value) {
			t.Fatalf("%q may be a name: %v", value, handshake.ValidFieldName(value))
		}
		if handshake.ValidFieldValue(value) != httpguts.ValidHeaderFieldValue(value) {
			t.Fatalf("%q may be a value: %v", value, handshake.ValidFieldValue(value))
		}
		lines := strings.Split(value, "\n")
		var got []string
		valid := true
		for _, line := range lines {
			for element, token := range handshake.Tokens(line) {
				got = append(got, element)
				valid = valid && token
				if token != isToken.MatchString(element) {
					t.Fatalf("%q: %q is a token: %v", value, element, token)
				}
			}
		}
		want, tokens := split(lines)
		if !slices.Equal(got, want) || valid != tokens {
			t.Fatalf("%q: %q, %v; want %q, %v", value, got, valid, want, tokens)
		}
		for n := range got { // who stops early gets no more
			i := 0
			for range handshake.Tokens(lines[0]) {
				if i++; i > n {
					break
				}
			}
		}

		speaks, _ := split([]string{supported})
		wantChosen(t, lines, want, tokens, speaks)

		has := func(token string) bool {
			return slices.ContainsFunc(want, func(e string) bool { return asciiFold(e) == token })
		}
		r := opening()
		r.Connection = lines
		if _, refusal := (&handshake.Policy{}).Accept(&r); (refusal == nil) != (tokens && has("upgrade")) {
			t.Fatalf("Connection: %q: %v", lines, refusal)
		}
		products := true // RFC 9110 §7.8: protocol-name ["/" protocol-version]
		for _, e := range want {
			name, version, slash := strings.Cut(e, "/")
			products = products && isToken.MatchString(name) && (!slash || isToken.MatchString(version))
		}
		r = opening()
		r.Upgrade = lines
		if _, refusal := (&handshake.Policy{}).Accept(&r); (refusal == nil) != (products && has("websocket")) {
			t.Fatalf("Upgrade: %q: %v", lines, refusal)
		}
	})
}

// opening is a request with which nothing is wrong.
func opening() handshake.Request {
	return handshake.Request{
		Method: "GET", Target: "/", Host: "a", ProtoMajor: 1, ProtoMinor: 1,
		Upgrade: []string{"websocket"}, Connection: []string{"Upgrade"}, Version: []string{"13"}, Key: []string{nonce},
	}
}

// asciiFold is s in small letters; the Kelvin sign is none.
func asciiFold(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}

// wantChosen has a server choose a subprotocol: the first of its own that the client
// offers.
func wantChosen(t *testing.T, lines, offered []string, tokens bool, speaks []string) {
	t.Helper()
	r := opening()
	r.Protocol = lines
	a, refusal := (&handshake.Policy{Subprotocols: speaks}).Accept(&r)
	follows := tokens && len(offered) <= 64
	if (refusal == nil) != follows {
		t.Fatalf("Sec-WebSocket-Protocol: %q: %v", lines, refusal)
	}
	chosen := ""
	for _, s := range speaks {
		if chosen == "" && slices.Contains(offered, s) {
			chosen = s
		}
	}
	if refusal == nil && a.Subprotocol != chosen {
		t.Fatalf("%q offered, %q spoken: chose %q", lines, speaks, a.Subprotocol)
	}
}
