package frame

import (
	"bytes"
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/internal/guard"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/vectors"
)

// unmaskValidKernels are all there are on this machine, and what is chosen.
var unmaskValidKernels = map[string]func(p []byte, key Key, v *Validator) (Key, bool){
	"generic": unmaskValidGeneric,
	"chosen":  unmaskValid,
}

// Every vector at every place in a message, unmasked and validated together.
func TestUnmaskValid(t *testing.T) {
	keyBytes := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	texts := []vectors.Text{
		{Row: vectors.Row{Name: "long"}, Text: bytes.Repeat([]byte("κόσμε "), 5000), Bad: -1, Complete: true},
		{Row: vectors.Row{Name: "bad at once"}, Text: append([]byte("\xff"), make([]byte, 3*fusedBlock)...), Bad: 0},
	}
	for name, kernel := range unmaskValidKernels {
		for _, row := range append(texts, vectors.Texts...) {
			wire := bytes.Clone(row.Text)
			naive.Mask(wire, keyBytes, 0)
			for cut := range min(len(wire), 50) + 1 {
				var v Validator
				p := bytes.Clone(wire)
				k, ok := kernel(p[:cut], key(keyBytes), &v)
				if want := row.Bad < 0 || cut <= row.Bad; ok != want {
					t.Fatalf("%s: %s cut at %d: valid %v, want %v", name, row, cut, ok, want)
				}
				if !ok {
					continue
				}
				k, ok = kernel(p[cut:], k, &v)
				if ok != (row.Bad < 0) || v.Complete() != row.Complete {
					t.Fatalf("%s: %s cut at %d: valid %v, complete %v", name, row, cut, ok, v.Complete())
				}
				if ok && (!bytes.Equal(p, row.Text) || k != after(keyBytes, len(p))) {
					t.Fatalf("%s: %s cut at %d: not unmasked", name, row, cut)
				}
			}
		}
	}
}

// wholeKernel judges whole characters, in texts of at least shortest bytes.
type wholeKernel struct {
	shortest int
	valid    func(p []byte) bool
	unmask   func(p []byte, key Key) bool
}

// wholeKernels are the vector kernels of this machine.
var wholeKernels = map[string]wholeKernel{}

// backgrounds are texts to put faults into.
var backgrounds = []struct{ name, unit string }{
	{"ASCII", "Hello, world. "},
	{"Latin", "Größe, naïveté et cœur déçu à la carte; "},
	{"Cyrillic", "Съешьжеещёэтихмягких"},
	{"Japanese", "いろはにほへど"},
	{"emoji", "\U0001F600\U0001F603\U0001F604"},
	{"mixed", "a é€\U0001F600 0123456789 "},
}

// repeated is unit n times or more, cut where a character ends, at most n bytes.
func repeated(unit string, n int) []byte {
	p := []byte(strings.Repeat(unit, n/len(unit)+1))[:n]
	for len(p) > 0 && !utf8.Valid(p) {
		p = p[:len(p)-1]
	}
	return p
}

// faulty is everything that is not UTF-8, or not all of a character: the
// vectors, and each leader with too little after it.
var faulty = func() (texts [][]byte) {
	for _, row := range vectors.Texts {
		if len(row.Text) <= 12 && !utf8.Valid(row.Text) {
			texts = append(texts, row.Text)
		}
	}
	for _, text := range []string{
		"\x80", "\xBF", "\xC3", "\xE1", "\xE1\x80", "\xF1", "\xF1\x80", "\xF1\x80\x80", // lone, truncated
		"\xC3\x80\x80", "\xE1\x80\x80\x80", "\xF1\x80\x80\x80\x80", // one continuation too many
		"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", // overlong
		"\xED\xA0\x80", "\xED\xBF\xBF", // surrogates
		"\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF5\x90\x80\x80", "\xF7\xBF\xBF\xBF", "\xF8\x88\x80\x80\x80", "\xFB\xBF\xBF\xBF\xBF", // above U+10FFFF
		"\xFC\x84\x80\x80\x80\x80", "\xFE", "\xFF", "\xC0", "\xC1", "\xF5",
	} {
		texts = append(texts, []byte(text))
	}
	return texts
}()

// Every fault at every place of a block, in ASCII and in other text, in the
// middle and at the end.
func TestKernelsFaults(t *testing.T) {
	const places = 131
	ends, _ := fenced(t, 512)
	keyBytes := [4]byte{0x37, 0xFA, 0x21, 0x3D}
	for _, background := range backgrounds {
		text := repeated(background.unit, 300)
		for place := 0; place < places; place += thinned(7) {
			for _, fault := range faulty {
				for _, after := range []int{0, 1, 40, 150} {
					// ASCII before, so that the fault comes to each place in each text.
					before := text[:place]
					for !utf8.Valid(before) {
						before = before[:len(before)-1]
					}
					p := slice(bytes.Repeat([]byte("-"), place-len(before)), before, fault, repeated(background.unit, after))
					judgeEverywhere(t, p, ends(len(p)), keyBytes)
				}
			}
		}
	}
}

func slice(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// judgeEverywhere holds all kernels against naive about p, in memory of the
// same length.
func judgeEverywhere(t *testing.T, p, memory []byte, keyBytes [4]byte) {
	t.Helper()
	bad, complete := naive.FirstBad(p), utf8.Valid(p)
	wire := bytes.Clone(p)
	naive.Mask(wire, keyBytes, 0)
	for name, kernel := range validateKernels {
		copy(memory, p)
		s := kernel(utf8Accepted, memory)
		if (s != utf8Refused) != (bad < 0) || (s == utf8Accepted) != complete {
			t.Fatalf("%s: %x: state %d, first bad byte %d", name, p, s, bad)
		}
		if bad >= 0 {
			if s := kernel(utf8Accepted, p[:bad]); s == utf8Refused || kernel(utf8Accepted, p[:bad+1]) != utf8Refused {
				t.Fatalf("%s: %x: not refused at byte %d", name, p, bad)
			}
		}
	}
	for name, kernel := range unmaskValidKernels {
		copy(memory, wire)
		var v Validator
		next, ok := kernel(memory, key(keyBytes), &v)
		if ok != (bad < 0) || v.Complete() != complete {
			t.Fatalf("%s: %x: valid %v, complete %v, first bad byte %d", name, p, ok, v.Complete(), bad)
		}
		if ok && (!bytes.Equal(memory, p) || next != after(keyBytes, len(p))) {
			t.Fatalf("%s: %x: unmasked to %x, next key %08x", name, p, memory, next)
		}
	}
	for name, kernel := range wholeKernels {
		if len(p) < kernel.shortest {
			continue
		}
		copy(memory, p)
		if got := kernel.valid(memory); got != complete {
			t.Fatalf("%s: %x: valid %v", name, p, got)
		}
		copy(memory, wire)
		if got := kernel.unmask(memory, key(keyBytes)); got != complete || !bytes.Equal(memory, p) {
			t.Fatalf("%s: %x: valid %v, unmasked to %x", name, p, got, memory)
		}
	}
}

// Every two bytes, and a third, where two vectors of 16, 32 and 64 bytes meet.
func TestWholeKernelsExhaustively(t *testing.T) {
	thirds := []byte("\x00\x41\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc2\xdf\xe0\xe1\xed\xef\xf0\xf1\xf4\xf5\xff")
	for name, kernel := range wholeKernels {
		p := bytes.Repeat([]byte("a"), 130)
		for i := 0; i < 1<<16; i += thinned(7) {
			at := [3]int{30 + i%3, 62 + i%3, 14 + i%3}[i/3%3]
			for _, third := range thirds {
				p[at], p[at+1], p[at+2] = byte(i>>8), byte(i), third
				if got := kernel.valid(p); got != utf8.Valid(p[at:at+3]) {
					t.Fatalf("%s: %x at %d: valid %v", name, p[at:at+3], at, got)
				}
			}
			p[at], p[at+1], p[at+2] = 'a', 'a', 'a'
		}
	}
}

// Texts cut in two at every place, good ones and spoilt ones.
func TestKernelsSplit(t *testing.T) {
	keyBytes := [4]byte{0xA5, 0x01, 0x80, 0x7E}
	for _, background := range backgrounds {
		good := repeated(background.unit, 200)
		texts := [][]byte{good, slice(good, []byte("\xF0\x9F\x98"))}
		for _, at := range []int{0, 1, 31, 63, 64, 65, 100, 150, 199} {
			p := bytes.Clone(good)
			p[min(at, len(p)-1)] = 0xED
			texts = append(texts, p)
		}
		for _, p := range texts {
			bad, complete := naive.FirstBad(p), utf8.Valid(p)
			for cut := range len(p) + 1 {
				for name, kernel := range validateKernels {
					s := kernel(utf8Accepted, p[:cut])
					if (s != utf8Refused) != (bad < 0 || cut <= bad) {
						t.Fatalf("%s: %x cut at %d: state %d", name, p, cut, s)
					}
					s = kernel(s, p[cut:])
					if (s != utf8Refused) != (bad < 0) || (s == utf8Accepted) != complete {
						t.Fatalf("%s: %x cut at %d: state %d at the end", name, p, cut, s)
					}
				}
				for name, kernel := range unmaskValidKernels {
					var v Validator
					wire := bytes.Clone(p)
					naive.Mask(wire, keyBytes, 0)
					k, ok := kernel(wire[:cut], key(keyBytes), &v)
					if ok != (bad < 0 || cut <= bad) {
						t.Fatalf("%s: %x cut at %d: valid %v", name, p, cut, ok)
					}
					if !ok {
						if _, ok = kernel(wire[cut:], k, &v); ok {
							t.Fatalf("%s: %x cut at %d: valid again", name, p, cut)
						}
						continue
					}
					k, ok = kernel(wire[cut:], k, &v)
					if ok != (bad < 0) || v.Complete() != complete || ok && (k != after(keyBytes, len(p)) || !bytes.Equal(wire, p)) {
						t.Fatalf("%s: %x cut at %d: valid %v, complete %v, next key %08x, %x", name, p, cut, ok, v.Complete(), k, wire)
					}
				}
			}
		}
	}
}

// Every length, from many alignments and key phases, beside both fences: the
// whole is unmasked, and nothing else.
func TestUnmaskValidKernels(t *testing.T) {
	const longest, room = 4400, 64
	keyBytes := [4]byte{0xA5, 0x01, 0x80, 0x7E}
	last, first := guard.Slice(t, longest+room), guard.Head(t, longest+room)
	blank := make([]byte, longest+room)
	lengths := []int{2000, 4090, 4095, 4096, 4097, 4099, 4160, 4161, 4222, 4223, 4400}
	for n := 0; n <= 1024; n += thinned(5) {
		lengths = append(lengths, n)
	}
	for _, background := range backgrounds {
		text := []byte(strings.Repeat(background.unit, longest/len(background.unit)+1))[:longest]
		var wire [4][]byte // by phase
		for phase := range wire {
			wire[phase] = bytes.Clone(text)
			naive.Mask(wire[phase], keyBytes, phase)
		}
		for _, n := range lengths {
			complete := utf8.Valid(text[:n])
			for align := n % 2; align < 64; align += 1 + n/50 {
				phase := (n + align) % 4
				for _, memory := range [][]byte{last, first} {
					p := memory[align:][:n]
					if &memory[0] == &last[0] {
						p = memory[len(memory)-align-n:][:n]
					}
					check := func(name string) {
						t.Helper()
						if !bytes.Equal(p, text[:n]) {
							t.Fatalf("%s, %s: %d bytes, alignment %d, phase %d: unmasked to %x", name, background.name, n, align, phase, p)
						}
						clear(p)
						if !bytes.Equal(memory, blank) {
							t.Fatalf("%s, %s: %d bytes, alignment %d: wrote outside", name, background.name, n, align)
						}
					}
					for name, kernel := range unmaskValidKernels {
						copy(p, wire[phase])
						var v Validator
						next, ok := kernel(p, after(keyBytes, phase), &v)
						if !ok || v.Complete() != complete || next != after(keyBytes, phase+n) {
							t.Fatalf("%s, %s: %d bytes, alignment %d, phase %d: valid %v, complete %v, next key %08x", name, background.name, n, align, phase, ok, v.Complete(), next)
						}
						check(name)
					}
					for name, kernel := range wholeKernels {
						if n < kernel.shortest {
							continue
						}
						copy(p, wire[phase])
						if kernel.unmask(p, after(keyBytes, phase)) != complete {
							t.Fatalf("%s, %s: %d bytes, alignment %d, phase %d: valid %v", name, background.name, n, align, phase, !complete)
						}
						check(name)
					}
				}
			}
		}
	}
}

// Texts with some bytes exchanged for others, mostly no longer UTF-8.
func TestKernelsRandom(t *testing.T) {
	random := rand.New(rand.NewSource(1)) // the same in each run
	ends, begins := fenced(t, 600)
	for i := range 20000 / thinned(10) {
		var p []byte
		for n := random.Intn(550); len(p) < n; {
			unit := backgrounds[random.Intn(len(backgrounds))].unit
			p = append(p, repeated(unit, random.Intn(40))...)
		}
		for range random.Intn(3) {
			if len(p) > 0 {
				p[random.Intn(len(p))] = byte(random.Intn(256))
			}
		}
		p = p[:random.Intn(len(p)+1)]
		memory := ends(len(p))
		if i%2 == 1 {
			memory = begins(len(p))
		}
		judgeEverywhere(t, p, memory, [4]byte{1, 2, 3, byte(i)})
	}
}

func BenchmarkUnmaskValid(b *testing.B) {
	for _, background := range backgrounds {
		for _, n := range []int{1, 8, 32, 64, 125, 256, 1024, 16384, 65536, 1 << 20} {
			p := repeated(background.unit, n)
			for _, name := range append(kernels(), "plain") {
				b.Run(fmt.Sprintf("%s/%d/%s", background.name, n, name), func(b *testing.B) {
					only(b, name)
					b.SetBytes(int64(len(p)))
					var v Validator
					for b.Loop() {
						UnmaskValid(p, 0, &v)
					}
				})
			}
		}
	}
}
