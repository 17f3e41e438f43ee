//go:build !purego

package frame

import (
	"encoding/binary"
	"math/bits"
)

// unmaskWide is from where AVX-512 wins enough, if the text is not ASCII, to lose
// a little if it is.
const unmaskWide = 768

// unmaskValid chooses the kernel. The shortest texts are those of validate, but
// for ASCII, which words do faster.
func unmaskValid(p []byte, key Key, v *Validator) (Key, bool) {
	if len(p) <= textShort {
		if len(p) <= textShort512 || !useAVX512 {
			return unmaskValidGeneric(p, key, v)
		}
		if v.state == utf8Accepted && unmaskASCII(p, key) {
			return Key(bits.RotateLeft32(uint32(key), -8*len(p))), true
		}
	}
	if !useAVX2 {
		return unmaskValidGeneric(p, key, v)
	}
	if v.state != utf8Accepted {
		if p, key = finishMasked(p, key, v); v.state == utf8Refused {
			return key, false
		}
	}
	next := Key(bits.RotateLeft32(uint32(key), -8*len(p)))
	whole := len(p) - unended(binary.LittleEndian.Uint32(p[len(p)-4:])^uint32(next))
	valid := false
	if useAVX512 && (len(p) >= unmaskWide || len(p) <= textShort) {
		valid = unmaskValidAVX512(&p[0], whole, key)
	} else {
		valid = unmaskValidAVX2(&p[0], whole, key)
	}
	if !valid {
		v.state = utf8Refused
		return next, false
	}
	if whole == len(p) {
		return next, true
	}
	p, key = p[whole:], Key(bits.RotateLeft32(uint32(key), -8*whole))
	maskGeneric(p, p, key)
	v.state = begun(p)
	return next, v.state != utf8Refused
}

//go:noescape
func unmaskValidAVX2(p *byte, n int, key Key) bool

//go:noescape
func unmaskValidAVX512(p *byte, n int, key Key) bool
