package handshake

import (
	"net/http"
	"strings"
	"testing"
)

// wants builds what one end wants, as the header has it: takeover of the server
// and of the client, and the bits of both.
func wants(serverNo, clientNo bool, serverBits, clientBits int) Deflate {
	return Deflate{DeflateSide{serverNo, serverBits}, DeflateSide{clientNo, clientBits}}
}

func TestDeflateString(t *testing.T) {
	for want, d := range map[string]Deflate{
		"permessage-deflate": {},
		"permessage-deflate; server_no_context_takeover; client_max_window_bits=12":                           wants(true, false, 15, 12),
		"permessage-deflate; client_no_context_takeover; server_max_window_bits=8; client_max_window_bits=14": wants(false, true, 7, 14),
		"permessage-deflate; server_max_window_bits=8":                                                        wants(false, false, -1, 16),
	} {
		if got := d.String(); got != want {
			t.Errorf("%+v: %s, want %s", d, got, want)
		}
	}
}

// answered has the server accept the offers, and returns its terms and the value
// of Sec-WebSocket-Extensions in its answer.
func answered(t *testing.T, ready Deflate, offers ...string) (a Acceptance, value string) {
	t.Helper()
	r := sampleRequest()
	r.Extensions = offers
	a, refusal := (&Policy{AnyOrigin: true, Deflate: &ready}).Accept(r)
	if refusal != nil {
		t.Fatalf("%q is refused: %v", offers, refusal)
	}
	values := readResponse(t, AppendSwitching(nil, a, nil)).Header.Values("Sec-WebSocket-Extensions")
	if len(values) > 1 || (len(values) == 1) != a.Deflated {
		t.Fatalf("%q: %+v is answered by %q", offers, a, values)
	}
	return a, strings.Join(values, "")
}

// https://www.rfc-editor.org/rfc/rfc7692#section-7.1, what a server makes of one
// offer. Names of parameters are shortened: see expand.
func TestDeflateAnswers(t *testing.T) {
	for _, row := range []struct {
		ready         Deflate
		offer, answer string
		terms         Deflate
	}{
		{Deflate{}, "", "", wants(false, false, 15, 15)},

		// §7.1.1.1: A server accepts an extension negotiation offer that includes the
		// "server_no_context_takeover" extension parameter by including the
		// "server_no_context_takeover" extension parameter in the corresponding
		// extension negotiation response to send back to the client.
		{Deflate{}, "; sno", "; sno", wants(true, false, 15, 15)},
		// A server MAY include the "server_no_context_takeover" extension parameter in
		// an extension negotiation response even if the extension negotiation offer
		// being accepted by the extension negotiation response didn't include the
		// "server_no_context_takeover" extension parameter.
		{wants(true, false, 0, 0), "", "; sno", wants(true, false, 15, 15)},
		{wants(true, false, 0, 0), "; sno", "; sno", wants(true, false, 15, 15)},

		// §7.1.1.2: A server MAY include the "client_no_context_takeover" extension
		// parameter in an extension negotiation response. If the received extension
		// negotiation offer includes the "client_no_context_takeover" extension
		// parameter, the server may either ignore the parameter or use the parameter to
		// avoid taking over the LZ77 sliding window unnecessarily [...]
		{wants(false, true, 0, 0), "", "; cno", wants(false, true, 15, 15)},
		{Deflate{}, "; cno", "; cno", wants(false, true, 15, 15)},
		{wants(true, true, 0, 0), "; cno", "; sno; cno", wants(true, true, 15, 15)},

		// §7.1.2.1: A server accepts an extension negotiation offer with this parameter
		// by including the "server_max_window_bits" extension parameter in the extension
		// negotiation response to send back to the client with the same or smaller value
		// as the offer.
		{Deflate{}, "; sbits=10", "; sbits=10", wants(false, false, 10, 15)},
		{Deflate{}, "; sbits=15", "; sbits=15", wants(false, false, 15, 15)},
		{wants(false, false, 9, 0), "; sbits=10", "; sbits=9", wants(false, false, 9, 15)},
		{wants(false, false, 11, 0), "; sbits=10", "; sbits=10", wants(false, false, 10, 15)},
		// A server MAY include the "server_max_window_bits" extension parameter in an
		// extension negotiation response even if the extension negotiation offer being
		// accepted by the response didn't include the "server_max_window_bits" extension
		// parameter.
		{wants(false, false, 9, 0), "", "; sbits=9", wants(false, false, 9, 15)},

		// §7.1.2.2: If a received extension negotiation offer has the
		// "client_max_window_bits" extension parameter, the server MAY include the
		// "client_max_window_bits" extension parameter in the corresponding extension
		// negotiation response to the offer.
		{Deflate{}, "; cbits", "", wants(false, false, 15, 15)},
		{wants(false, false, 0, 9), "; cbits", "; cbits=9", wants(false, false, 15, 9)},
		// [...] with a value equal to or smaller than the received value.
		{Deflate{}, "; cbits=10", "; cbits=10", wants(false, false, 15, 10)},
		{Deflate{}, "; cbits=15", "; cbits=15", wants(false, false, 15, 15)},
		{wants(false, false, 0, 9), "; cbits=10", "; cbits=9", wants(false, false, 15, 9)},
		{wants(false, false, 0, 11), "; cbits=10", "; cbits=10", wants(false, false, 15, 10)},
		// If a received extension negotiation offer doesn't have the
		// "client_max_window_bits" extension parameter, the corresponding extension
		// negotiation response to the offer MUST NOT include the
		// "client_max_window_bits" extension parameter.
		{wants(false, false, 0, 14), "", "; cno", wants(false, true, 15, 15)},
		{wants(false, false, 9, 9), "; sno", "; sno; cno; sbits=9", wants(true, true, 9, 15)},

		{wants(true, true, 99, -1), "; cbits=15 ;sbits=8;cno; sno", "; sno; cno; sbits=8; cbits=8", wants(true, true, 8, 8)},
	} {
		a, value := answered(t, row.ready, expand(row.offer))
		if !a.Deflated || a.Deflate != row.terms || value != expand(row.answer) {
			t.Errorf("%s for %s: %s (%+v), want %s", row.offer, row.ready, value, a, row.answer)
		}
	}
}

// expand writes permessage-deflate and its parameters out.
func expand(params string) string {
	return deflateName + strings.NewReplacer("sno", serverNoTakeover, "cno", clientNoTakeover,
		"sbits", serverWindowParam, "cbits", clientWindowParam).Replace(params)
}

// faults are parameters that are wrong both in an offer and in an answer.
var faults = []struct {
	params string
	reason grammarError
}{
	{"; window=10", errDeflateParam},
	{"; Server_no_context_takeover", errDeflateParam},
	{"; cbits=10; x", errDeflateParam},
	{"; sno; sno", errDeflateTwice},
	{"; cno; sno; cno", errDeflateTwice},
	{"; sbits=10; sbits=10", errDeflateTwice},
	{"; sbits=10; sbits=12", errDeflateTwice},
	{"; cbits=10; cbits=10", errDeflateTwice},
	{"; cbits=10; cbits", errDeflateTwice},
	{"; sno=1", errDeflateValue},
	{"; cno=true", errDeflateValue},
	{`; sno="1"`, errDeflateValue},
	{"; sbits", errDeflateNoValue},
	{"; sbits=7", errDeflateBits},
	{"; sbits=16", errDeflateBits},
	{"; cbits=20", errDeflateBits},
	{"; cbits=0", errDeflateBits},
	{"; sbits=08", errDeflateBits},
	{"; cbits=010", errDeflateBits},
	{"; sbits=1", errDeflateBits},
	{"; sbits=1-", errDeflateBits},
	{"; sbits=+9", errDeflateBits},
	{"; sbits=-9", errDeflateBits},
	{"; sbits=0xa", errDeflateBits},
	{"; sbits=100", errDeflateBits},
	{"; sbits=large", errDeflateBits},
	{"; sbits=12.0", errDeflateBits},
	{`; sbits="12"`, errDeflateBits},
	{`; cbits="1\0"`, errDeflateBits},
}

// https://www.rfc-editor.org/rfc/rfc7692#section-7
//
//	A server MUST decline an extension negotiation offer for this extension if any
//	of the following conditions are met: The negotiation offer contains an
//	extension parameter not defined for use in an offer. The negotiation offer
//	contains an extension parameter with an invalid value. The negotiation offer
//	contains multiple extension parameters with the same name. [...]
//
// https://www.rfc-editor.org/rfc/rfc7692#section-5
//
//	The order of elements is important as it specifies the client's preference. An
//	element preceding another element has higher preference. It is recommended that
//	a server accepts PMCEs with higher preference if the server supports them.
func TestDeflateDeclines(t *testing.T) {
	for _, row := range faults {
		bad := expand(row.params)
		if a, value := answered(t, Deflate{}, bad); a.Deflated {
			t.Errorf("%s is answered by %s", bad, value)
		}
		a, value := answered(t, Deflate{}, bad+", x; y", expand("; sbits=10")+", "+expand("; sno"))
		if !a.Deflated || value != expand("; sbits=10") {
			t.Errorf("after %s, a second offer is answered by %s", bad, value)
		}
	}
	for offers, want := range map[string]string{
		expand("; sno") + ", " + expand("; sbits=10"): expand("; sno"),
		expand("") + ", " + expand("; sno"):           expand(""),
		"x-webkit-deflate-frame":                      "",
		"Permessage-Deflate, permessage-deflates":     "",
	} {
		if _, value := answered(t, Deflate{}, offers); value != want {
			t.Errorf("%s is answered by %q, want %q", offers, value, want)
		}
	}
}

func TestDeflateOffers(t *testing.T) {
	if got := (&Offer{}).ExtensionsValue(); got != "" {
		t.Errorf("an offer of nothing: %s", got)
	}
	for _, row := range []struct {
		want          Deflate
		first, second string // second empty when there is none
	}{
		{Deflate{}, "; cbits", ""},
		{wants(true, false, 15, 15), "; sno; cbits", ""},
		{wants(true, true, 16, 12), "; sno; cno; cbits=12", ""},
		{wants(false, false, 10, 0), "; sbits=10; cbits", "; sno; cbits"},
		{wants(false, true, 1, 8), "; cno; sbits=8; cbits=8", "; sno; cno; cbits=8"},
		{wants(true, false, 14, 0), "; sno; sbits=14; cbits", "; sno; cbits"},
	} {
		want := expand(row.first)
		if row.second != "" {
			want += ", " + expand(row.second)
		}
		if got := (&Offer{Deflate: &row.want}).ExtensionsValue(); got != want {
			t.Errorf("%s: %s, want %s", row.want, got, want)
		}
	}
}

// checked has the client judge an answer with the given Sec-WebSocket-Extensions.
func checked(want Deflate, value string) (Agreement, *BadResponse) {
	h := sampleResponse()
	h.Set("Sec-WebSocket-Extensions", value)
	return (&Offer{Key: sampleOffer().Key, Deflate: &want}).Check(http.StatusSwitchingProtocols, h)
}

// https://www.rfc-editor.org/rfc/rfc7692#section-7.1, what a client makes of the
// answer to its offer.
func TestDeflateChecks(t *testing.T) {
	for _, row := range []struct {
		want    Deflate
		answer  string
		terms   Deflate
		section string // of the error; empty when there is none
	}{
		{Deflate{}, "", wants(false, false, 15, 15), ""},

		// §7.1.1.1: A server accepts an extension negotiation offer that includes the
		// "server_no_context_takeover" extension parameter by including the
		// "server_no_context_takeover" extension parameter in the corresponding
		// extension negotiation response to send back to the client.
		{wants(true, false, 0, 0), "; sno", wants(true, false, 15, 15), ""},
		{wants(true, false, 0, 0), "", Deflate{}, "RFC 7692 §7.1.1.1"},
		{wants(true, false, 10, 0), "; sbits=10", Deflate{}, "RFC 7692 §7.1.1.1"},
		{wants(true, false, 10, 0), "; sno; sbits=9", wants(true, false, 9, 15), ""},
		// A server MAY include [it] even if the extension negotiation offer [...]
		// didn't include [it].
		{Deflate{}, "; sno", wants(true, false, 15, 15), ""},

		// §7.1.1.2: By including the "client_no_context_takeover" extension parameter in
		// an extension negotiation response, a server prevents the peer client from
		// using context takeover.
		{Deflate{}, "; cno", wants(false, true, 15, 15), ""},
		{wants(false, true, 0, 0), "; cno", wants(false, true, 15, 15), ""},
		// [...] a client informs the peer server of a hint that even if the server
		// doesn't include the "client_no_context_takeover" extension parameter in the
		// corresponding extension negotiation response to the offer, the client is not
		// going to use context takeover.
		{wants(false, true, 0, 0), "", wants(false, true, 15, 15), ""},

		// §7.1.2.1: [...] with the same or smaller value as the offer.
		{wants(false, false, 10, 0), "; sbits=10", wants(false, false, 10, 15), ""},
		{wants(false, false, 10, 0), "; sbits=8", wants(false, false, 8, 15), ""},
		{wants(false, false, 10, 0), "; sbits=11", Deflate{}, "RFC 7692 §7.1.2.1"},
		{wants(false, false, 10, 0), "", Deflate{}, "RFC 7692 §7.1.2.1"},
		{wants(false, false, 10, 0), "; cno; cbits=8", Deflate{}, "RFC 7692 §7.1.2.1"},
		// The second offer, to which a server MAY add a window of its own.
		{wants(false, false, 10, 0), "; sno", wants(true, false, 15, 15), ""},
		{wants(false, false, 10, 0), "; sno; sbits=12", wants(true, false, 12, 15), ""},
		// A server MAY include the "server_max_window_bits" extension parameter in an
		// extension negotiation response even if the extension negotiation offer [...]
		// didn't include [it].
		{Deflate{}, "; sbits=8", wants(false, false, 8, 15), ""},
		{Deflate{}, "; sbits=15", wants(false, false, 15, 15), ""},

		// §7.1.2.2: [...] with a value equal to or smaller than the received value.
		{Deflate{}, "; cbits=15", wants(false, false, 15, 15), ""},
		{Deflate{}, "; cbits=8", wants(false, false, 15, 8), ""},
		{wants(false, false, 0, 10), "; cbits=10", wants(false, false, 15, 10), ""},
		{wants(false, false, 0, 10), "; cbits=9", wants(false, false, 15, 9), ""},
		{wants(false, false, 0, 10), "; cbits=11", Deflate{}, "RFC 7692 §7.1.2.2"},
		{wants(false, false, 0, 10), "; cbits=15", Deflate{}, "RFC 7692 §7.1.2.2"},
		// [...] or if the server doesn't include the extension parameter at all, the
		// client is not going to use an LZ77 sliding window size greater than the size
		// specified by the value in the extension negotiation offer to compress messages.
		{wants(false, false, 0, 10), "", wants(false, false, 15, 10), ""},

		// In an answer client_max_window_bits has a value.
		{Deflate{}, "; cbits", Deflate{}, "RFC 7692 §7"},
		{Deflate{}, ", x", Deflate{}, "§4.1"},
		{Deflate{}, ", permessage-deflate", Deflate{}, "§4.1"},
		{Deflate{}, ", Permessage-Deflate", Deflate{}, "§4.1"},
		{Deflate{}, "; cbits=", Deflate{}, "§9.1"},
	} {
		a, bad := checked(row.want, expand(row.answer))
		section := ""
		if bad != nil {
			section = bad.Section
			if bad.Status != 101 || !isPrintable(bad.Reason) || a != (Agreement{}) {
				t.Errorf("%s to %s: %+v beside %+v", row.answer, row.want, a, bad)
			}
		}
		if section != row.section || a.Deflated != (bad == nil) || a.Deflate != row.terms {
			t.Errorf("%q to %s: %+v, %v; want %s %s", row.answer, row.want, a, bad, row.terms, row.section)
		}
	}
}

// https://www.rfc-editor.org/rfc/rfc7692#section-7
//
//	A client MUST _Fail the WebSocket Connection_ if the peer server accepted an
//	extension negotiation offer for this extension with an extension negotiation
//	response meeting any of the following conditions: The negotiation response
//	contains an extension parameter not defined for use in a response. The
//	negotiation response contains an extension parameter with an invalid value. The
//	negotiation response contains multiple extension parameters with the same name.
//	[...]
func TestDeflateAnswerFaults(t *testing.T) {
	for _, row := range faults {
		a, bad := checked(Deflate{}, expand(row.params))
		if bad == nil || bad.Section != "RFC 7692 §7" || !strings.HasSuffix(bad.Reason, string(row.reason)) || a != (Agreement{}) {
			t.Errorf("%s: %+v, %v; want %s", row.params, a, bad, row.reason)
		}
	}
	_, bad := checked(Deflate{}, expand(`; sbits="12"`))
	if want := `permessage-deflate: parameter "server_max_window_bits=\"12\"" is not a number from 8 to 15 (RFC 7692 §7)`; bad.Error() != want {
		t.Errorf("%v\nwant %s", bad, want)
	}
}
