package inflate

const (
	maxLiterals  = 286 // RFC 1951 §3.2.7
	maxDistances = 30
	maxSymbols   = 288 // of the fixed literal/length code (§3.2.6)
	endOfBlock   = 256
)

// The meanings of the symbols, as entries without the bits of their codes.
var (
	literalMeaning  = literalMeanings()
	distanceMeaning = distanceMeanings()
	lengthMeaning   = lengthMeanings()
)

// fixed has the codes of blocks of type 1.
var fixed = fixedCodes()

// literalMeanings returns the symbols of the literal/length code (RFC 1951 §3.2.5).
func literalMeanings() (m [maxSymbols]entry) {
	for s := range entry(endOfBlock) {
		m[s] = isLiteral | s<<valueAt
	}
	m[endOfBlock] = isSpecial | isEnd
	// Lengths from 3: eight without extra bits, then four for each number of them up to five.
	// The last symbol is special: it means 258 only.
	length := entry(3)
	for s := endOfBlock + 1; s < maxLiterals-1; s++ {
		extra := entry(max(0, (s-261)/4))
		m[s] = length<<valueAt | extra
		length += 1 << extra
	}
	m[maxLiterals-1] = 258 << valueAt
	for s := maxLiterals; s < maxSymbols; s++ {
		m[s] = isSpecial | badSymbol<<valueAt
	}
	return m
}

// distanceMeanings returns the symbols of the distance code (RFC 1951 §3.2.5): distances from
// 1, four without extra bits, then two for each number of them up to 13.
func distanceMeanings() (m [32]entry) {
	distance := entry(1)
	for s := range maxDistances {
		extra := entry(max(0, s/2-1))
		m[s] = distance<<valueAt | extra
		distance += 1 << extra
	}
	for s := maxDistances; s < len(m); s++ {
		m[s] = isSpecial | badSymbol<<valueAt
	}
	return m
}

// lengthMeanings returns the symbols of the code length code (RFC 1951 §3.2.7): 16 are lengths,
// and three repeat, with a number of extra bits each.
func lengthMeanings() (m [19]entry) {
	for s := range m {
		m[s] = entry(s) << valueAt
	}
	m[16] |= 2
	m[17] |= 3
	m[18] |= 7
	return m
}

// fixedCodes returns the codes of RFC 1951 §3.2.6.
func fixedCodes() (c codes) {
	var n counts
	var used, sorted [maxSymbols]uint16
	for s := range uint16(maxSymbols) {
		width := uint16(8)
		switch {
		case s >= 144 && s <= 255:
			width = 9
		case s >= 256 && s <= 279:
			width = 7
		}
		used[s] = s<<usedAt | width
		n[width]++
	}
	build(c.literal[:], literalBits, &n, used[:], sorted[:], literalMeaning[:])

	for s := range uint16(len(distanceMeaning)) {
		used[s] = s<<usedAt | 5
	}
	build(c.distance[:], distanceBits, &counts{5: 32}, used[:len(distanceMeaning)], sorted[:], distanceMeaning[:])
	return c
}
