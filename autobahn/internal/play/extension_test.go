package play

import (
	"fmt"
	"strings"
	"testing"
)

// https://www.rfc-editor.org/rfc/rfc6455#section-9.1
func TestParseExtensions(t *testing.T) {
	for _, row := range []struct{ header, want string }{
		{"foo", "[foo]"},
		{"permessage-deflate; client_max_window_bits", "[permessage-deflate client_max_window_bits]"},
		{"a;b=1;c", "[a b=1 c]"},
		{`a;b="1"`, "[a b=1]"},
		{"a, b; c", "[a][b c]"},
		{"a|b", "[a][b]"},
		{" a \t;\tb=1 ", "[a b=1]"},
		{"a , , b,", "[a][b]"},
		{"a; b = 1", "[a b=1]"},
		{`a; b="\1\0"; c`, "[a b=10 c]"},
		{"", ""},
		{" , ", ""},
		{"a;", "error"},
		{`a; b="1,2"`, "error"},
		{`a; b="1\"`, "error"},
		{"a; =1", "error"},
		{"a; b=", "error"},
		{`a; b=""`, "error"},
		{`a; b="1 2"`, "error"},
		{`a; b="1`, "error"},
		{"a b", "error"},
		{"a; b c", "error"},
		{"a; é=1", "error"},
		{"a;b=\x7f", "error"},
	} {
		list, err := parseExtensions(strings.Split(row.header, "|"))
		got := "error"
		if err == nil {
			got = ""
		}
		for _, e := range list {
			got += "[" + e.name
			for _, p := range e.params {
				got += " " + p.name
				if p.valued {
					got += "=" + p.value
				}
			}
			got += "]"
		}
		if got != row.want {
			t.Errorf("%q: %s, %v; want %s", row.header, got, err, row.want)
		}
	}
}

// https://www.rfc-editor.org/rfc/rfc7692#section-7.1
func TestParseTerms(t *testing.T) {
	for _, row := range []struct {
		params        string
		offer, answer string // empty if it is not one
	}{
		{"", "----", "----"},
		{"server_no_context_takeover", "s---", "s---"},
		{"client_no_context_takeover", "-c--", "-c--"},
		{"server_max_window_bits=8", "--8-", "--8-"},
		{"server_max_window_bits=15", "--15-", "--15-"},
		{"client_max_window_bits=9", "---9", "---9"},
		{"client_max_window_bits", "---15", ""},
		{`server_max_window_bits="10"`, "--10-", "--10-"},
		{"server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11", "sc1011", "sc1011"},
		{"server_max_window_bits", "", ""},
		{"server_max_window_bits=7", "", ""},
		{"server_max_window_bits=16", "", ""},
		{"server_max_window_bits=08", "", ""},
		{"server_max_window_bits=+9", "", ""},
		{"server_max_window_bits=-9", "", ""},
		{"server_max_window_bits=99999999999999999999", "", ""},
		{"client_max_window_bits=7", "", ""},
		{"client_max_window_bits=016", "", ""},
		{"server_no_context_takeover=1", "", ""},
		{"client_no_context_takeover=true", "", ""},
		{"window=10", "", ""},
		{"Server_no_context_takeover", "", ""},
		{"server_no_context_takeover; server_no_context_takeover", "", ""},
		{"client_max_window_bits; client_max_window_bits=10", "", ""},
	} {
		list, err := parseExtensions([]string{strings.TrimSuffix(DeflateName+"; "+row.params, "; ")})
		if err != nil {
			t.Fatal(err)
		}
		for isOffer, want := range map[bool]string{true: row.offer, false: row.answer} {
			terms, err := parseTerms(list[0], isOffer)
			if got := letters(terms); (err != nil) != (want == "") || err == nil && got != want {
				t.Errorf("%q, offer %t: %s, %v; want %q", row.params, isOffer, got, err, want)
			}
		}
	}
}

// letters is terms in short: s and c for no context takeover, then the windows.
func letters(t terms) string {
	s, c := "-", "-"
	if t.serverNoTakeover {
		s = "s"
	}
	if t.clientNoTakeover {
		c = "c"
	}
	bits := func(n int) string { return strings.Replace(fmt.Sprint(n), "0", "-", map[bool]int{true: 1}[n == 0]) }
	return s + c + bits(t.serverBits) + bits(t.clientBits)
}

// RFC 7692 section 7.1.2.1: "with the same or smaller value as the offer".
func TestTermsFit(t *testing.T) {
	const snct, cnct, smwb, cmwb = "; server_no_context_takeover", "; client_no_context_takeover", "; server_max_window_bits", "; client_max_window_bits"
	for _, row := range []struct {
		offers, answer string
		fits           bool
	}{
		{"", "", true},
		{"", snct + cnct + smwb + "=8", true}, // a server may limit itself, and drop context anyway
		{snct, "", false},
		{snct, snct, true},
		{cnct, "", true}, // a hint, not a wish
		{smwb + "=10", "", false},
		{smwb + "=10", smwb + "=10", true},
		{smwb + "=10", smwb + "=9", true},
		{smwb + "=10", smwb + "=11", false},
		{cmwb, "", true},
		{cmwb, cmwb + "=9", true},
		{cmwb + "=10", cmwb + "=10", true},
		{cmwb + "=10", cmwb + "=9", true},
		{cmwb + "=10", cmwb + "=11", false},
		{"", cmwb + "=10", false},
		{snct + smwb + "=10, " + DeflateName, "", true},
		{smwb + "=10, " + DeflateName + snct, snct, true},
		{smwb + "=10, " + DeflateName + snct, smwb + "=12", false},
		{"; window=10, " + DeflateName, "", true},
		{"; window=10", "", false},
	} {
		list, err := parseExtensions([]string{DeflateName + row.answer})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := parseTerms(list[0], false)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.fits(DeflateName + row.offers); (err == nil) != row.fits {
			t.Errorf("offers %q, answer %q: %v, want fits %t", row.offers, row.answer, err, row.fits)
		}
	}
	// What no offer was made for does not fit.
	if err := new(terms).fits("x-webkit-deflate-frame"); err == nil {
		t.Error("an answer fits an offer of something else")
	}
}

func TestNegotiationAccept(t *testing.T) {
	const cmwb = "; client_max_window_bits"
	three := []Wish{{NoTakeover: true, Bits: 9}, {NoTakeover: true}, {}}
	for _, row := range []struct {
		wishes []Wish
		offers string
		want   string // empty: nothing is agreed on
	}{
		{[]Wish{{}}, "permessage-deflate", "permessage-deflate"},
		{[]Wish{{}}, "x-other", ""},
		{[]Wish{{}}, "x-other, permessage-deflate", "permessage-deflate"},
		{[]Wish{{}}, "permessage-deflate; server_no_context_takeover; server_max_window_bits=10", "permessage-deflate; server_no_context_takeover; server_max_window_bits=10"},
		{[]Wish{{}}, "permessage-deflate; client_no_context_takeover" + cmwb + "=10", "permessage-deflate"},
		{[]Wish{{NoTakeover: true}}, "permessage-deflate", "permessage-deflate; client_no_context_takeover"},
		{[]Wish{{Bits: 9}}, "permessage-deflate", ""},
		{[]Wish{{Bits: 9}}, "permessage-deflate" + cmwb, "permessage-deflate; client_max_window_bits=9"},
		{[]Wish{{Bits: 15}}, "permessage-deflate" + cmwb + "=10", "permessage-deflate; client_max_window_bits=10"},
		{[]Wish{{Bits: 9}}, "permessage-deflate, permessage-deflate" + cmwb, "permessage-deflate; client_max_window_bits=9"},
		{three, "permessage-deflate" + cmwb, "permessage-deflate; client_no_context_takeover; client_max_window_bits=9"},
		{three, "permessage-deflate", "permessage-deflate; client_no_context_takeover"},
	} {
		offers, err := parseExtensions([]string{row.offers})
		if err != nil {
			t.Fatal(err)
		}
		agreed, err := (&Negotiation{Wishes: row.wishes}).accept(offers)
		got := ""
		if agreed != nil {
			got = agreed.String()
		}
		if got != row.want || err != nil {
			t.Errorf("%v of %q: %q, %v; want %q", row.wishes, row.offers, got, err, row.want)
		}
	}
	offers, _ := parseExtensions([]string{"permessage-deflate; window=10"})
	if agreed, err := (&Negotiation{Wishes: []Wish{{}}}).accept(offers); agreed != nil || err == nil {
		t.Errorf("an offer that is not valid: %v, %v", agreed, err)
	}
}

func TestNegotiationText(t *testing.T) {
	n := &Negotiation{Wishes: []Wish{{NoTakeover: true, Bits: 9}, {NoTakeover: true}, {Bits: 10}, {}}}
	const base = "permessage-deflate; client_no_context_takeover; client_max_window_bits"
	if got, want := n.Offer(), base+"; server_no_context_takeover; server_max_window_bits=9, "+base+"; server_no_context_takeover, "+base+"; server_max_window_bits=10, "+base; got != want {
		t.Errorf("offer %q, want %q", got, want)
	}
	if got := n.String(); got != "Asked of the peer: no context takeover and a window of 9 bits, else no context takeover, else a window of 10 bits, else what the peer likes." {
		t.Error(got)
	}
	if got := (&Negotiation{Raw: "as it is"}).Offer(); got != "as it is" {
		t.Error(got)
	}
}
