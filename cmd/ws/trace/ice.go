package trace

import (
	"bytes"
	"slices"
)

// iceFinder finds the username fragments of the SDPs in a message, whatever the SDP is
// wrapped in: JSON, protobuf, SIP. It takes the message in pieces.
type iceFinder struct {
	carry []byte // the end of what has been seen, in which one may begin
	found []string
}

// iceAttribute is how the attribute is written (RFC 8839 §5.4).
var iceAttribute = []byte("a=ice-ufrag:")

const (
	maxFragment    = 256 // characters of one, as the RFC has it
	maxPerMessage  = 16
	minFragment    = 4
	longestICELine = 12 + maxFragment + 1
)

func (f *iceFinder) reset() { f.carry, f.found = f.carry[:0], nil }

func (f *iceFinder) weight() int { return cap(f.carry) + maxFragment*len(f.found) }

// feed takes the next piece of the message.
func (f *iceFinder) feed(p []byte) {
	if len(f.carry) > 0 {
		// What begins in the carry ends within the longest line from here.
		n := min(len(p), longestICELine)
		joined := append(f.carry, p[:n]...)
		if n == len(p) { // all of it
			f.carry = joined[:copy(joined, joined[f.scan(joined, false):])]
			return
		}
		f.scan(joined, false)
		f.carry = f.carry[:0]
	}
	rest := p[f.scan(p, false):]
	f.carry = append(f.carry, rest...)
}

// end returns what was found in the message.
func (f *iceFinder) end() []string {
	f.scan(f.carry, true)
	f.carry = f.carry[:0]
	return f.found
}

// scan finds the attributes in p. It returns where one begins that goes on behind p,
// or may do so.
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
