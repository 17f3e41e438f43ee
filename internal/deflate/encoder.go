package deflate

const (
	minWindowBits = 8
	maxWindowBits = 15
	maxWindow     = 1 << maxWindowBits

	// RFC 1951 section 3.2.5: a length is at most 258.
	maxMatch = 258

	// minMatch is 4, although RFC 1951 allows 3: a copy of three bytes rarely costs less than
	// the bytes.
	minMatch = 4

	// maxPosition is where positions restart at firstPosition. One block, and what Reset adds,
	// fits above it.
	maxPosition = 1<<32 - 1<<18

	// firstPosition is more than a window away from the zeros of an empty table.
	firstPosition = maxWindow + 1
)

// An Encoder is the working memory of compression. It has tables of some hundred kilobytes and
// holds no data of its callers: they pass the bytes that precede those to be compressed. It can
// serve many streams, one after the other. The zero value must be Reset before use. It must not
// be used by two goroutines at the same time.
type Encoder struct {
	// pos is the position of the next byte. Positions increase across streams, with a gap in
	// between, so table entries of an earlier stream are too far away to be used. So Reset need
	// not clear the tables.
	pos    uint32
	window uint32 // bytes
	level  level

	// indexed is the position before which the chains are complete.
	indexed uint32

	bits  uint64 // not yet written, the first one lowest
	nbits uint   // at most 7 between calls

	tableBits uint // size of head, as large as the stream has needed so far
	head      [1 << maxTableBits]uint32
	prev      []uint16 // for chains only

	found [maxSequences]sequence
	block block
}

// Reset begins a stream without history. Its distances will not exceed 1<<windowBits bytes;
// windowBits is 8 to 15. Level 1 is the fastest and 9 the most thorough; 0 means 1. Values out
// of range mean the nearest valid one.
func (e *Encoder) Reset(windowBits, level int) {
	e.window = 1 << min(max(windowBits, minWindowBits), maxWindowBits)
	e.level = levels[min(max(level, 1), len(levels)-1)]
	e.bits, e.nbits, e.tableBits = 0, 0, minTableBits
	if e.level.depth > 0 && e.prev == nil {
		e.prev = make([]uint16, maxWindow)
	}
	if e.pos < firstPosition || e.pos > maxPosition-maxWindow {
		e.restart()
	} else {
		e.pos += maxWindow
	}
	e.indexed = e.pos
}

// restart makes positions small again.
func (e *Encoder) restart() {
	clear(e.head[:])
	e.pos, e.indexed = firstPosition, firstPosition
}

// Prime, called right after Reset, indexes the bytes that precede the stream, so that Append
// finds them.
func (e *Encoder) Prime(history []byte) {
	history = history[max(0, len(history)-int(e.window)):]
	e.fit(len(history))
	e.pos += uint32(len(history))
	e.index(history)
}

// index adds the bytes before e.pos to the tables.
func (e *Encoder) index(history []byte) {
	history = history[max(0, len(history)-int(e.window)):]
	if e.level.depth > 0 {
		e.chainHistory(history)
	} else {
		e.probeHistory(history)
	}
	e.indexed = e.pos - min(uint32(len(history)), 8-1) // the hash reads eight bytes
}

// fit chooses how much of the table to use for n bytes, and reports whether it is more than
// before. A short message then touches few cache lines. Older entries remain, since every
// reader verifies them.
func (e *Encoder) fit(n int) bool {
	want := e.tableBits
	for want < maxTableBits && n > 1<<want {
		want += 2
	}
	want = min(want, maxTableBits)
	grown := want > e.tableBits
	e.tableBits = want
	return grown
}

// Append compresses buf[start:] and appends the blocks to dst. The Encoder keeps the bits after
// the last whole byte for the next call. The bytes before start are the most recent ones of the
// stream, at most a window of them and possibly fewer than there were; nothing before buf[0] is
// referred to. Append may write to the spare capacity of dst beyond the result. It does not
// modify or keep buf.
func (e *Encoder) Append(dst, buf []byte, start int) []byte {
	if drop := start - int(e.window); drop > 0 {
		buf, start = buf[drop:], int(e.window)
	}
	if start < len(buf) && e.fit(len(buf)) && start > 0 {
		e.index(buf[:start])
	}
	for start < len(buf) {
		if e.pos > maxPosition {
			e.restart()
			past := buf[max(0, start-int(e.window)):start]
			e.pos += uint32(len(past))
			e.index(past)
		}
		var n, next int
		if e.level.depth > 0 {
			n, next = e.findChains(buf, start)
		} else {
			n, next = e.findGreedy(buf, start)
		}
		dst = e.appendBlock(dst, buf[start:next], e.found[:n])
		e.pos += uint32(next - start)
		start = next
	}
	return dst
}

// Flush appends an empty stored block. With it, everything compressed so far can be inflated.
// Its last four bytes are 00 00 FF FF, which RFC 7692 section 7.2.1 removes from the end of a
// message.
func (e *Encoder) Flush(dst []byte) []byte {
	return e.appendStored(dst, nil)
}
