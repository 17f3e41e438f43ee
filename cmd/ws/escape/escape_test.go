package escape

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// What is whole as it came.
func TestTextStays(t *testing.T) {
	for _, s := range []string{
		"plain, naïve – 漢字\u3000かな \t",
		"👨\u200d👩\u200d👧\u200d👦",                                      // a family
		"👩🏾\u200d🚀 👩🏻\u200d❤\ufe0f\u200d💋\u200d👨🏿",                    // with the colour of their skin
		"🏳\ufe0f\u200d🌈 🏴\u200d☠\ufe0f 🙂\u200d↔\ufe0f 🧑\u200d⚕\ufe0f", // with symbols that are no emoji by themselves
		"🇩🇪🇫🇷 1\ufe0f\u20e3 👍🏽",
		"🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", // England
		"葛\U000e0100城 ❤\ufe0e ᠨ\u180b",                                  // variants of characters
		"می\u200cخواهم",
		"क्\u200dष ශ්\u200dරී",
	} {
		if got := Text(s, "\t"); got != s {
			t.Errorf("%+q\nshown as %+q", s, got)
		}
	}
}

func TestTextEscapes(t *testing.T) {
	for in, want := range map[string]string{
		"\x1b]0;title\x07":   `\x1b]0;title\a`,
		"a\rb\x00\x7f":       `a\rb\x00\x7f`,
		"two\nlines \u0085":  "two\nlines \\u0085",
		"\u009b31m":          `\u009b31m`, // CSI in one character
		"not \xff UTF-8\xe2": `not \xff UTF-8\xe2`,

		// Text that reads otherwise than it was sent.
		"\u202etxt\u202c \u2066x\u2069 \u200f": `\u202etxt\u202c \u2066x\u2069 \u200f`,
		// Characters that nobody sees.
		"pass\u200bword \u00adx \ufeff \u2060": `pass\u200bword \u00adx \ufeff \u2060`,
		// Joiners that join nothing.
		"user\u200dname a\u200cb": `user\u200dname a\u200cb`,
		"\u200d👨\u200d":           `\u200d👨\u200d`,
		"👨\u200d\u200d👩":          `👨\u200d\u200d👩`,
		"👨\u200c👩":                `👨\u200c👩`,
		"\ufe0f\u200d👩 +\u200d+":  `\ufe0f\u200d👩 +\u200d+`,
		"خ\u200cx":                "خ" + `\u200cx`,
		// Letters and marks without a shape.
		"a\u3164b \uffa0 \u115f \u2800":            `a\u3164b \uffa0 \u115f \u2800`,
		"⍀\u200d\u2800":                            "⍀" + `\u200d\u2800`,
		"a\u034f \u17b4":                           `a\u034f \u17b4`,
		"👍\ufe00\ufe01\ufe02":                      "👍\ufe00" + `\ufe01\ufe02`,
		"a\U000e0158\U000e0159 👍\U000e0158 \ufe0f": `a\U000e0158\U000e0159 👍\U000e0158 \ufe0f`,
		"葛\U000e0100\U000e0101":                    "葛\U000e0100" + `\U000e0101`,
		// Text in tags, which only programs read.
		"🏴\U000e0067\U000e0062":                              `🏴\U000e0067\U000e0062`,
		"🏴" + strings.Repeat("\U000e0061", 7) + "\U000e007f": "🏴" + strings.Repeat(`\U000e0061`, 7) + `\U000e007f`,
		"🏴\U000e007f":                                        `🏴\U000e007f`,
		"a\U000e0061\U000e007f":                              `a\U000e0061\U000e007f`,
	} {
		if got := Text(in, "\n"); got != want {
			t.Errorf("%+q\nshown as %+q\nwant     %+q", in, got, want)
		}
	}
}

// Nothing that a terminal obeys comes through, whatever is around it, and what is shown
// is UTF-8.
func FuzzText(f *testing.F) {
	f.Add("👨\u200d👩 \x1b[2J \U0001f3f4\U000e0067\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s, "")
		if !utf8.ValidString(got) {
			t.Errorf("%+q", got)
		}
		for _, r := range got {
			if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				t.Errorf("%+q has %+q in it", got, r)
			}
		}
		if again := Text(got, ""); again != got {
			t.Errorf("%+q\nshown again is %+q", got, again)
		}
	})
}
