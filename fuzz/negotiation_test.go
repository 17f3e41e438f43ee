package fuzz_test

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/handshake"
)

// agreed is permessage-deflate as it stands in a header, by RFC 7692 §7.1: 0 bits
// stand for a parameter that is not there, 1 for one without a value.
type agreed struct {
	serverAlone, clientAlone bool // no context takeover
	serverBits, clientBits   int
}

// decimal is "a decimal integer value without leading zeroes between 8 to 15".
var decimal = regexp.MustCompile(`^([89]|1[0-5])$`)

// readDeflate reads one element by RFC 7692 §7.1; ok is false where §7 has an offer
// declined and an answer fail the connection.
func readDeflate(e handshake.Extension, answer bool) (a agreed, ok bool) {
	seen := map[string]bool{}
	for _, p := range e.Params {
		bits := 1
		if p.HasValue {
			if !decimal.MatchString(p.Value) || p.Quoted {
				bits = -1
			} else {
				bits, _ = strconv.Atoi(p.Value)
			}
		}
		switch {
		case seen[p.Name]:
			return a, false
		case p.Name == "server_no_context_takeover" && !p.HasValue:
			a.serverAlone = true
		case p.Name == "client_no_context_takeover" && !p.HasValue:
			a.clientAlone = true
		case p.Name == "server_max_window_bits" && bits >= 8:
			a.serverBits = bits
		case p.Name == "client_max_window_bits" && (bits >= 8 || bits == 1 && !answer):
			a.clientBits = bits
		default:
			return a, false
		}
		seen[p.Name] = true
	}
	return a, true
}

// answers reports whether RFC 7692 lets a server answer an offer so.
func answers(answer, offer agreed) bool {
	switch {
	case offer.serverAlone && !answer.serverAlone: // §7.1.1.1
		return false
	case offer.serverBits > 0 && (answer.serverBits == 0 || answer.serverBits > offer.serverBits): // §7.1.2.1
		return false
	case answer.clientBits > 0 && offer.clientBits == 0: // §7.1.2.2
		return false
	case offer.clientBits > 1 && answer.clientBits > offer.clientBits:
		return false
	}
	return true
}

const nonce, digest = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// wantAnswerThatFits has our server, which is ready for d, answer the offers in lines.
func wantAnswerThatFits(t *testing.T, lines []string, offers []handshake.Extension, follows bool, d handshake.Deflate) {
	t.Helper()
	policy := handshake.Policy{Deflate: &d}
	a, refusal := policy.Accept(&handshake.Request{
		Method: "GET", Target: "/", Host: "a", ProtoMajor: 1, ProtoMinor: 1,
		Upgrade: []string{"websocket"}, Connection: []string{"Upgrade"}, Version: []string{"13"}, Key: []string{nonce},
		Extensions: lines,
	})
	if (refusal == nil) != follows {
		t.Fatalf("%q: %v", lines, refusal)
	}
	if refusal != nil {
		return
	}
	var fit []agreed
	for _, e := range offers {
		if offer, ok := readDeflate(e, false); ok && e.Name == "permessage-deflate" {
			fit = append(fit, offer)
		}
	}
	if a.Deflated != (len(fit) > 0) {
		t.Fatalf("%q: accepted %v; there are %d offers that could be", lines, a.Deflated, len(fit))
	}
	if !a.Deflated {
		return
	}
	_, value, _ := strings.Cut(string(handshake.AppendSwitching(nil, a, nil)), "Sec-WebSocket-Extensions: ")
	value, _, _ = strings.Cut(value, "\r\n")
	list, _, ok := obvious([]string{value})
	if !ok || len(list) != 1 || list[0].Name != "permessage-deflate" {
		t.Fatalf("%q: answered %q", lines, value)
	}
	answer, ok := readDeflate(list[0], true)
	if !ok || !answers(answer, fit[0]) {
		t.Fatalf("%q: answered %q", lines, value)
	}
	// What we go by is what was said, and within what we are ready for.
	wantTerms(t, value, a.Deflate, answer)
	got := a.Deflate
	if d.Server.NoContextTakeover && !got.Server.NoContextTakeover || got.Server.MaxWindowBits > d.Server.MaxWindowBits ||
		d.Client.NoContextTakeover && !got.Client.NoContextTakeover ||
		got.Client.MaxWindowBits > d.Client.MaxWindowBits && !got.Client.NoContextTakeover {
		t.Fatalf("%q: answered %q, wanting %v", lines, value, d)
	}
}

// wantTerms holds terms against what a header says.
func wantTerms(t *testing.T, value string, got handshake.Deflate, said agreed) {
	t.Helper()
	window := func(bits int) int {
		if bits < 8 {
			return 15
		}
		return bits
	}
	want := handshake.Deflate{
		Server: handshake.DeflateSide{NoContextTakeover: said.serverAlone, MaxWindowBits: window(said.serverBits)},
		Client: handshake.DeflateSide{NoContextTakeover: said.clientAlone, MaxWindowBits: window(said.clientBits)},
	}
	if got != want {
		t.Fatalf("%q: terms are %+v, it says %+v", value, got, want)
	}
}

// wantAnswerJudged has our client, which offers d, judge value as a server's answer,
// and then what our own server answers to the offer.
func wantAnswerJudged(t *testing.T, value string, list []handshake.Extension, follows bool, d handshake.Deflate) {
	t.Helper()
	offer := handshake.Offer{Key: nonce, Deflate: &d}
	offered, _, ok := obvious([]string{offer.ExtensionsValue()})
	if !ok {
		t.Fatalf("%+v is offered as %q", d, offer.ExtensionsValue())
	}
	var ours []agreed
	for _, e := range offered {
		o, ok := readDeflate(e, false)
		if !ok || e.Name != "permessage-deflate" {
			t.Fatalf("%+v is offered as %q", d, offer.ExtensionsValue())
		}
		ours = append(ours, o)
	}
	check := func(value string) (handshake.Agreement, *handshake.BadResponse) {
		return offer.Check(101, http.Header{
			"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Accept": {digest},
			"Sec-Websocket-Extensions": {value},
		})
	}
	got, bad := check(value)
	if strings.Contains(value, "\n") { // lines that it was read as before
		list, _, follows = obvious([]string{value})
	}
	none := follows && len(list) == 0 // the server takes up no offer
	fits := follows && len(list) == 1 && list[0].Name == "permessage-deflate"
	if fits {
		answer, ok := readDeflate(list[0], true)
		fits = ok && slices.ContainsFunc(ours, func(o agreed) bool { return answers(answer, o) })
		if fits && bad == nil {
			answer.clientAlone = answer.clientAlone || d.Client.NoContextTakeover
			if answer.clientBits == 0 || answer.clientBits > d.Client.MaxWindowBits {
				answer.clientBits = d.Client.MaxWindowBits
			}
			wantTerms(t, value, got.Deflate, answer)
		}
	}
	if (bad == nil) != (fits || none) || got.Deflated != fits {
		t.Fatalf("%q answers %q: %v", value, offer.ExtensionsValue(), bad)
	}

	server := handshake.Policy{Deflate: &d}
	a, refusal := server.Accept(&handshake.Request{
		Method: "GET", Target: "/", Host: "a", ProtoMajor: 1, ProtoMinor: 1,
		Upgrade: []string{"websocket"}, Connection: []string{"Upgrade"}, Version: []string{"13"}, Key: []string{nonce},
		Extensions: []string{offer.ExtensionsValue()},
	})
	if refusal != nil || !a.Deflated {
		t.Fatalf("our own offer %q: %v", offer.ExtensionsValue(), refusal)
	}
	_, own, _ := strings.Cut(string(handshake.AppendSwitching(nil, a, nil)), "Sec-WebSocket-Extensions: ")
	own, _, _ = strings.Cut(own, "\r\n")
	if agreement, bad := check(own); bad != nil || agreement.Deflate != a.Deflate {
		t.Fatalf("our own answer %q to our own offer %q: %v, %v and %v", own, offer.ExtensionsValue(), bad, agreement.Deflate, a.Deflate)
	}
}
