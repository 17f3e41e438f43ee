// Package escape makes text of a peer safe to print on a terminal. It escapes control
// characters, which a terminal would obey, and invisible formatting characters, such as
// those that reverse the direction of text and make a line read differently from what was
// sent.
//
// Invisible characters that change what is seen stay: the joiners in emoji of several
// people and in scripts whose letters are joined, and the tags in the flags of England,
// Scotland and Wales.
package escape

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s with every character escaped that is neither visible nor in keep, such as
// "\t\n". Bytes that are not UTF-8 are escaped one by one.
func Text(s, keep string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i])|0x100, 16)[1:])
		case r == blackFlag:
			n += tags(s[i+n:])
			b.WriteString(s[i : i+n])
		case unseen(r, s[:i]):
			b.WriteString(ascii(r))
		case unicode.IsPrint(r), r == ideographicSpace, strings.ContainsRune(keep, r), joins(r, s[:i], s[i+n:]):
			b.WriteString(s[i : i+n])
		default:
			b.WriteString(ascii(r))
		}
		i += n
	}
	return b.String()
}

// ascii is the escape of r.
func ascii(r rune) string {
	q := strconv.QuoteRuneToASCII(r)
	return q[1 : len(q)-1]
}

// unseen reports whether r is a letter or a mark without a shape of its own, such as a
// filler, which could carry hidden text. A variation selector that follows what it varies
// is none: 240 of them in a row would be a text of bytes.
func unseen(r rune, before string) bool {
	if !unicode.In(r, unicode.Variation_Selector) {
		return r == brailleBlank || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
	}
	last, _ := utf8.DecodeLastRuneInString(before)
	switch {
	case r >= ideographicVariations:
		return !unicode.Is(unicode.Han, last)
	case r < '\ufe00': // of Mongolian letters
		return !unicode.Is(unicode.Mongolian, last) || unicode.Is(unicode.Variation_Selector, last)
	}
	return last == utf8.RuneError || !unicode.IsGraphic(last) || unicode.IsSpace(last) || unicode.IsMark(last)
}

const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
	ideographicSpace   = '\u3000'
	emojiPresentation  = '\ufe0f'
	blackFlag          = '\U0001f3f4'
	cancelTag          = '\U000e007f'
	brailleBlank       = '\u2800'

	ideographicVariations = '\U000e0100' // of them 240
)

// joins reports whether r is a joiner that does something where it stands: between two
// emoji (UTS #51, ED-16), or between two letters of a script that needs it.
func joins(r rune, before, after string) bool {
	if r != zeroWidthJoiner && r != zeroWidthNonJoiner {
		return false
	}
	next, _ := utf8.DecodeRuneInString(after)
	last, n := utf8.DecodeLastRuneInString(before)
	if joining(last) && joining(next) {
		return true
	}
	if last == emojiPresentation || last >= '\U0001f3fb' && last <= '\U0001f3ff' { // of the skin
		last, _ = utf8.DecodeLastRuneInString(before[:len(before)-n])
	}
	return r == zeroWidthJoiner && pictograph(last) && pictograph(next)
}

// pictograph reports whether r may be part of an emoji sequence, as arrows and the signs of
// gender may, which are symbols.
func pictograph(r rune) bool {
	return r >= '\u2190' && r != utf8.RuneError && unicode.Is(unicode.S, r)
}

func joining(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M) && unicode.In(r,
		unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Nko,
		unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil,
		unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Tibetan, unicode.Khmer, unicode.Myanmar)
}

// tags returns the length of the tags that make a regional flag of a black one: the
// code of a region, 3 to 6 of them, and the end (UTS #51, ED-14a). Longer ones hide text.
func tags(s string) int {
	const least, most = 3, 6
	read := 0
	for before := range most + 1 {
		r, n := utf8.DecodeRuneInString(s[read:])
		read += n
		switch {
		case r == cancelTag && before >= least:
			return read
		case r >= '\U000e0030' && r <= '\U000e0039', r >= '\U000e0061' && r <= '\U000e007a':
		default:
			return 0
		}
	}
	return 0
}
