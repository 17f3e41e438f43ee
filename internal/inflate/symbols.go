package inflate

// symbols decodes literals, lengths and the end of the block.
func (d *Decoder) symbols(c *call) bool {
	for {
		if len(c.in)-c.at >= fastInput && len(c.buf)-c.end >= fastRoom {
			if d.fast(c); d.state != symbols {
				return true
			}
		}
		if d.nbits < maxWidth+5 { // a code and the most extra bits of any length
			d.fill(c)
		}
		t := &d.codes.literal
		e := t[d.bits&(1<<literalBits-1)]
		if e&(isSpecial|isSubtable) == isSpecial|isSubtable {
			e = t[inSubtable(e, d.bits, literalBits)]
		}
		// If bits are missing, zeros follow the present ones. They may lead to the wrong entry,
		// but only to one that needs more bits than there are.
		if uint(e&total) > d.nbits {
			return false
		}
		switch {
		case e&isLiteral != 0:
			if c.end == len(c.buf) {
				return false
			}
			c.buf[c.end] = byte(e >> valueAt)
			c.end++
			d.drop(uint(e & total))
		case e&isSpecial == 0:
			d.length = d.matchValue(e)
			d.state = distance
			if d.matchDistance(c); d.state == match {
				d.match(c)
			}
			if d.state != symbols {
				return d.state == failed
			}
		case e&isEnd != 0:
			d.drop(uint(e & total))
			d.state = d.after
			return true
		case e>>valueAt&value == badSymbol:
			return d.fail(ErrLengthSymbol)
		default:
			return d.fail(ErrUnusedCode)
		}
	}
}

// inSubtable returns the index of the entry for bits in the subtable of e. The table is indexed
// by width bits.
func inSubtable(e entry, bits uint64, width uint) int {
	mask := uint64(1)<<(e>>widthAt&widthMask) - 1
	return int(e>>valueAt&value) + int(bits>>width&mask)
}

// matchValue consumes the bits of a length or distance and returns it.
func (d *Decoder) matchValue(e entry) int {
	width := uint(e >> widthAt & widthMask)
	d.drop(width)
	return int(e>>valueAt&value) + d.take(uint(e&total)-width)
}

// matchDistance decodes the distance that follows a length.
func (d *Decoder) matchDistance(c *call) bool {
	if d.nbits < maxWidth+13 { // a code and the most extra bits of any distance
		d.fill(c)
	}
	t := &d.codes.distance
	e := t[d.bits&(1<<distanceBits-1)]
	if e&(isSpecial|isSubtable) == isSpecial|isSubtable {
		e = t[inSubtable(e, d.bits, distanceBits)]
	}
	if uint(e&total) > d.nbits {
		return false
	}
	if e&isSpecial != 0 {
		if e>>valueAt&value == badSymbol {
			return d.fail(ErrDistanceSymbol)
		}
		return d.fail(ErrUnusedCode)
	}
	d.distance = d.matchValue(e)
	d.state = match
	return true
}
