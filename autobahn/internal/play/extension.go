package play

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Wish is what the suite asks for the direction from the peer to itself.
type Wish struct {
	NoTakeover bool
	Bits       int // of the window; 0 means no request
}

// A Negotiation is what the suite wants to agree on, as a list: the first element that the peer
// agrees to counts.
type Negotiation struct {
	Wishes []Wish
	Raw    string // offered to a server instead of wishes, right or wrong
	// Strict fails a case if a server's answer does not fit the offer. The original does not
	// check, so in its chapters this is only a remark.
	Strict bool
}

const DeflateName = "permessage-deflate"

// Offer returns the value of Sec-WebSocket-Extensions for a client's request (RFC 7692 section
// 7.1). It leaves the other direction to the server.
func (n *Negotiation) Offer() string {
	if n.Raw != "" {
		return n.Raw
	}
	var list []string
	for _, w := range n.Wishes {
		s := DeflateName + "; client_no_context_takeover; client_max_window_bits"
		if w.NoTakeover {
			s += "; server_no_context_takeover"
		}
		if w.Bits > 0 {
			s += "; server_max_window_bits=" + strconv.Itoa(w.Bits)
		}
		list = append(list, s)
	}
	return strings.Join(list, ", ")
}

// String describes the wishes for the description of a case.
func (n *Negotiation) String() string {
	var list []string
	for _, w := range n.Wishes {
		s := "what the peer likes"
		switch {
		case w.NoTakeover && w.Bits > 0:
			s = fmt.Sprintf("no context takeover and a window of %d bits", w.Bits)
		case w.NoTakeover:
			s = "no context takeover"
		case w.Bits > 0:
			s = fmt.Sprintf("a window of %d bits", w.Bits)
		}
		list = append(list, s)
	}
	return "Asked of the peer: " + strings.Join(list, ", else ") + "."
}

// accept chooses among a client's offers. agreed is nil if none is acceptable.
func (n *Negotiation) accept(offers []extension) (agreed *terms, err error) {
	for _, w := range n.Wishes {
		for _, offer := range offers {
			if offer.name != DeflateName {
				continue
			}
			asked, err := parseOffer(offer)
			if err != nil {
				return nil, err
			}
			if w.Bits > 0 && asked.clientBits == 0 {
				// RFC 7692 section 7.1.2.2: not without the client's consent.
				continue
			}
			t := asked.terms
			t.clientNoTakeover = w.NoTakeover
			t.clientBits = 0
			if w.Bits > 0 {
				t.clientBits = min(w.Bits, asked.clientBits)
			}
			return &t, nil
		}
	}
	return nil, nil
}

// terms is what both sides agreed on.
type terms struct {
	serverNoTakeover, clientNoTakeover bool
	serverBits, clientBits             int // 0 if not mentioned, which means 15
}

// String returns the value of Sec-WebSocket-Extensions with which a server agrees.
func (t *terms) String() string {
	s := DeflateName
	if t.serverNoTakeover {
		s += "; server_no_context_takeover"
	}
	if t.serverBits > 0 {
		s += "; server_max_window_bits=" + strconv.Itoa(t.serverBits)
	}
	if t.clientNoTakeover {
		s += "; client_no_context_takeover"
	}
	if t.clientBits > 0 {
		s += "; client_max_window_bits=" + strconv.Itoa(t.clientBits)
	}
	return s
}

// Window returns the bits of an agreed window; 0 means it was not mentioned.
func Window(bits int) int {
	if bits == 0 {
		return 15
	}
	return bits
}

// fits checks a server's answer against the client's offers. It must match one of them, with
// every parameter that the offer requires (RFC 7692 section 7.1).
func (t *terms) fits(offers string) error {
	list, err := parseExtensions([]string{offers})
	if err != nil {
		return fmt.Errorf("the server agreed to an offer that is not valid: %w", err)
	}
	var unlike, invalid error // the first of each; an error about a valid offer is more useful
	for _, e := range list {
		if e.name != DeflateName {
			continue
		}
		offer, err := parseOffer(e)
		if err != nil {
			invalid = cmp.Or(invalid, err)
			continue
		}
		if err = t.fitsOne(offer); err == nil {
			return nil
		}
		unlike = cmp.Or(unlike, err)
	}
	return cmp.Or(unlike, invalid, errors.New("the server agreed to "+DeflateName+" and it was not offered"))
}

func (t *terms) fitsOne(offer asked) error {
	switch {
	case offer.serverNoTakeover && !t.serverNoTakeover:
		return errors.New("the offer asks for server_no_context_takeover and the answer lacks it (RFC 7692 section 7.1.1.1)")
	case offer.serverBits > 0 && t.serverBits == 0:
		return fmt.Errorf("the offer asks for server_max_window_bits=%d and the answer lacks it (RFC 7692 section 7.1.2.1)", offer.serverBits)
	case offer.serverBits > 0 && t.serverBits > offer.serverBits:
		return fmt.Errorf("the offer asks for server_max_window_bits=%d and the answer has %d (RFC 7692 section 7.1.2.1)", offer.serverBits, t.serverBits)
	case t.clientBits > 0 && offer.clientBits == 0:
		return errors.New("the answer has client_max_window_bits and the offer did not (RFC 7692 section 7.1.2.2)")
	case t.clientBits > offer.clientBits:
		return fmt.Errorf("the offer has client_max_window_bits=%d and the answer %d (RFC 7692 section 7.1.2.2)", offer.clientBits, t.clientBits)
	}
	return nil
}

// asked is a client's offer.
type asked struct{ terms }

// parseOffer reads an offer of permessage-deflate.
func parseOffer(e extension) (asked, error) {
	t, err := parseTerms(e, true)
	return asked{t}, err
}

// parseTerms parses the parameters of permessage-deflate (RFC 7692 section 7.1). In an offer,
// client_max_window_bits may have no value, which means 15.
func parseTerms(e extension, offer bool) (t terms, err error) {
	seen := map[string]bool{}
	for _, p := range e.params {
		if seen[p.name] {
			return t, fmt.Errorf("parameter %s of %s twice", p.name, e.name)
		}
		seen[p.name] = true
		switch p.name {
		case "server_no_context_takeover":
			t.serverNoTakeover = true
		case "client_no_context_takeover":
			t.clientNoTakeover = true
		case "server_max_window_bits":
			t.serverBits, err = parseBits(p)
		case "client_max_window_bits":
			if offer && !p.valued {
				t.clientBits = 15
				continue
			}
			t.clientBits, err = parseBits(p)
		default:
			return t, fmt.Errorf("%s has no parameter %s", e.name, p.name)
		}
		if strings.HasSuffix(p.name, "takeover") && p.valued {
			return t, fmt.Errorf("parameter %s of %s has a value", p.name, e.name)
		}
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

// parseBits parses a number from 8 to 15 without leading zeros.
func parseBits(p param) (int, error) {
	n, err := strconv.Atoi(p.value)
	if err != nil || n < 8 || n > 15 || p.value[0] == '0' || p.value[0] == '+' {
		return 0, fmt.Errorf("%s=%q is not a number from 8 to 15", p.name, p.value)
	}
	return n, nil
}
