package frame

import (
	"encoding/binary"
	"math/bits"
)

// fusedBlock is how much unmaskValidGeneric unmasks before it validates: small
// enough to be still in the first-level cache for the second pass.
const fusedBlock = 8 << 10

// unmaskValidGeneric goes twice over each block, unless it is short and ASCII.
func unmaskValidGeneric(p []byte, key Key, v *Validator) (Key, bool) {
	if v.state == utf8Accepted && len(p) <= 64 && unmaskASCII(p, key) {
		return Key(bits.RotateLeft32(uint32(key), -8*len(p))), true
	}
	for len(p) > fusedBlock {
		key = maskGeneric(p[:fusedBlock], p[:fusedBlock], key)
		v.state = validateGeneric(v.state, p[:fusedBlock])
		if v.state == utf8Refused {
			return key, false
		}
		p = p[fusedBlock:]
	}
	key = maskGeneric(p, p, key)
	v.state = validateGeneric(v.state, p)
	return key, v.state != utf8Refused
}

// unmaskASCII unmasks up to 64 bytes if they then are ASCII, by words that begin
// at their start and words that end at their end. If they are not, it leaves
// them alone.
func unmaskASCII(p []byte, key Key) bool {
	le := binary.LittleEndian
	n := len(p)
	k := uint64(key) | uint64(key)<<32
	r := bits.RotateLeft64(k, -8*(n&3))
	switch {
	case n > 32:
		s, t := (*[32]byte)(p), (*[32]byte)(p[n-32:])
		a0, a1 := le.Uint64(s[0:])^k, le.Uint64(s[8:])^k
		a2, a3 := le.Uint64(s[16:])^k, le.Uint64(s[24:])^k
		z0, z1 := le.Uint64(t[0:])^r, le.Uint64(t[8:])^r
		z2, z3 := le.Uint64(t[16:])^r, le.Uint64(t[24:])^r
		if (a0|a1|a2|a3|z0|z1|z2|z3)&nonASCII != 0 {
			return false
		}
		le.PutUint64(s[0:], a0)
		le.PutUint64(s[8:], a1)
		le.PutUint64(s[16:], a2)
		le.PutUint64(s[24:], a3)
		le.PutUint64(t[0:], z0)
		le.PutUint64(t[8:], z1)
		le.PutUint64(t[16:], z2)
		le.PutUint64(t[24:], z3)
	case n > 16:
		s, t := (*[16]byte)(p), (*[16]byte)(p[n-16:])
		a0, a1 := le.Uint64(s[0:])^k, le.Uint64(s[8:])^k
		z0, z1 := le.Uint64(t[0:])^r, le.Uint64(t[8:])^r
		if (a0|a1|z0|z1)&nonASCII != 0 {
			return false
		}
		le.PutUint64(s[0:], a0)
		le.PutUint64(s[8:], a1)
		le.PutUint64(t[0:], z0)
		le.PutUint64(t[8:], z1)
	case n > 8:
		a, z := le.Uint64(p)^k, le.Uint64(p[n-8:])^r
		if (a|z)&nonASCII != 0 {
			return false
		}
		le.PutUint64(p, a)
		le.PutUint64(p[n-8:], z)
	case n > 4:
		a, z := le.Uint32(p)^uint32(k), le.Uint32(p[n-4:])^uint32(r)
		if (a|z)&nonASCII32 != 0 {
			return false
		}
		le.PutUint32(p, a)
		le.PutUint32(p[n-4:], z)
	case n > 2:
		a, z := le.Uint16(p)^uint16(k), le.Uint16(p[n-2:])^uint16(r>>16)
		if (a|z)&0x8080 != 0 {
			return false
		}
		le.PutUint16(p, a)
		le.PutUint16(p[n-2:], z)
	case n > 0:
		a, z := p[0]^byte(k), p[n-1]^byte(r>>24)
		if a|z >= 0x80 {
			return false
		}
		p[0], p[n-1] = a, z
	}
	return true
}
