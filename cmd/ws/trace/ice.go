package trace

import (
	"bytes"
	"slices"
)

// iceFinder finds the username fragments of SDPs in a message, even when JSON, protobuf or SIP
// is wrapped around the SDP. It takes the message in pieces.
type iceFinder struct {
	carry []byte // the end of the previous pieces, where an attribute may begin
	found []string
}

// iceAttribute is the attribute as it is written (RFC 8839 §5.4).
var iceAttribute = []byte("a=ice-ufrag:")

const (
	maxFragment    = 256 // characters in one fragment, by the RFC
	maxPerMessage  = 16
	minFragment    = 4
	longestICELine = 12 + maxFragment + 1
)

func (f *iceFinder) reset() { f.carry, f.found = f.carry[:0], nil }

func (f *iceFinder) weight() int { return cap(f.carry) + maxFragment*len(f.found) }

// feed processes the next piece of the message.
func (f *iceFinder) feed(p []byte) {
	if len(f.carry) > 0 {
		// An attribute that begins in the carry ends within longestICELine bytes.
		n := min(len(p), longestICELine)
		joined := append(f.carry, p[:n]...)
		if n == len(p) { // p is used up
			f.carry = joined[:copy(joined, joined[f.scan(joined, false):])]
			return
		}
		f.scan(joined, false)
		f.carry = f.carry[:0]
	}
	rest := p[f.scan(p, false):]
	f.carry = append(f.carry, rest...)
}

// end returns the fragments found in the message.
func (f *iceFinder) end() []string {
	f.scan(f.carry, true)
	f.carry = f.carry[:0]
	return f.found
}

// scan finds the attributes in p. open is the start of one that may continue beyond p.
func (f *iceFinder) scan(p []byte, last bool) (open int) {
	for at := 0; ; {
		i := bytes.Index(p[at:], iceAttribute)
		if i < 0 {
			return max(at, len(p)-len(iceAttribute)+1)
		}
		begin := at + i
		value := p[begin+len(iceAttribute):]
		n := 0
		for n < len(value) && n <= maxFragment && isICE(value[n]) {
			n++
		}
		if n == len(value) && !last {
			return begin
		}
		if n >= minFragment && n <= maxFragment && len(f.found) < maxPerMessage && !slices.Contains(f.found, string(value[:n])) {
			f.found = append(f.found, string(value[:n]))
		}
		at = begin + len(iceAttribute)
	}
}

// isICE reports whether c is an ice-char.
func isICE(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/'
}
