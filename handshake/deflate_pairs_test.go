package handshake

import (
	"strconv"
	"strings"
	"testing"
)

// allWants is all that one end can want.
func allWants(yield func(Deflate)) {
	for n := range 4 {
		for server := minWindowBits; server <= maxWindowBits; server++ {
			for client := minWindowBits; client <= maxWindowBits; client++ {
				yield(wants(n&1 != 0, n&2 != 0, server, client))
			}
		}
	}
}

// asked is what an offer or an answer says, read without the code under test: by
// parameter, "" for one without a value.
type asked map[string]string

func read(t *testing.T, line string) (list []asked) {
	t.Helper()
	for _, e := range mustParse(t, line) {
		if e.Name != "permessage-deflate" {
			continue
		}
		a := asked{}
		for _, p := range e.Params {
			if _, twice := a[p.Name]; twice || p.Quoted || p.HasValue != (p.Value != "") {
				t.Fatalf("%q: parameter %s", line, p.Name)
			}
			a[p.Name] = p.Value
		}
		list = append(list, a)
	}
	return list
}

func (a asked) has(param string) bool { _, has := a[param]; return has }

func (a asked) bits(param string) int {
	if a[param] == "" {
		return 15
	}
	n, err := strconv.Atoi(a[param])
	if err != nil || n < 8 || n > 15 {
		return -1
	}
	return n
}

// wantFit shows that an answer is one that RFC 7692 §7.1 allows for the offer, and
// that it says what the server takes the terms to be.
func wantFit(t *testing.T, offer, answer asked, terms Deflate) {
	t.Helper()
	const (
		serverNo, clientNo     = "server_no_context_takeover", "client_no_context_takeover"
		serverBits, clientBits = "server_max_window_bits", "client_max_window_bits"
	)
	switch {
	case offer.has(serverNo) && !answer.has(serverNo),
		offer.has(serverBits) && !answer.has(serverBits),
		answer.bits(serverBits) > offer.bits(serverBits),
		!offer.has(clientBits) && answer.has(clientBits),
		answer.has(clientBits) && answer[clientBits] == "",
		answer.bits(clientBits) > offer.bits(clientBits),
		answer.bits(serverBits) < 0, answer.bits(clientBits) < 0:
		t.Errorf("%v is no answer to %v", answer, offer)
	}
	said := wants(answer.has(serverNo), answer.has(clientNo), answer.bits(serverBits), answer.bits(clientBits))
	if terms != said {
		t.Errorf("%v to %v: the server takes it to be %+v", answer, offer, terms)
	}
	// What the client offers to do without, we let go of.
	if offer.has(clientNo) && !terms.Client.NoContextTakeover {
		t.Errorf("%v to %v ignores %s", answer, offer, clientNo)
	}
}

// Whatever a client may offer and whatever the server is ready for, there is an
// answer, and it is right.
func TestDeflateEveryOffer(t *testing.T) {
	windows := func(name string, values ...string) []string {
		for bits := 8; bits <= 15; bits++ {
			values = append(values, "; "+name+"="+strconv.Itoa(bits))
		}
		return values
	}
	answers := map[string]asked{}
	var answer []byte
	for n := range 4 {
		flags := ""
		if n&1 != 0 {
			flags += "; sno"
		}
		if n&2 != 0 {
			flags += "; cno"
		}
		for _, server := range windows("sbits", "") {
			for _, client := range windows("cbits", "", "; cbits") {
				line := expand(flags + client + server)
				extensions := mustParse(t, line)
				offer := read(t, line)[0]
				allWants(func(ready Deflate) {
					got, ok := ready.accept(extensions)
					if !ok {
						t.Fatalf("%s is declined by %s", line, ready)
					}
					answer = got.append(answer[:0])
					said := answers[string(answer)]
					if said == nil {
						said = read(t, string(answer))[0]
						answers[string(answer)] = said
					}
					wantFit(t, offer, said, got.Deflate)
					if got.Server.MaxWindowBits > ready.Server.MaxWindowBits || ready.Server.NoContextTakeover && !got.Server.NoContextTakeover ||
						ready.Client.NoContextTakeover && !got.Client.NoContextTakeover ||
						got.Client.MaxWindowBits > ready.Client.MaxWindowBits && (offer.has("client_max_window_bits") || !got.Client.NoContextTakeover) {
						t.Errorf("%s to %s is more than %s", got.Deflate, line, ready)
					}
				})
			}
		}
	}
}

// Our client and our server agree, and on the same.
func TestDeflateBothSidesAgree(t *testing.T) {
	allWants(func(want Deflate) {
		offers := mustParse(t, (&Offer{Deflate: &want}).ExtensionsValue())
		allWants(func(ready Deflate) {
			answer, ok := ready.accept(offers)
			if !ok {
				t.Fatalf("%s is declined by %s", want, ready)
			}
			agreed, bad := want.check(&mustParse(t, string(answer.append(nil)))[0])
			if bad != nil || agreed != answer.Deflate {
				t.Errorf("%s to %s: server %+v, client %+v, %v", ready, want, answer.Deflate, agreed, bad)
			}
			for _, wish := range []Deflate{want, ready} {
				if agreed.Server.MaxWindowBits > wish.Server.MaxWindowBits || agreed.Client.MaxWindowBits > wish.Client.MaxWindowBits ||
					wish.Server.NoContextTakeover && !agreed.Server.NoContextTakeover || wish.Client.NoContextTakeover && !agreed.Client.NoContextTakeover {
					t.Errorf("%s of %s and %s is more than one of them", agreed, want, ready)
				}
			}
		})
	})
}

// FuzzDeflateNegotiation: a header line as an offer, and as an answer. What we
// accept has bits from 8 to 15, and what we answer is an answer to the offer.
func FuzzDeflateNegotiation(f *testing.F) {
	for _, row := range faults {
		f.Add(expand(row.params), uint16(0x5a3c))
	}
	for i, line := range []string{
		"permessage-deflate",
		"permessage-deflate; client_max_window_bits",
		"permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits",
		"x; y=1,permessage-deflate;server_no_context_takeover ; client_no_context_takeover",
		"permessage-deflate; server_max_window_bits=15; client_max_window_bits=15",
	} {
		f.Add(line, uint16(i*0x1234))
	}
	f.Fuzz(func(t *testing.T, line string, n uint16) {
		ours := wants(n&1 != 0, n&2 != 0, int(n>>2&15), int(n>>6&15)+1)
		r := sampleRequest()
		r.Extensions = []string{line}
		a, refusal := (&Policy{AnyOrigin: true, Deflate: &ours}).Accept(r)
		extensions, err := ParseExtensions(r.Extensions)
		if (refusal != nil) != (err != nil) {
			t.Fatalf("%q: %v, %v", line, refusal, err)
		}
		if a.Deflated {
			wantBits(t, a.Deflate)
			answer, _ := ours.accept(extensions)
			value := string(answer.append(nil))
			parsed, _, err := parseDeflate(&mustParse(t, value)[0], true)
			if err != nil || parsed.Deflate != a.Deflate {
				t.Errorf("%q: %+v is answered by %s, which is %+v, %v", line, a, value, parsed, err)
			}
			for i := range extensions {
				if _, _, err := parseDeflate(&extensions[i], false); extensions[i].Name == deflateName && err == nil {
					offer := read(t, string(AppendExtensions(nil, extensions[i:i+1])))
					wantFit(t, offer[0], read(t, value)[0], a.Deflate)
					break
				}
			}
		}
		agreement, bad := checked(ours, line)
		if agreement.Deflated {
			wantBits(t, agreement.Deflate)
			if ours.Client.NoContextTakeover && !agreement.Deflate.Client.NoContextTakeover ||
				agreement.Deflate.Client.MaxWindowBits > ours.Client.WindowBits() {
				t.Errorf("%q binds us to %s, we offered %s", line, agreement.Deflate, ours)
			}
		}
		nothing := bad == nil && strings.Trim(line, " \t,") == "" // an empty list
		if agreement.Deflated != (bad == nil && !nothing) {
			t.Errorf("%q: %+v, %v", line, agreement, bad)
		}
	})
}

func wantBits(t *testing.T, d Deflate) {
	t.Helper()
	for _, side := range []DeflateSide{d.Server, d.Client} {
		if side.MaxWindowBits < 8 || side.MaxWindowBits > 15 {
			t.Errorf("%d bits", side.MaxWindowBits)
		}
	}
}

func mustParse(t *testing.T, line string) []Extension {
	t.Helper()
	extensions, err := ParseExtensions([]string{line})
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return extensions
}
