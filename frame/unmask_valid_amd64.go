//go:build !purego

package frame

// unmaskValidWhole chooses the kernel: it unmasks p, of at least 32
// octets, and reports whether it then is UTF-8 from the first octet to the last.
func unmaskValidWhole(p []byte, key Key) bool {
	if useAVX512 {
		return unmaskValidAVX512(&p[0], len(p), key)
	}
	return unmaskValidAVX2(&p[0], len(p), key)
}

//go:noescape
func unmaskValidAVX2(p *byte, n int, key Key) bool

//go:noescape
func unmaskValidAVX512(p *byte, n int, key Key) bool
