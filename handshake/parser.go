package handshake

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// RequestParser is [ParseRequest] with a memory of the bytes already seen. The time for a whole
// head is linear in its length, however small the pieces are. The zero value is ready to use.
type RequestParser struct {
	Limits Limits // zero fields mean the defaults

	// RulesOnly leaves [Request.Header] empty, for callers that only need [Policy.Accept].
	RulesOnly bool

	seen  int // bytes already examined
	line  int // start of the current line
	lines int // number of complete lines
}

// Reset prepares p for another head. The options stay.
func (p *RequestParser) Reset() { *p = RequestParser{Limits: p.Limits, RulesOnly: p.RulesOnly} }

// Parse is like ParseRequest. head begins with the bytes of the previous call, and may have
// moved. It refuses at once what no further byte can mend.
func (p *RequestParser) Parse(head []byte, r *Request) (n int, refusal *Refusal) {
	if p.seen == 0 {
		if n = p.whole(head, r); n > 0 {
			return n, nil
		}
	}
	n, refusal = p.scan(head)
	if n == 0 || refusal != nil {
		return 0, refusal
	}
	r.begin(p.RulesOnly)
	if refusal = r.parse(alias(head[:n])); refusal != nil {
		return 0, refusal
	}
	return n, nil
}

// bounds returns the limits, with the defaults.
func (p *RequestParser) bounds() (bytes, fields int) {
	bytes, fields = p.Limits.HeaderBytes, p.Limits.Fields
	if bytes <= 0 {
		bytes = DefaultHeaderBytes
	}
	if fields <= 0 {
		fields = DefaultFields
	}
	return bytes, fields
}

// whole does the work of scan and Request.parse in one pass, for a head that is complete and
// valid, as nearly all are. For any other it returns 0, and those two find out what is wrong.
func (p *RequestParser) whole(head []byte, r *Request) (n int) {
	maxBytes, maxFields := p.bounds()
	if !bytes.HasSuffix(head, emptyLine) { // incomplete, or followed by more bytes
		i := bytes.Index(head, emptyLine)
		if i < 0 {
			return 0
		}
		head = head[:i+len(emptyLine)]
	}
	if len(head) > maxBytes {
		return 0
	}
	end := control(head, 0)
	if !atLineEnd(head, end) {
		return 0
	}
	r.begin(p.RulesOnly)
	authority, refusal := r.parseRequestLine(alias(head[:end]))
	if refusal != nil {
		return 0
	}
	hosts := 0
	for fields := 0; ; fields++ {
		begin := end + len("\r\n")
		colon := begin
		for tokenByte[head[colon]] { // in the last line, the CR ends the loop
			colon++
		}
		if colon == begin && atLineEnd(head, begin) {
			n = begin + len("\r\n")
			break
		}
		if colon == begin || head[colon] != ':' || fields == maxFields {
			return 0
		}
		for end = control(head, colon+1); head[end] == '\t'; {
			end = control(head, end+1)
		}
		if !atLineEnd(head, end) {
			return 0
		}
		hosts += r.add(Field{alias(head[begin:colon]), trimSpace(alias(head[colon+1 : end]))})
	}
	if r.checkHead(authority, hosts) != nil {
		return 0
	}
	return n
}

var emptyLine = []byte("\r\n\r\n")

// begin resets r for another head.
func (r *Request) begin(rulesOnly bool) {
	tls := r.TLS
	r.Reset()
	r.TLS, r.rulesOnly = tls, rulesOnly
}

// atLineEnd reports whether CR LF is at index i of b, which ends in CR LF.
func atLineEnd(b []byte, i int) bool {
	return b[i] == '\r' && b[i+1] == '\n'
}

// scan looks for the empty line that ends the head. It checks that lines end in CR LF, contain
// no other control character, and are not too many.
func (p *RequestParser) scan(head []byte) (n int, refusal *Refusal) {
	maxBytes, maxFields := p.bounds()
	for limited := head[:min(len(head), maxBytes)]; ; p.seen++ {
		afterCR := p.seen > 0 && head[p.seen-1] == '\r'
		if !afterCR {
			p.seen = control(limited, p.seen)
		}
		if p.seen == len(limited) {
			break
		}
		c := head[p.seen]
		if afterCR != (c == '\n') || isControl(c) && c != '\r' && c != '\n' {
			return 0, badRequest("RFC 9112 §2.2", "control character in the head of the request: %s", quote(string(head[p.line:p.seen+1])))
		}
		if c != '\n' {
			continue
		}
		if p.seen == p.line+1 {
			return p.seen + 1, nil
		}
		if p.lines > maxFields { // one of the lines is the request line
			return 0, refuse(statusFieldsTooLarge, "RFC 6585 §5", "the request has more than %d header lines", maxFields)
		}
		p.line = p.seen + 1
		p.lines++
	}
	if len(head) > maxBytes {
		return 0, refuse(statusFieldsTooLarge, "RFC 6585 §5", "the head of the request is larger than %d bytes", maxBytes)
	}
	return 0, nil
}

// control returns the index of the first control character in b from index i on, or len(b). It
// examines eight bytes at a time.
func control(b []byte, i int) int {
	const (
		ones = 0x0101010101010101
		tops = 0x80 * ones
	)
	for rest := b[i:]; len(rest) >= 8; i, rest = i+8, rest[8:] {
		x := binary.LittleEndian.Uint64(rest)
		// A byte below 0x20 or equal to 0x7f sets its top bit. A borrow can set the bit wrongly
		// for a later byte, but not for an earlier one.
		low, del := x-0x20*ones, x^0x7f*ones
		if found := (low&^x | (del-ones)&^del) & tops; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] != 0x7f {
		i++
	}
	return i
}
