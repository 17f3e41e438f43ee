//go:build !purego

package frame

// unmaskValidWhole unmasks p, of at least 32 octets, and reports whether it then
// is UTF-8 from the first octet to the last.
func unmaskValidWhole(p []byte, key Key) bool { return unmaskValidNEON(&p[0], len(p), key) }

//go:noescape
func unmaskValidNEON(p *byte, n int, key Key) bool
