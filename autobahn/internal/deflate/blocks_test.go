package deflate

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"testing"
)

// standard inflates a payload with the standard library, which knows nothing of
// messages: what follows a final block is inflated as a stream of its own, with
// the same window. The payload is given two different blocks in place of the
// removed one, so that only one that ends where LEN belongs is accepted.
func standard(p []byte) ([]byte, bool) {
	inflate := func(tail string) ([]byte, bool) {
		// Then a final block, without which the standard library misses the end.
		in := bytes.NewReader(append(append([]byte{}, p...), tail+"\x01\x00\x00\xFF\xFF"...))
		var out []byte
		for in.Len() > 0 {
			part, err := io.ReadAll(flate.NewReaderDict(in, out[max(0, len(out)-32768):]))
			if out = append(out, part...); err != nil {
				return nil, false
			}
		}
		return out, true
	}
	one, ok := inflate("\x01\x00\xFE\xFFA")
	if !ok || !bytes.HasSuffix(one, []byte("A")) {
		return nil, false
	}
	two, ok := inflate("\x02\x00\xFD\xFFAB")
	if !ok || string(two) != string(one)+"B" {
		return nil, false
	}
	return one[:len(one)-1], true
}

// both inflates a payload with both inflaters, which must agree with want.
func both(t *testing.T, p, want []byte) {
	t.Helper()
	got, err := NewInflater(15, false).Message(nil, p, -1)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("inflated %x to %d bytes, want %d: %v", p[:min(len(p), 40)], len(got), len(want), err)
	}
	if got, ok := standard(p); !ok || !bytes.Equal(got, want) {
		t.Errorf("standard library: inflated %x to %d bytes, want %d: %v", p[:min(len(p), 40)], len(got), len(want), ok)
	}
}

func TestBlocksStored(t *testing.T) {
	for _, n := range []int{0, 1, 5, 65535, 65536, 200_000} {
		p := make([]byte, n)
		r := rand.New(rand.NewPCG(1, 0))
		for i := range p {
			p[i] = byte(r.Uint64())
		}
		both(t, new(Blocks).Stored(p, false).Flush().Payload(), p)
		both(t, new(Blocks).Stored(p, true).Flush().Payload(), p)
		both(t, new(Blocks).Fixed(false).End().Stored(p, false).Flush().Payload(), p)
	}
}

func TestBlocksLiterals(t *testing.T) {
	p := make([]byte, 256)
	for i := range p {
		p[i] = byte(i)
	}
	both(t, new(Blocks).Fixed(false).Literals(p).End().Flush().Payload(), p)
	both(t, new(Blocks).Fixed(true).Literals(p).End().Flush().Payload(), p)
	both(t, new(Blocks).Fixed(true).Literals(p[:9]).End().Fixed(false).Literals(p[9:]).End().Flush().Payload(), p)
}

// Every length, and every distance that is the first or last of its symbol.
func TestBlocksMatch(t *testing.T) {
	p := make([]byte, 32768)
	r := rand.New(rand.NewPCG(2, 0))
	for i := range p {
		p[i] = byte(r.Uint64())
	}
	b, want := new(Blocks).Stored(p, false).Fixed(false), bytes.Clone(p)
	match := func(length, distance int) {
		b.Match(length, distance)
		for range length {
			want = append(want, want[len(want)-distance])
		}
	}
	for length := 3; length <= 258; length++ {
		match(length, 1+length*127)
	}
	for n := 1; n <= 32768; n *= 2 {
		for _, distance := range []int{n - 1, n, n + 1, n + n/2, n + n/2 + 1} {
			if 1 <= distance && distance <= 32768 {
				match(3+n%256, distance)
			}
		}
	}
	both(t, b.End().Flush().Payload(), want)
}

// RFC 7692 §7.2.3: the examples of the RFC.
func TestBlocksExamples(t *testing.T) {
	hello := []byte("Hello")
	for _, row := range []struct {
		name string
		got  *Blocks
		want []byte
		text string
	}{
		{"one block, 7.2.3.1", new(Blocks).Fixed(false).Literals(hello).End().Flush(),
			[]byte{0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00}, "Hello"},
		{"no compression, 7.2.3.3", new(Blocks).Stored(hello, false).Flush(),
			[]byte{0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00}, "Hello"},
		{"BFINAL, 7.2.3.4", new(Blocks).Fixed(true).Literals(hello).End().Flush(),
			[]byte{0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00}, "Hello"},
		{"two blocks, 7.2.3.5", new(Blocks).Fixed(false).Literals(hello[:2]).End().Flush().Fixed(false).Literals(hello[2:]).End().Flush(),
			[]byte{0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00}, "Hello"},
		{"empty, 7.2.3.6", new(Blocks).Flush(), []byte{0x00}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := row.got.Payload(); !bytes.Equal(got, row.want) {
				t.Errorf("%x, want %x", got, row.want)
			}
			both(t, row.want, []byte(row.text))
		})
	}
}

func TestBombIsSmall(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 257, 258, 259, 260, 261, 262, 516, 517, 518, 1000, 4096, 65536, 1<<20 + 1, 16 << 20} {
		p := Bomb(n)
		both(t, p, make([]byte, n))
		if most := n/1030 + 40; len(p) > most {
			t.Errorf("%d bytes: %d, want %d at most", n, len(p), most)
		}
	}
}
