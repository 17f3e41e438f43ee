//go:build (amd64 || arm64) && !purego

package frame

import (
	"encoding/binary"
	"math/bits"
)

// textShort is the longest text that is not given to a vector kernel. Of a
// longer one 32 octets remain for it, whatever is taken off at both ends.
const textShort = 38

func validate(state uint8, p []byte) uint8 {
	if len(p) <= textShort || !haveVectors() {
		return validateGeneric(state, p)
	}
	return validateVector(state, p)
}

// validateVector gives a kernel what is whole characters, and takes steps
// before and after: at most three each.
func validateVector(state uint8, p []byte) uint8 {
	s := uint64(state)
	for s != uint64(utf8Accepted) {
		if s == uint64(utf8Refused) {
			return utf8Refused
		}
		s = utf8Steps[p[0]] >> s & 63
		p = p[1:]
	}
	whole := len(p) - unended(binary.LittleEndian.Uint32(p[len(p)-4:]))
	if !valid(p[:whole]) {
		return utf8Refused
	}
	for _, octet := range p[whole:] {
		s = utf8Steps[octet] >> s & 63
	}
	return uint8(s)
}

func unmaskValid(p []byte, key Key, v *Validator) (Key, bool) {
	if len(p) <= textShort || !haveVectors() {
		return unmaskValidGeneric(p, key, v)
	}
	return unmaskValidVector(p, key, v)
}

// unmaskValidVector is as validateVector.
func unmaskValidVector(p []byte, key Key, v *Validator) (Key, bool) {
	for v.state != utf8Accepted {
		if v.state == utf8Refused {
			return key, false
		}
		key = unmaskStep(p[:1], key, v)
		p = p[1:]
	}
	next := Key(bits.RotateLeft32(uint32(key), -8*len(p)))
	whole := len(p) - unended(binary.LittleEndian.Uint32(p[len(p)-4:])^uint32(next))
	if !unmaskValidWhole(p[:whole], key) {
		v.state = utf8Refused
		return next, false
	}
	if whole < len(p) {
		unmaskStep(p[whole:], Key(bits.RotateLeft32(uint32(key), -8*whole)), v)
	}
	return next, v.state != utf8Refused
}

func unmaskStep(p []byte, key Key, v *Validator) Key {
	for i := range p {
		p[i] ^= byte(key)
		key = Key(bits.RotateLeft32(uint32(key), -8))
		v.state = uint8(utf8Steps[p[i]] >> v.state & 63)
	}
	return key
}

// unended is how many of the last four octets, the last in the upper bits, begin
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
