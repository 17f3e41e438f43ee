package inflate

// blockHeader reads BFINAL and BTYPE (RFC 1951 §3.2.3).
func (d *Decoder) blockHeader(c *call) bool {
	if !d.have(c, 3) {
		return false
	}
	d.after = blockHeader
	if d.take(1) == 1 {
		d.after = padding
	}
	switch d.take(2) {
	case 0:
		// RFC 1951 §3.2.4: bits up to the next byte boundary are ignored.
		d.drop(d.nbits & 7)
		d.state = storedHeader
	case 1:
		d.codes = &fixed
		d.state = symbols
	case 2:
		d.state = codeCounts
	default:
		return d.fail(ErrReservedBlock)
	}
	return true
}

// storedHeader reads LEN and NLEN (RFC 1951 §3.2.4).
func (d *Decoder) storedHeader(c *call) bool {
	if !d.have(c, 32) {
		return false
	}
	length, complement := d.take(16), d.take(16)
	if length^complement != 0xffff {
		return d.fail(ErrStoredLength)
	}
	d.length, d.state = length, storedData
	return true
}

// storedData copies the bytes of a stored block: first those loaded into d.bits with the
// header, then directly from the input.
func (d *Decoder) storedData(c *call) bool {
	for d.length > 0 && d.nbits > 0 && c.end < len(c.buf) {
		c.buf[c.end] = byte(d.take(8))
		c.end++
		d.length--
	}
	if d.nbits == 0 {
		n := copy(c.buf[c.end:], c.in[c.at:min(len(c.in), c.at+d.length)])
		c.end += n
		c.at += n
		d.length -= n
	}
	if d.length > 0 {
		return false
	}
	d.state = d.after
	return true
}

// padding skips to the byte boundary after a final block. The byte in which the block ended is
// loaded already, so there is nothing to wait for.
func (d *Decoder) padding() bool {
	// RFC 7692 §7.2.1: if such a block does not end at a byte boundary, the padding bits must
	// be 0.
	if d.take(d.nbits&7) != 0 {
		return d.fail(ErrPadding)
	}
	d.state = blockHeader
	return true
}
