package conn

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/frame"
)

// chat makes messages of which each has something of those before it.
func chat(r *rand.Rand, n int) []byte {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, `{"from":"user-%d","to":"user-%d","sdp":"candidate:%d 1 udp"}`, r.IntN(9), r.IntN(9), r.IntN(1000))
	}
	return []byte(b.String()[:n])
}

// listen inflates a payload as the receiving end does, byte by byte if so asked.
func listen(f *Inflater, payload []byte, step int) ([]byte, *frame.Violation) {
	e := new(InflateEngine)
	f.Begin(e)
	out := make([]byte, 0, 128<<10)
	for p := range slices.Chunk(append(bytes.Clone(payload), Trailer...), step) {
		var v *frame.Violation
		if out, _, v = e.Inflate(out, 0, p); v != nil {
			return out, v
		}
	}
	if !e.Ended() {
		return out, errDeflateEnd
	}
	f.End(e, out)
	return out, nil
}

// Whoever's engines are lent, what is sent is what is understood, and what was not
// sent is not referred to.
func TestDeflaterWithAnyEngine(t *testing.T) {
	for bits := 8; bits <= 15; bits++ {
		for _, takeover := range []bool{false, true} {
			terms := Terms{WindowBits: bits, Takeover: takeover}
			t.Run(fmt.Sprint(terms), func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(bits), 1))
				engines := []*DeflateEngine{{}, {}, {}}
				type stream struct {
					out Deflater
					in  Inflater
				}
				streams := make([]stream, 4)
				for i := range streams {
					streams[i] = stream{NewDeflater(terms, i), NewInflater(terms)}
				}
				for range 120 {
					s := &streams[r.IntN(len(streams))]
					e := engines[r.IntN(len(engines))]
					p := chat(r, r.IntN(3_000))
					if r.IntN(20) == 0 {
						p = chat(r, 100_000)
					}
					var payload []byte
					parts := r.IntN(3) == 0
					if parts {
						s.out.Begin(e)
						at := r.IntN(len(p) + 1)
						payload = s.out.Part(e, nil, p[:at], false)
						payload = s.out.Part(e, payload, p[at:], true)
					} else {
						payload = s.out.Message(e, nil, p)
					}
					if r.IntN(4) == 0 {
						s.out.Unsent()
						continue
					}
					if parts {
						s.out.SentParts(e)
					} else {
						s.out.Sent(p)
					}
					got, v := listen(&s.in, payload, 1+r.IntN(5_000))
					if v != nil || !bytes.Equal(got, p) {
						t.Fatalf("%d bytes, %v; want %d", len(got), v, len(p))
					}
				}
			})
		}
	}
}

// With takeover the window is what helps, whether the engine remembers it or is
// primed with it.
func TestDeflaterTakesOver(t *testing.T) {
	p := chat(rand.New(rand.NewPCG(3, 3)), 2_000)
	for _, takeover := range []bool{false, true} {
		d := NewDeflater(Terms{WindowBits: 15, Takeover: takeover}, 1)
		warm := new(DeflateEngine)
		first := len(d.Message(warm, nil, p))
		d.Sent(p)
		same := len(d.Message(warm, nil, p))
		d.Unsent()
		primed := len(d.Message(new(DeflateEngine), nil, p))
		d.Unsent()
		if !takeover && (same != first || primed != first) {
			t.Errorf("without takeover: %d bytes, then %d and %d", first, same, primed)
		}
		if takeover && (same > first/3 || primed > first/3) {
			t.Errorf("with takeover: %d bytes, then %d, and %d from a window", first, same, primed)
		}
	}
}

func TestDeflaterLevels(t *testing.T) {
	for _, test := range []struct{ bits, level, want int }{
		{15, 0, 1}, {14, 0, 5}, {8, 0, 5}, {15, 9, 9}, {9, 1, 1},
	} {
		d := NewDeflater(Terms{WindowBits: test.bits}, test.level)
		if d.Level() != test.want || d.Terms().WindowBits != test.bits {
			t.Errorf("%d bits, level %d: level %d, terms %v", test.bits, test.level, d.Level(), d.Terms())
		}
	}
}

func TestInflaterRefuses(t *testing.T) {
	for _, test := range []struct {
		payload string
		rfc     uint16
		section string
	}{
		{"\x06", 1951, "3.2.3"},
		{"", 7692, "7.2.2"},
		{"\x00\x06\x00\xf9\xff\x48", 7692, "7.2.2"},
		{"\xf3\x48\xcd\xc9\xc9\x07\x00", 7692, "7.2.2"},
	} {
		f := NewInflater(Terms{WindowBits: 15, Takeover: true})
		_, v := listen(&f, []byte(test.payload), 1)
		if v == nil || v.Code != codeInvalidPayload || v.RFC != test.rfc || v.Section != test.section || len(v.Reason) > frame.MaxReason {
			t.Errorf("%q: %v", test.payload, v)
		}
	}
	f := NewInflater(Terms{WindowBits: 9, Takeover: true})
	if !f.Terms().Takeover {
		t.Error(f.Terms())
	}
	d := NewDeflater(Terms{WindowBits: 15, Takeover: true}, 9)
	e := new(DeflateEngine)
	r := rand.New(rand.NewPCG(5, 5))
	stranger := make([]byte, 600)
	for i := range stranger {
		stranger[i] = byte(r.Uint32())
	}
	if _, v := listen(&f, d.Message(e, nil, stranger), 100); v != nil {
		t.Fatal(v)
	}
	d.Sent(stranger)
	if _, v := listen(&f, d.Message(e, nil, stranger), 100); v == nil || v.RFC != 7692 && v.RFC != 1951 {
		t.Errorf("600 bytes back in a window of 512: %v", v)
	}
}

// A message that refers to what came before its window is told from others that are wrong.
func TestReachesBeforeWindow(t *testing.T) {
	terms := Terms{WindowBits: 15, Takeover: true}
	d, e := NewDeflater(terms, 1), new(DeflateEngine)
	text := []byte(strings.Repeat("what has been said is referred to. ", 10))
	d.Message(e, nil, text)
	d.Sent(text)
	second := slices.Clone(d.Message(e, nil, text))
	for name, test := range map[string]struct {
		payload []byte
		want    bool
	}{
		"a message is missing": {second, true},
		"a reserved block":     {[]byte{0x07}, false},
		"a wrong length":       {[]byte{0x00, 0x05}, false},
	} {
		f := NewInflater(terms)
		_, v := listen(&f, test.payload, len(test.payload))
		if v == nil || ReachesBeforeWindow(v) != test.want {
			t.Errorf("%s: %v, and it reaches before its window: %v", name, v, v != nil && ReachesBeforeWindow(v))
		}
	}
}
