package frame

//go:generate env GOWORK=off go run -C _asm . ..

// Key is a masking key: the four bytes on the wire, read as a little-endian integer
// on every machine.
type Key uint32

// Mask masks p in place, or unmasks it (RFC 6455 §5.3). It returns the key for
// the byte after p, so that a payload may be masked in pieces of any size:
//
//	key = frame.Mask(p[:n], key)
//	key = frame.Mask(p[n:], key)
func Mask(p []byte, key Key) Key {
	return mask(p, p, key)
}

// MaskCopy masks src into dst and returns the key for the byte after src.
// dst must not be shorter than src. The two must begin at the same byte or not
// overlap at all. src is not modified unless it is dst.
func MaskCopy(dst, src []byte, key Key) Key {
	return mask(dst[:len(src):len(dst)], src, key) // len(dst), not its capacity, is the limit
}
