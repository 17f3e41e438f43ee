package frame

import (
	"encoding/binary"
	"math/bits"
)

// maskGeneric masks with 64-bit words. As every kernel it writes src masked with
// key to dst and returns the key for the byte after src; the lengths are equal,
// and dst is src or does not overlap it. It is built everywhere, does the short
// payloads, and is what the others are measured against.
//
// What is left after whole blocks is done by words that begin at its start and
// words that end at its end, and may meet in the middle: every one is loaded
// before any is stored, so a byte that two of them hold is masked once.
func maskGeneric(dst, src []byte, key Key) Key {
	le := binary.LittleEndian
	k := uint64(key) | uint64(key)<<32

	for len(src) > 64 {
		s, d := (*[64]byte)(src), (*[64]byte)(dst)
		a0, a1 := le.Uint64(s[0:]), le.Uint64(s[8:])
		a2, a3 := le.Uint64(s[16:]), le.Uint64(s[24:])
		le.PutUint64(d[0:], a0^k)
		le.PutUint64(d[8:], a1^k)
		le.PutUint64(d[16:], a2^k)
		le.PutUint64(d[24:], a3^k)
		a0, a1 = le.Uint64(s[32:]), le.Uint64(s[40:])
		a2, a3 = le.Uint64(s[48:]), le.Uint64(s[56:])
		le.PutUint64(d[32:], a0^k)
		le.PutUint64(d[40:], a1^k)
		le.PutUint64(d[48:], a2^k)
		le.PutUint64(d[56:], a3^k)
		src, dst = src[64:], dst[64:]
	}

	// r is the key for the byte after src, and so for words that end there: 32,
	// 16, 8 and 4 bytes before the end are all the same phase.
	n := len(src)
	dst = dst[:n] // as it is: for the compiler
	r := bits.RotateLeft64(k, -8*(n&3))

	switch {
	case n > 32:
		s, d := (*[32]byte)(src), (*[32]byte)(dst)
		t, e := (*[32]byte)(src[n-32:]), (*[32]byte)(dst[n-32:])
		a0, a1 := le.Uint64(s[0:]), le.Uint64(s[8:])
		a2, a3 := le.Uint64(s[16:]), le.Uint64(s[24:])
		z0, z1 := le.Uint64(t[0:]), le.Uint64(t[8:])
		z2, z3 := le.Uint64(t[16:]), le.Uint64(t[24:])
		le.PutUint64(d[0:], a0^k)
		le.PutUint64(d[8:], a1^k)
		le.PutUint64(d[16:], a2^k)
		le.PutUint64(d[24:], a3^k)
		le.PutUint64(e[0:], z0^r)
		le.PutUint64(e[8:], z1^r)
		le.PutUint64(e[16:], z2^r)
		le.PutUint64(e[24:], z3^r)
	case n > 16:
		s, d := (*[16]byte)(src), (*[16]byte)(dst)
		t, e := (*[16]byte)(src[n-16:]), (*[16]byte)(dst[n-16:])
		a0, a1 := le.Uint64(s[0:]), le.Uint64(s[8:])
		z0, z1 := le.Uint64(t[0:]), le.Uint64(t[8:])
		le.PutUint64(d[0:], a0^k)
		le.PutUint64(d[8:], a1^k)
		le.PutUint64(e[0:], z0^r)
		le.PutUint64(e[8:], z1^r)
	case n > 8:
		a, z := le.Uint64(src), le.Uint64(src[n-8:])
		le.PutUint64(dst, a^k)
		le.PutUint64(dst[n-8:], z^r)
	case n > 4:
		a, z := le.Uint32(src), le.Uint32(src[n-4:])
		le.PutUint32(dst, a^uint32(k))
		le.PutUint32(dst[n-4:], z^uint32(r))
	case n > 2:
		a, z := le.Uint16(src), le.Uint16(src[n-2:])
		// Two bytes before the end is half a key from the phase of r.
		le.PutUint16(dst, a^uint16(k))
		le.PutUint16(dst[n-2:], z^uint16(r>>16))
	case n > 0:
		a, z := src[0], src[n-1]
		dst[0] = a ^ byte(k)
		dst[n-1] = z ^ byte(r>>24)
	}
	return Key(r)
}
