package interop

import (
	"fmt"
	"math"
	"math/rand/v2"
	"unicode/utf8"
)

// maker draws the messages of a conversation. Equal seeds draw equal messages.
type maker struct {
	rnd *rand.Rand
	// past is the end of what the messages so far had in them, which is what the
	// windows of both directions slide over.
	past  []byte
	drawn int // messages so far
}

const (
	// The largest window is 32 KiB. Distances beyond it must occur as well: what
	// lies there is out of reach, and whoever reaches for it gives itself away.
	pastKept = 48 << 10

	largest = 200_000
)

func newMaker(seed uint64) *maker {
	return &maker{rnd: rand.New(rand.NewPCG(seed, 7692))}
}

// drawn is a message and what may be expected of its compression.
type drawn struct {
	message
	nature nature
	size   int // of data, which is let go when the echo has been compared
}

type nature int

const (
	compressible nature = iota // by what is in it
	repeating                  // only by what was in messages before it
	noise                      // not at all
)

func (mk *maker) next() drawn {
	var d drawn
	switch n := mk.size(); mk.rnd.IntN(8) {
	case 0, 1, 2:
		d = drawn{message: text(mk.json(n)), nature: compressible}
	case 3, 4:
		d = drawn{message: text(mk.prose(n)), nature: compressible}
	case 5:
		d = drawn{message: binary(mk.run(n)), nature: compressible}
	case 6:
		d = drawn{message: binary(mk.repeat(n)), nature: repeating}
	default:
		d = drawn{message: binary(mk.noise(n)), nature: noise}
	}
	d.size = len(d.data)
	mk.remember(d.data)
	return d
}

// borders are sizes at which the header of a frame changes, or a buffer is full.
var borders = []int{0, 1, 125, 126, 127, 0, 1024, 65_535, 2, 65_536, 4096, 8192, largest}

// size favours small messages. One in seven is at a border; of the others half are
// shorter than 300 bytes. 10,000 messages are 145 MB.
func (mk *maker) size() int {
	mk.drawn++
	if mk.drawn%7 == 0 {
		return borders[mk.drawn/7%len(borders)]
	}
	return int(math.Pow(largest, math.Pow(mk.rnd.Float64(), 1.15)))
}

func (mk *maker) json(n int) string {
	b := append(make([]byte, 0, n+128), '[')
	for len(b) < n {
		b = fmt.Appendf(b, `{"id":%d,"name":"%s %s","price":%d.%02d,"tags":["%s"],"active":%t},`,
			mk.rnd.Uint32(), mk.word(), mk.word(), mk.rnd.IntN(1000), mk.rnd.IntN(100), mk.word(), mk.rnd.IntN(2) == 0)
	}
	return wholeRunes(b, n)
}

func (mk *maker) prose(n int) string {
	b := make([]byte, 0, n+16)
	for len(b) < n {
		b = append(append(b, mk.word()...), ' ')
	}
	return wholeRunes(b, n)
}

var words = []string{
	"the", "of", "wind", "harbour", "quay", "anchor", "rope", "ship", "tide", "sail",
	"größe", "straße", "été", "cœur", "mañana", "море", "корабль", "волна", "海", "港口", "船", "灯台", "⚓", "🌊", "🧭",
}

func (mk *maker) word() string { return words[mk.rnd.IntN(len(words))] }

// wholeRunes cuts text to n bytes; what that leaves of a cut character becomes dots.
func wholeRunes(text []byte, n int) string {
	text = text[:n]
	last := n - 1
	for last > 0 && !utf8.RuneStart(text[last]) {
		last--
	}
	if n > 0 && !utf8.FullRune(text[last:]) {
		for i := last; i < n; i++ {
			text[i] = '.'
		}
	}
	return string(text)
}

// run repeats a few bytes over and over, as pictures and padding do.
func (mk *maker) run(n int) []byte {
	unit := mk.noise(1 + mk.rnd.IntN(60))
	b := make([]byte, n)
	for at := 0; at < n; at += copy(b[at:], unit) {
	}
	return b
}

func (mk *maker) noise(n int) []byte {
	b := make([]byte, n+8)
	for i := 0; i < n; i += 8 {
		x := mk.rnd.Uint64()
		for j := range 8 {
			b[i+j] = byte(x >> (8 * j))
		}
	}
	return b[:n]
}

// repeat copies pieces of what was sent before, from distances up to and beyond
// that of a window: one of 512 bytes, 1, 4 or 32 KiB.
func (mk *maker) repeat(n int) []byte {
	n = min(n, 4096)
	b := make([]byte, 0, n)
	for len(b) < n {
		window := 1 << []int{9, 10, 12, 15}[mk.rnd.IntN(4)]
		from := len(mk.past) + len(b) - window + mk.rnd.IntN(64) - 32
		length := min(3+mk.rnd.IntN(256), n-len(b))
		if from < 0 || from+length > len(mk.past) {
			b = append(b, mk.noise(length)...)
			continue
		}
		b = append(b, mk.past[from:from+length]...)
	}
	return b
}

func (mk *maker) remember(data []byte) {
	mk.past = append(mk.past, data...)
	if over := len(mk.past) - pastKept; over > 0 {
		mk.past = append(mk.past[:0], mk.past[over:]...)
	}
}
