package inflate

import "encoding/binary"

// fill loads input until there are more than 55 bits or no bytes left.
func (d *Decoder) fill(c *call) {
	if len(c.in)-c.at >= 8 {
		d.bits |= binary.LittleEndian.Uint64(c.in[c.at:]) << (d.nbits & 63)
		c.at += int((63 - d.nbits) >> 3)
		d.nbits |= 56
		// The top bits of the load belong to a byte that is not consumed yet.
		d.bits &= 1<<(d.nbits&63) - 1
		return
	}
	for d.nbits < 56 && c.at < len(c.in) {
		d.bits |= uint64(c.in[c.at]) << (d.nbits & 63)
		c.at++
		d.nbits += 8
	}
}

// have loads input and reports whether there are n bits, at most 56.
func (d *Decoder) have(c *call, n uint) bool {
	if d.nbits < n {
		d.fill(c)
	}
	return d.nbits >= n
}

// drop removes n bits, which must be present.
func (d *Decoder) drop(n uint) {
	d.bits >>= n & 63
	d.nbits -= n
}

// take removes n bits, which must be present, and returns them. Numbers are packed with the
// least significant bit first (RFC 1951 §3.1.1).
func (d *Decoder) take(n uint) int {
	v := int(d.bits & (1<<n - 1))
	d.drop(n)
	return v
}
