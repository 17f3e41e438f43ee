// Package naive is the WebSocket framing a second time, slowly and obviously:
// one byte at a time, one rule at a time, nothing shared with package frame.
// Tests hold the fast one against it, and the conformance suite uses it to
// speak wrongly on purpose, so it encodes whatever it is told to.
package naive

import (
	"slices"
	"unicode/utf8"
)

// Frame is one frame with any bits, right or wrong.
type Frame struct {
	FIN, RSV1, RSV2, RSV3 bool
	Opcode                byte // four bits
	Masked                bool
	Key                   [4]byte // as on the wire; used when Masked
	// Length is the declared length. Encode takes zero as len(Payload).
	Length uint64
	// Extended is how many bytes of extended length there are: 0, 2 or 8.
	// Encode takes zero as the fewest that Length needs.
	Extended int
	// Payload is unmasked, whether or not the frame is masked.
	Payload []byte
	// Raw makes Encode write Payload as it is, also when Masked: wrongly masked.
	Raw bool
}

// DecodeHeader reads all but Payload. n is the size of the header, 0 when it
// is not complete.
func DecodeHeader(p []byte) (f Frame, n int) {
	next := func() byte {
		if n < 0 || n == len(p) {
			n = -1
			return 0
		}
		n++
		return p[n-1]
	}
	b0, b1 := next(), next()
	f.FIN = b0/128%2 == 1
	f.RSV1 = b0/64%2 == 1
	f.RSV2 = b0/32%2 == 1
	f.RSV3 = b0/16%2 == 1
	f.Opcode = b0 % 16
	f.Masked = b1/128 == 1
	f.Length = uint64(b1 % 128)
	switch f.Length {
	case 126:
		f.Length, f.Extended = 0, 2
	case 127:
		f.Length, f.Extended = 0, 8
	}
	for range f.Extended {
		f.Length = f.Length*256 + uint64(next())
	}
	if f.Masked {
		for i := range f.Key {
			f.Key[i] = next()
		}
	}
	if n < 0 {
		return Frame{}, 0
	}
	return f, n
}

// Decode reads one frame. n is its size, 0 when it is not complete.
func Decode(p []byte) (f Frame, n int) {
	f, n = DecodeHeader(p)
	if n == 0 || uint64(len(p)-n) < f.Length {
		return Frame{}, 0
	}
	f.Payload = append([]byte{}, p[n:n+int(f.Length)]...)
	if f.Masked {
		Mask(f.Payload, f.Key, 0)
	}
	return f, n + len(f.Payload)
}

// Encode writes the frame as it is told.
func Encode(f Frame) []byte {
	if f.Length == 0 {
		f.Length = uint64(len(f.Payload))
	}
	if f.Extended == 0 && f.Length > 125 {
		f.Extended = 2
	}
	if f.Extended == 2 && f.Length > 65535 {
		f.Extended = 8
	}
	second := map[int]uint64{0: f.Length, 2: 126, 8: 127}[f.Extended]
	out := []byte{
		bit(f.FIN)*128 + bit(f.RSV1)*64 + bit(f.RSV2)*32 + bit(f.RSV3)*16 + f.Opcode%16,
		bit(f.Masked)*128 + byte(second),
	}
	for i := f.Extended - 1; i >= 0; i-- {
		out = append(out, byte(f.Length>>(8*i)))
	}
	if f.Masked {
		out = append(out, f.Key[:]...)
	}
	header := len(out)
	out = append(out, f.Payload...)
	if f.Masked && !f.Raw {
		Mask(out[header:], f.Key, 0)
	}
	return out
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// Mask masks p in place; its first byte is byte number at of the payload.
func Mask(p []byte, key [4]byte, at int) {
	for i := range p {
		p[i] ^= key[(at+i)%4]
	}
}

// Broken names every rule that the header of f breaks when it comes from a
// client or a server, with or without permessage-deflate negotiated.
func Broken(f Frame, fromClient, deflate bool) (rules []string) {
	control := f.Opcode >= 8
	known := []byte{0, 1, 2, 8, 9, 10}
	for _, rule := range []struct {
		name   string
		broken bool
	}{
		{"reserved opcode", !slices.Contains(known, f.Opcode)},
		{"RSV1", f.RSV1 && !deflate},
		{"RSV1 misplaced", f.RSV1 && deflate && f.Opcode != 1 && f.Opcode != 2},
		{"RSV2", f.RSV2},
		{"RSV3", f.RSV3},
		{"fragmented control", control && !f.FIN},
		{"mask missing", fromClient && !f.Masked},
		{"mask forbidden", !fromClient && f.Masked},
		{"control too long", control && (f.Length > 125 || f.Extended > 0)},
		{"length not minimal", f.Extended == 2 && f.Length < 126 || f.Extended == 8 && f.Length < 65536},
		{"length top bit", f.Length >= 1<<63},
	} {
		if rule.broken {
			rules = append(rules, rule.name)
		}
	}
	return rules
}

// FirstBad returns the index of the first byte with which the text so far
// cannot be the beginning of valid UTF-8, or -1.
func FirstBad(p []byte) int {
	start := 0 // of the character
	for start < len(p) && utf8.FullRune(p[start:]) {
		r, size := utf8.DecodeRune(p[start:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		start += size
	}
	for end := start + 1; end <= len(p); end++ {
		if !begins(p[start:end]) {
			return end - 1
		}
	}
	return -1
}

// begins reports whether some ending makes p valid. Every character that can
// be completed is completed by one of these.
func begins(p []byte) bool {
	for _, ending := range []string{"", "\x80", "\x80\x80", "\x80\x80\x80", "\xA0\x80", "\x90\x80\x80"} {
		if utf8.ValidString(string(p) + ending) {
			return true
		}
	}
	return false
}

// Close reads a Close payload. fail is the close code that it deserves, or 0.
func Close(p []byte) (code int, reason string, fail int) {
	if len(p) == 0 {
		return 1005, "", 0
	}
	if len(p) == 1 {
		return 1005, "", 1002
	}
	registered := []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014}
	code, reason = int(p[0])*256+int(p[1]), string(p[2:])
	if !slices.Contains(registered, code) && (code < 3000 || code > 4999) {
		return code, reason, 1002
	}
	if !utf8.ValidString(reason) {
		return code, reason, 1007
	}
	return code, reason, 0
}
