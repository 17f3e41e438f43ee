//go:build !purego

package frame

import (
	"encoding/binary"
	"math/bits"
)

// unmaskValid chooses the kernel; the lengths are those of validate.
func unmaskValid(p []byte, key Key, v *Validator) (Key, bool) {
	if len(p) <= textShort || !useNEON {
		return unmaskValidGeneric(p, key, v)
	}
	if p, key = finishMasked(p, key, v); v.state == utf8Refused {
		return key, false
	}
	next := Key(bits.RotateLeft32(uint32(key), -8*len(p)))
	whole := len(p) - unended(binary.LittleEndian.Uint32(p[len(p)-4:])^uint32(next))
	if !unmaskValidNEON(&p[0], whole, key) {
		v.state = utf8Refused
		return next, false
	}
	p, key = p[whole:], Key(bits.RotateLeft32(uint32(key), -8*whole))
	maskGeneric(p, p, key)
	v.state = begun(p)
	return next, v.state != utf8Refused
}

//go:noescape
func unmaskValidNEON(p *byte, n int, key Key) bool
