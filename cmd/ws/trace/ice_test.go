package trace

import (
	"slices"
	"strings"
	"testing"
)

// However a message comes in pieces, the same names are found in it.
func TestICEFinder(t *testing.T) {
	long := strings.Repeat("l", maxFragment)
	message := "a=ice-ufrag:abc\r\n" + // too short
		"a=ice-ufrag:abcd\r\na=ice-ufrag:abcd\r\n" +
		`"a=ice-ufrag:a=ice-ufrag:in/s+de\r\n` +
		"ice-ufrag:none a=a=ice-ufrag:twice " +
		"a=ice-ufrag:" + long + "\n" +
		"a=ice-ufrag:" + long + "l\n" + // too long
		"a=ice-ufrag:last"
	want := []string{"abcd", "in/s+de", "twice", long, "last"}
	find := func(pieces ...string) []string {
		var f iceFinder
		f.reset()
		for _, p := range pieces {
			f.feed([]byte(p))
		}
		return f.end()
	}
	if got := find(message); !slices.Equal(got, want) {
		t.Fatalf("found %q, want %q", got, want)
	}
	for i := range message {
		for j := i; j < len(message); j += 7 {
			if got := find(message[:i], message[i:j], message[j:]); !slices.Equal(got, want) {
				t.Fatalf("split at %d and %d: found %q, want %q", i, j, got, want)
			}
		}
	}
	if got := find(strings.Split(message, "")...); !slices.Equal(got, want) {
		t.Errorf("byte by byte: found %q, want %q", got, want)
	}
	var many strings.Builder
	for i := range 100 {
		many.WriteString("a=ice-ufrag:name" + strings.Repeat("x", i) + "\n")
	}
	if got := find(many.String()); len(got) != maxPerMessage {
		t.Errorf("%d names of one message are kept", len(got))
	}
}
