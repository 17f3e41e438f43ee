package handshake

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// RequestParser is [ParseRequest] with a memory of the bytes that it has seen,
// so that the work for a whole head is in proportion to its length however
// small the pieces are. The zero value is ready.
type RequestParser struct {
	Limits Limits // zero fields mean the defaults

	// RulesOnly leaves [Request.Header] empty: for those who ask nothing but what
	// [Policy.Accept] looks at.
	RulesOnly bool

	seen  int // bytes that were looked at
	line  int // where the line that is being looked at begins
	lines int // lines that have ended
}

// Reset makes p ready for another head; the options stay.
func (p *RequestParser) Reset() { *p = RequestParser{Limits: p.Limits, RulesOnly: p.RulesOnly} }

// Parse is ParseRequest; head begins with the bytes of the call before, and may
// have moved. What no further byte can put right is refused at once.
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

// whole does the work of scan and Request.parse in one pass, for a head that is all
// there and as it should be, which is nearly every one. It returns 0 for any other:
// it is for those two to say what is wrong.
func (p *RequestParser) whole(head []byte, r *Request) (n int) {
	maxBytes, maxFields := p.bounds()
	if !bytes.HasSuffix(head, emptyLine) { // it is not there, or more came with it
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
		for tokenByte[head[colon]] { // of the last line the CR ends it
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

// begin makes room for another head.
func (r *Request) begin(rulesOnly bool) {
	tls := r.TLS
	r.Reset()
	r.TLS, r.rulesOnly = tls, rulesOnly
}

// atLineEnd reports whether CR LF is at index i of b, which ends in CR LF.
func atLineEnd(b []byte, i int) bool {
	return b[i] == '\r' && b[i+1] == '\n'
}

// scan looks for the empty line that ends the head, and sees to it that lines
// end in CR LF, hold no other control character, and are not too many.
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
		if p.lines > maxFields { // one of them is the request line
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

// control returns where the first control character of b is, from index i on, or
// len(b). It looks at eight bytes at a time.
func control(b []byte, i int) int {
	const (
		ones = 0x0101010101010101
		tops = 0x80 * ones
	)
	for rest := b[i:]; len(rest) >= 8; i, rest = i+8, rest[8:] {
		x := binary.LittleEndian.Uint64(rest)
		// A byte below 0x20 or equal to 0x7f sets its top bit; a borrow can make
		// that of a byte after it wrong, not of one before it.
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
