//go:build !purego

package frame

import "encoding/binary"

// The longest texts that are not given to a kernel. Of a longer one as much
// remains for it as it needs, when three bytes are taken off at both ends: 32
// bytes for AVX2. AVX-512 needs one, and wins from where this says.
const (
	textShort    = 38
	textShort512 = 20
)

// validate chooses the kernel: it returns the state after p.
func validate(state uint8, p []byte) uint8 {
	if len(p) < 8 && state == utf8Accepted && isShortASCII(p) {
		return utf8Accepted
	}
	if len(p) <= textShort && (len(p) <= textShort512 || !useAVX512) || !useAVX2 {
		return validateGeneric(state, p)
	}
	if state != utf8Accepted {
		if state, p = finish(state, p); state == utf8Refused {
			return utf8Refused
		}
	}
	whole := len(p) - unended(binary.LittleEndian.Uint32(p[len(p)-4:]))
	valid := false
	if useAVX512 {
		valid = validAVX512(&p[0], whole)
	} else {
		valid = validAVX2(&p[0], whole)
	}
	if !valid {
		return utf8Refused
	}
	if whole == len(p) {
		return utf8Accepted
	}
	return begun(p[whole:])
}

//go:noescape
func validAVX2(p *byte, n int) bool

//go:noescape
func validAVX512(p *byte, n int) bool
