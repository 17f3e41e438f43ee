// Package escape makes text from a peer safe to print on a terminal. It escapes control
// characters, which a terminal would obey, and invisible formatting characters. Some of these,
// such as those that reverse the direction of text, make a line read differently from what was
// sent.
//
// Invisible characters that change what is seen remain: the joiners in emoji of several people
// and in scripts with joined letters, and the tags in the flags of England, Scotland and Wales.
package escape

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s with every invisible character escaped, except those in keep, such as "\t\n".
// Bytes that are not UTF-8 are escaped one by one.
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

// ascii returns the escape sequence for r.
func ascii(r rune) string {
	q := strconv.QuoteRuneToASCII(r)
	return q[1 : len(q)-1]
}

// unseen reports whether r is a letter or mark without a visible shape, such as a filler, which
// could carry hidden text. A variation selector is not unseen after a character that it can
// vary; after any other it is, because 240 of them in a row could spell a hidden text.
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

// joins reports whether the joiner r has an effect where it stands: between two emoji (UTS #51,
// ED-16), or between two letters of a script that needs it.
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

// pictograph reports whether r may be part of an emoji sequence. Arrows and gender signs, which
// are symbols, may be as well; the blank of Braille is a symbol, but has no shape.
func pictograph(r rune) bool {
	return r >= '\u2190' && r != utf8.RuneError && r != brailleBlank && unicode.Is(unicode.S, r)
}

func joining(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M) && unicode.In(r,
		unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Nko,
		unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil,
		unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Tibetan, unicode.Khmer, unicode.Myanmar)
}

// tags returns the length in bytes of the tags that turn a black flag into a regional one: a
// region code of 3 to 6 characters and the end tag (UTS #51, ED-14a). Longer ones could hide
// text.
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
