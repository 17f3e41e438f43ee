//go:build !purego

package frame

import "encoding/binary"

// textShort is the longest text that is not given to a kernel. Of a longer one
// the 16 bytes that it needs remain when three are taken off at both ends.
const textShort = 22

// validate chooses the kernel: it returns the state after p.
func validate(state uint8, p []byte) uint8 {
	if len(p) <= textShort || !useNEON {
		return validateGeneric(state, p)
	}
	if state, p = finish(state, p); state == utf8Refused {
		return utf8Refused
	}
	whole := len(p) - unended(binary.LittleEndian.Uint32(p[len(p)-4:]))
	if !validNEON(&p[0], whole) {
		return utf8Refused
	}
	return begun(p[whole:])
}

//go:noescape
func validNEON(p *byte, n int) bool
