package deflate

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// records returns n bytes of JSON as services send it, different for each seed.
func records(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	names := []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"}
	name := func() string { return names[r.IntN(len(names))] }
	var b []byte
	for len(b) < n {
		b = fmt.Appendf(b, `{"id":%d,"user":"%s","x":%.4f,"y":%.4f,"active":%t,"tags":["%s","%s"],"ts":%d},`,
			r.IntN(100000), name(), r.Float64()*100, r.Float64()*100, r.IntN(2) == 0, name(), name(),
			1700000000000+r.Int64N(1e9))
	}
	return b[:n]
}

// noise returns n bytes in which there is nothing to find.
func noise(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// prose returns n bytes of words as frequent as words are.
func prose(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 3))
	words := strings.Fields(`the of and to in a is that it was for on are as with his they at be this have from or one
		had by word but not what all were we when your can said there use an each which she do how their if will up
		other about out many then them these so some her would make like him into time has look two more write go see
		number no way could people my than first water been call who oil its now find long down day did get come made
		may part connection message endpoint protocol handshake extension negotiation`)
	z := rand.NewZipf(r, 1.2, 4, uint64(len(words)-1))
	var b []byte
	for len(b) < n {
		b = append(b, words[z.Uint64()]...)
		switch r.IntN(12) {
		case 0:
			b = append(b, ". "...)
		case 1:
			b = append(b, ", "...)
		default:
			b = append(b, ' ')
		}
	}
	return b[:n]
}

// periodic returns n bytes that repeat after so many.
func periodic(n, period int) []byte {
	first := noise(period, uint64(period))
	b := make([]byte, n)
	for i := range b {
		b[i] = first[i%period]
	}
	return b
}

// mixed returns n bytes of all kinds, in pieces.
func mixed(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 4))
	var b []byte
	for len(b) < n {
		k := 1 + r.IntN(3000)
		switch r.IntN(6) {
		case 0:
			b = append(b, records(k, r.Uint64())...)
		case 1:
			b = append(b, noise(k, r.Uint64())...)
		case 2:
			b = append(b, prose(k, r.Uint64())...)
		case 3:
			b = append(b, periodic(k, 1+r.IntN(600))...)
		case 4:
			b = append(b, make([]byte, k)...)
		default:
			if len(b) > 0 {
				at := r.IntN(len(b))
				b = append(b, b[at:min(len(b), at+k)]...)
			}
		}
	}
	return b[:n]
}
