package vectors

// Text is a text and where it stops being UTF-8.
type Text struct {
	Row
	Text     []byte
	Bad      int  // index of the first byte that cannot be there; -1: none
	Complete bool // no character is half way
}

func good(r Row, text string) Text           { return Text{r, []byte(text), -1, true} }
func half(r Row, text string) Text           { return Text{r, []byte(text), -1, false} }
func broken(r Row, at int, text string) Text { return Text{r, []byte(text), at, false} }

// greek is "kosme" as in the stress test, with U+1F79, so eleven bytes.
const greek = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"

// Texts are good and bad UTF-8, by the order of Markus Kuhn's stress test,
// which chapter 6 of the Autobahn suite follows too.
var Texts = []Text{
	// Good
	good(row("empty"), ""),
	good(row("ASCII"), "Hello, world"),
	good(row("Autobahn 6.2"), "Hello-µ@ßöäüàá-UTF-8!!"),
	good(row("Greek"), greek),
	good(row("Russian"), "Широка страна моя родная, много в ней лесов, полей и рек"),
	good(row("Japanese"), "いろはにほへど ちりぬるを わがよたれぞ つねならむ"),
	good(row("smileys"), "😀😃😄 and 👩‍👩‍👧‍👦"),
	good(row("ASCII, one é at 15"), "0123456789abcdeé0123456789abcdef"),
	good(row("ASCII, one € at 14"), "0123456789abcd€0123456789abcdef"),
	good(row("NUL"), "a\x00b"),

	// First and last of each length
	good(row("U+0000"), "\x00"),
	good(row("U+007F"), "\x7f"),
	good(row("U+0080"), "\xc2\x80"),
	good(row("U+07FF"), "\xdf\xbf"),
	good(row("U+0800"), "\xe0\xa0\x80"),
	good(row("U+FFFF"), "\xef\xbf\xbf"),
	good(row("U+10000"), "\xf0\x90\x80\x80"),
	good(row("U+10FFFF"), "\xf4\x8f\xbf\xbf"),
	broken(row("first of five bytes"), 0, "\xf8\x88\x80\x80\x80"),
	broken(row("first of six bytes"), 0, "\xfc\x84\x80\x80\x80\x80"),
	broken(row("last of four bytes"), 0, "\xf7\xbf\xbf\xbf"),
	broken(row("last of five bytes"), 0, "\xfb\xbf\xbf\xbf\xbf"),
	broken(row("last of six bytes"), 0, "\xfd\xbf\xbf\xbf\xbf\xbf"),

	// Other boundaries
	good(row("U+D7FF"), "\xed\x9f\xbf"),
	good(row("U+E000"), "\xee\x80\x80"),
	good(row("U+FFFD"), "\xef\xbf\xbd"),
	broken(row("U+110000"), 1, "\xf4\x90\x80\x80"),
	broken(row("U+110000 after Greek"), 12, greek+"\xf4\x90\x80\x80edited"),

	// Tails without a head
	broken(row("80"), 0, "\x80"),
	broken(row("BF"), 0, "\xbf"),
	broken(row("80 BF 80"), 0, "\x80\xbf\x80"),
	broken(row("tail after ASCII"), 12, "Hello, world\x80"),
	broken(row("tail after two words"), 16, "0123456789abcdef\x80"),
	broken(row("one tail too many"), 2, "\xc2\x80\x80"),

	// Heads without a tail
	broken(row("C3 space"), 1, "\xc3 "),
	broken(row("E2 space"), 1, "\xe2 "),
	broken(row("E2 82 space"), 2, "\xe2\x82 "),
	broken(row("F0 space"), 1, "\xf0 "),
	broken(row("F0 9F 98 space"), 3, "\xf0\x9f\x98 "),
	broken(row("head after head"), 1, "\xc3\xc3\xa4"),
	half(row("C3"), "\xc3"),
	half(row("E2"), "\xe2"),
	half(row("E2 82"), "\xe2\x82"),
	half(row("F0"), "\xf0"),
	half(row("F0 9F"), "\xf0\x9f"),
	half(row("F0 9F 98"), "\xf0\x9f\x98"),
	half(row("F4 8F after ASCII"), "0123456789abcdef\xf4\x8f"),
	half(row("last of 17 bytes"), "0123456789abcdef\xc3"),

	// Bytes that are never there
	broken(row("FE"), 0, "\xfe"),
	broken(row("FF"), 0, "\xff"),
	broken(row("F5"), 0, "\xf5\x80\x80\x80"),
	broken(row("FF in the middle"), 5, "Hello\xffworld"),

	// Overlong
	broken(row("C0 AF"), 0, "\xc0\xaf"),
	broken(row("C1 BF"), 0, "\xc1\xbf"),
	broken(row("E0 80 AF"), 1, "\xe0\x80\xaf"),
	broken(row("E0 9F BF"), 1, "\xe0\x9f\xbf"),
	broken(row("F0 80 80 AF"), 1, "\xf0\x80\x80\xaf"),
	broken(row("F0 8F BF BF"), 1, "\xf0\x8f\xbf\xbf"),
	broken(row("overlong NUL"), 0, "\xc0\x80"),

	// Surrogates
	broken(row("D800"), 1, "\xed\xa0\x80"),
	broken(row("DB7F"), 1, "\xed\xad\xbf"),
	broken(row("DC00"), 1, "\xed\xb0\x80"),
	broken(row("DFFF"), 1, "\xed\xbf\xbf"),
	broken(row("a pair of them"), 1, "\xed\xa0\x80\xed\xb0\x80"),
	broken(row("Autobahn 6.3.1"), 12, greek+"\xed\xa0\x80edited"),

	// Not characters, but valid
	good(row("U+FFFE"), "\xef\xbf\xbe"),
	good(row("U+1FFFE"), "\xf0\x9f\xbf\xbe"),
	good(row("U+FDD0"), "\xef\xb7\x90"),
}
