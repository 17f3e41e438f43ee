//go:build (amd64 || arm64) && !purego

package frame

// A kernel judges whole characters. What is before and after them, at most three
// bytes each, is done by steps.

// finish takes the steps that end the character p begins in the middle of. It
// returns what is left of p, which must be longer than a character.
func finish(state uint8, p []byte) (uint8, []byte) {
	for state != utf8Accepted && state != utf8Refused {
		state = uint8(utf8Steps[p[0]] >> state & 63)
		p = p[1:]
	}
	return state, p
}

// begun takes the steps of what begins a character at the end of a text.
func begun(p []byte) uint8 {
	state := utf8Accepted
	for _, b := range p {
		state = uint8(utf8Steps[b] >> state & 63)
	}
	return state
}

// finishMasked is finish, and unmasks what it takes.
func finishMasked(p []byte, key Key, v *Validator) ([]byte, Key) {
	for v.state != utf8Accepted && v.state != utf8Refused {
		key = maskGeneric(p[:1], p[:1], key)
		v.state, p = uint8(utf8Steps[p[0]]>>v.state&63), p[1:]
	}
	return p, key
}

// unended is how many of the last four bytes, the last in the upper bits, begin
// a character that would need more. Whether they may is not judged.
func unended(last uint32) int {
	a, b, c := byte(last>>8), byte(last>>16), byte(last>>24)
	switch {
	case c < 0x80:
		return 0
	case c >= 0xC0:
		return 1
	case b >= 0xE0:
		return 2
	case a >= 0xF0 && b >= 0x80 && b < 0xC0:
		return 3
	}
	return 0
}
