package http2

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/internal/h2"
)

func join(frames ...[]byte) []byte { return bytes.Join(frames, nil) }

// A chain of frames is found where it begins, and nothing else is taken for one.
func TestFind(t *testing.T) {
	ping, update := raw(h2.TypePing, 0, 0, "12345678"), raw(h2.TypeWindowUpdate, 0, 0, "\x00\x00\x10\x00")
	data := func(stream uint32, n int) []byte { return raw(h2.TypeData, 0, stream, strings.Repeat("x", n)) }
	for _, test := range []struct {
		name   string
		p      []byte
		starts []int
		enough int
		at     int // -1: nowhere
	}{
		{"two with fixed lengths", join(ping, update), []int{0, 17}, ProofAlone, 0},
		{"after the rest of something", join([]byte(strings.Repeat("rest", 100)), ping, update, data(1, 9)), []int{0, 400, 417}, ProofAlone, 400},
		{"the same one again and again", join(ping, ping, ping, ping, ping), []int{0, 17, 34, 51, 68}, ProofAlone, -1},
		{"the same, where HTTP/2 is known", join(ping, ping), []int{0, 17}, ProofAgain, 0},
		{"DATA of three lengths", join(data(1, 9), data(1, 10), data(3, 11)), []int{0, 18, 37}, ProofAlone, 0},
		{"DATA without a boundary of segments", join(data(1, 9), data(1, 10), data(3, 11)), []int{0}, ProofAlone, -1},
		{"begins inside a segment", join([]byte("rest"), ping, update), []int{0}, ProofAgain, -1},
		{"cut short in a payload", join(ping, update, data(1, 100)[:50]), []int{0}, ProofAlone, 0},
		{"cut short in a header", join(ping, update, data(1, 100)[:5]), []int{0}, ProofAlone, 0},
		{"what follows is none", join(ping, update, []byte("what follows is none")), []int{0}, ProofAlone, -1},
		{"a field block with its continuation", join(raw(h2.TypeHeaders, 0, 1, "abc"), raw(h2.TypeContinuation, 4, 1, "d"), ping, update), []int{0}, ProofAlone, 0},
		{"a field block without it", join(raw(h2.TypeHeaders, 0, 1, "abc"), ping, update), []int{0}, ProofAlone, -1},
		{"a continuation alone", join(raw(h2.TypeContinuation, 4, 1, "d"), ping, update), []int{0}, ProofAlone, -1},
		{"flags that are not defined", join(raw(h2.TypePing, 0x10, 0, "12345678"), update), []int{0}, ProofAgain, -1},
		{"an even stream", join(data(2, 10), ping, update), []int{0}, ProofAgain, -1},
		{"the reserved bit", join([]byte("\x00\x00\x08\x06\x00\x80\x00\x00\x0012345678"), update), []int{0}, ProofAgain, -1},
		{"a priority", join(raw(h2.TypePriorityUpdate, 0, 0, "\x00\x00\x00\x01u=3"), ping, update), []int{0}, ProofAlone, 0},
		{"a type that is not known", join(raw(0x77, 0, 0, "1"), ping, update), []int{0}, ProofAlone, -1},
		{"zeros", make([]byte, 1000), []int{0, 100, 200}, ProofAgain, -1},
		{"nothing", nil, nil, ProofAgain, -1},
	} {
		at, ok := Find(test.p, test.starts, test.enough)
		if !ok {
			at = -1
		}
		if at != test.at {
			t.Errorf("%s: %d, want %d", test.name, at, test.at)
		}
	}
}

// Random bytes, and bytes of which most are zero, are no HTTP/2.
func TestFindNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		p := make([]byte, 3000)
		for k := range p {
			if p[k] = byte(r.Uint32()); i%2 == 1 && r.IntN(4) > 0 {
				p[k] = byte(r.IntN(r.IntN(6) + 1))
			}
		}
		if at, ok := Find(p, []int{0, 500, 1000, 1500, 2000, 2500}, ProofAlone); ok {
			t.Fatalf("round %d: found at %d: % x", i, at, p[at:min(len(p), at+60)])
		}
	}
}

func TestRole(t *testing.T) {
	s := newSender()
	for _, test := range []struct {
		name string
		p    []byte
		want Role
	}{
		{"GET", raw(h2.TypeHeaders, 4, 1, string(s.block(":method:GET"))), Requests},
		{"CONNECT", raw(h2.TypeHeaders, 4, 1, string(s.block(":method:CONNECT"))), Requests},
		{"a literal that is not kept", raw(h2.TypeHeaders, 4, 1, "\x02\x03PUT"), Requests},
		{"200", raw(h2.TypeHeaders, 4, 1, string(s.block(":status:200"))), Responses},
		{"299, padded", raw(h2.TypeHeaders, 4|h2.FlagPadded, 1, "\x01"+string(s.block(":status:299"))+"\x00"), Responses},
		{"from the table, then a status", join(raw(h2.TypeHeaders, 4, 1, "\xbe"), raw(h2.TypeHeaders, 4, 3, "\x88")), Responses},
		{"a size", raw(h2.TypeHeaders, 4, 1, "\x20\x82"), Either},
		{"an empty one", raw(h2.TypeHeaders, 4, 1, ""), Either},
		{"too much padding", raw(h2.TypeHeaders, 4|h2.FlagPadded, 1, "\x09\x82"), Either},
		{"cut short", raw(h2.TypeHeaders, 4, 1, "\x82\x82")[:10], Either},
		{"no head", raw(h2.TypePing, 0, 0, "12345678"), Either},
	} {
		if got := RoleOf(test.p); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

// FuzzFind holds what is found against the rules: all up to the end is frames.
func FuzzFind(f *testing.F) {
	f.Add(frames, []byte{0, 15})
	f.Add(join(frames, frames), []byte{7, 134})
	f.Fuzz(func(t *testing.T, p, at []byte) {
		var starts []int
		for i, last := 0, 0; i < len(at); i++ {
			if last += int(at[i]); last < len(p) {
				starts = append(starts, last)
			}
		}
		for _, enough := range []int{ProofAgain, ProofAlone} {
			begin, ok := Find(p, starts, enough)
			if !ok {
				continue
			}
			n := 0
			for rest := p[begin:]; len(rest) >= h2.FrameHeaderSize; n++ {
				h := h2.ParseFrameHeader(rest)
				if err := h.CheckSize(largest); err != nil {
					t.Fatalf("found at %d: %v", begin, err)
				}
				rest = rest[min(len(rest), h2.FrameHeaderSize+int(h.Length)):]
			}
			if n < enough/(bitsFixed+bitsBoundary) {
				t.Fatalf("%d frames are enough", n)
			}
			RoleOf(p[begin:])
		}
	})
}
