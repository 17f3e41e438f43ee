//go:build !purego

package frame

// valid chooses the kernel: it reports whether p, of at least 32 octets,
// is UTF-8 from the first octet to the last.
func valid(p []byte) bool {
	if useAVX512 {
		return validAVX512(&p[0], len(p))
	}
	return validAVX2(&p[0], len(p))
}

// haveVectors reports whether there is a kernel to choose.
func haveVectors() bool { return useAVX2 || useAVX512 }

//go:noescape
func validAVX2(p *byte, n int) bool

//go:noescape
func validAVX512(p *byte, n int) bool
