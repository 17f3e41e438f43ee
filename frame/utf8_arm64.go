//go:build !purego

package frame

// haveVectors reports whether there is a kernel to choose.
func haveVectors() bool { return useNEON }

// valid reports whether p, of at least 32 octets, is UTF-8 from the first octet
// to the last.
func valid(p []byte) bool { return validNEON(&p[0], len(p)) }

//go:noescape
func validNEON(p *byte, n int) bool
