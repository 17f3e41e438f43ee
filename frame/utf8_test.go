package frame

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"

	"github.com/hawser-ws/websocket/internal/guard"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/vectors"
)

// https://www.rfc-editor.org/rfc/rfc6455#section-8.1
//
// "When an endpoint is to interpret a byte stream as UTF-8 but finds that the
// byte stream is not, in fact, a valid UTF-8 stream, that endpoint MUST _Fail
// the WebSocket Connection_."
func TestValidatorVectors(t *testing.T) {
	for _, row := range vectors.Texts {
		t.Run(row.String(), func(t *testing.T) {
			var v Validator
			if got := v.Valid(row.Text); got != (row.Bad < 0) {
				t.Errorf("valid %v, want %v", got, row.Bad < 0)
			}
			if got := v.Complete(); got != row.Complete {
				t.Errorf("complete %v, want %v", got, row.Complete)
			}
			if row.Bad >= 0 {
				if v.Valid(nil) || v.Valid([]byte("and more, ASCII only")) || v.Valid([]byte("\x80\x80\x80")) || v.Complete() {
					t.Error("accepted again after it was refused")
				}
			}
			v.Reset()
			if !v.Valid([]byte("é")) || !v.Complete() {
				t.Error("not ready after Reset")
			}

			v.Reset()
			for i := range row.Text { // refused at the byte that proves it
				want := row.Bad < 0 || i < row.Bad
				if got := v.Valid(row.Text[i : i+1]); got != want {
					t.Errorf("byte %d of %x: valid %v, want %v", i, row.Text, got, want)
				}
			}
			if got := v.Complete(); got != row.Complete {
				t.Errorf("byte by byte: complete %v, want %v", got, row.Complete)
			}

			for i := range len(row.Text) + 1 {
				for j := i; j <= len(row.Text); j++ {
					v.Reset()
					a, b, c := v.Valid(row.Text[:i]), v.Valid(row.Text[i:j]), v.Valid(row.Text[j:])
					if a != (row.Bad < 0 || i <= row.Bad) || b != (row.Bad < 0 || j <= row.Bad) || c != (row.Bad < 0) || v.Complete() != row.Complete {
						t.Fatalf("cut at %d and %d: %v %v %v, complete %v", i, j, a, b, c, v.Complete())
					}
				}
			}
		})
	}
}

func TestValidatorSize(t *testing.T) {
	if size := unsafe.Sizeof(Validator{}); size > 8 {
		t.Errorf("%d bytes on every connection", size)
	}
}

func TestValidatorAllocations(t *testing.T) {
	text := []byte(strings.Repeat("Hello, κόσμε! ", 100))
	if n := testing.AllocsPerRun(100, func() {
		var v Validator
		if !v.Valid(text) || !v.Complete() {
			t.Fatal("refused")
		}
		v.Reset()
		UnmaskValid(text, 0, &v)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// validateKernels are all there are on this machine, and what validate chooses.
var validateKernels = map[string]func(state uint8, p []byte) uint8{
	"generic": validateGeneric,
	"chosen":  validate,
}

// Every sequence of one, two and three bytes, and the boundaries of four.
func TestValidateKernelsExhaustively(t *testing.T) {
	var pairs [1 << 16]int8 // index of the first bad byte, or -1
	for i := range pairs {
		pairs[i] = int8(naive.FirstBad([]byte{byte(i >> 8), byte(i)}))
	}
	bounds := []byte("\x00\x41\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5\xff")

	// What is good in three bytes is the same for every kernel.
	third := func(a, b byte) (good [256]bool) {
		for c := range good {
			switch pair := pairs[int(a)<<8|int(b)]; {
			case pair >= 0:
				good[c] = false
			case a < 0x80: // a stands alone
				good[c] = pairs[int(b)<<8|c] < 0
			default:
				good[c] = naive.FirstBad([]byte{a, b, byte(c)}) < 0
			}
		}
		return good
	}
	type pair struct{ a, b byte }
	thirds := map[pair][256]bool{}
	for i := range pairs {
		if a, b := byte(i>>8), byte(i); pairs[i] < 0 {
			thirds[pair{a, b}] = third(a, b)
		}
	}

	for name, kernel := range validateKernels {
		if name != "generic" {
			continue // so few bytes are for the plain code, whatever is chosen
		}
		t.Run(name, func(t *testing.T) {
			var p [3]byte
			for i := range pairs {
				p[0], p[1] = byte(i>>8), byte(i)
				s1 := kernel(utf8Accepted, p[:1])
				s2 := kernel(s1, p[1:2])
				if got := s1 == utf8Refused; got != (pairs[i] == 0) {
					t.Fatalf("%x: refused %v", p[:1], got)
				}
				if got := s2 == utf8Refused; got != (pairs[i] >= 0) || kernel(utf8Accepted, p[:2]) != s2 {
					t.Fatalf("%x: refused %v, and together %d, apart %d", p[:2], got, kernel(utf8Accepted, p[:2]), s2)
				}
				good := thirds[pair{p[0], p[1]}]
				for c := range good {
					p[2] = byte(c)
					s3 := kernel(s2, p[2:])
					if got := s3 != utf8Refused; got != good[c] {
						t.Fatalf("%x: good %v, want %v", p, got, good[c])
					}
					if got := s3 == utf8Accepted; good[c] && got != utf8.Valid(p[:]) {
						t.Fatalf("%x: complete %v", p, got)
					}
				}
			}
			for _, a := range bounds {
				for _, b := range bounds {
					if pairs[int(a)<<8|int(b)] >= 0 {
						continue
					}
					for _, c := range bounds {
						for _, d := range bounds {
							q := [4]byte{a, b, c, d}
							s, bad := kernel(utf8Accepted, q[:]), naive.FirstBad(q[:])
							if (s != utf8Refused) != (bad < 0) || (s == utf8Accepted) != utf8.Valid(q[:]) {
								t.Fatalf("%x: state %d, first bad byte %d", q, s, bad)
							}
						}
					}
				}
			}
		})
	}
}

// Every vector after and before every amount of ASCII, from every alignment,
// up against a page that cannot be read.
func TestValidateKernels(t *testing.T) {
	const longest = 80
	room := guard.Slice(t, 512)
	for name, kernel := range validateKernels {
		t.Run(name, func(t *testing.T) {
			for _, row := range vectors.Texts {
				for before := range longest {
					for _, after := range []int{0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, longest} {
						if row.Bad < 0 && !row.Complete && after > 0 {
							continue // not the same row any more
						}
						p := room[len(room)-before-len(row.Text)-after:]
						for i := range p {
							p[i] = 'a'
						}
						copy(p[before:], row.Text)
						s := kernel(utf8Accepted, p)
						if (s != utf8Refused) != (row.Bad < 0) || (s == utf8Accepted) != row.Complete {
							t.Fatalf("%s, %d bytes before and %d after: state %d", row, before, after, s)
						}
					}
				}
			}
		})
	}
}

// Texts of every length, cut at every place, with one byte spoilt.
func TestValidateKernelsSpoilt(t *testing.T) {
	text := []byte("Hello, κόσμε! 😀 0123456789abcdef0123456789abcdef é€😀 いろはにほへど")
	for name, kernel := range validateKernels {
		t.Run(name, func(t *testing.T) {
			for n := range len(text) + 1 {
				for i := range n {
					for _, spoil := range []byte{0x80, 0xC3, 0xED, 0xF4, 0xFF} {
						p := bytes.Clone(text[:n])
						p[i] = spoil
						bad := naive.FirstBad(p)
						if bad < 0 {
							bad = n
						}
						if s := kernel(utf8Accepted, p[:bad]); s == utf8Refused {
							t.Fatalf("%x refused before byte %d", p, bad)
						} else if bad < n && kernel(s, p[bad:bad+1]) != utf8Refused {
							t.Fatalf("%x not refused at byte %d", p, bad)
						} else if bad < n && kernel(utf8Accepted, p) != utf8Refused {
							t.Fatalf("%x not refused as a whole", p)
						}
					}
				}
			}
		})
	}
}

func BenchmarkUTF8(b *testing.B) {
	for _, background := range backgrounds {
		for _, n := range []int{1, 8, 15, 32, 64, 125, 256, 1024, 16384, 1 << 20} {
			p := repeated(background.unit, n)
			for _, name := range append(kernels(), "plain") {
				b.Run(fmt.Sprintf("%s/%d/%s", background.name, n, name), func(b *testing.B) {
					only(b, name)
					b.SetBytes(int64(len(p)))
					var v Validator
					for b.Loop() {
						v.Valid(p)
					}
				})
			}
			b.Run(fmt.Sprintf("%s/%d/stdlib", background.name, n), func(b *testing.B) {
				b.SetBytes(int64(len(p)))
				for b.Loop() {
					utf8.Valid(p)
				}
			})
		}
	}
}
