package fuzz_test

import (
	"bytes"
	"testing"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
)

// FuzzDeflate: what is compressed inflates to what it was, by compress/flate and by
// our own side with no more of a window than was agreed on; over messages that refer
// to those before, whole or in parts, by engines that are lent, also after a message
// that was not sent.
func FuzzDeflate(f *testing.F) {
	texts := seeds.Texts()
	seeds.Need(f, texts, 100)
	for i, p := range texts {
		next := texts[(i+1)%len(texts)]
		if len(p) < 3000 && len(next) < 3000 {
			f.Add(inOne(p, next, p, append(bytes.Clone(next), p...)), uint8(i), uint8(i/3), uint8(i*13), someCuts[i%6])
		}
	}
	f.Add(inOne(bytes.Repeat([]byte("ab"), 700), nil, bytes.Repeat([]byte("ab"), 700)), uint8(8), uint8(9), uint8(255), []byte{1, 0, 255})
	f.Fuzz(func(t *testing.T, messages []byte, bits, level, how uint8, cuts []byte) {
		if len(messages) > 16<<10 || len(cuts) > 64 {
			return
		}
		terms := conn.Terms{WindowBits: 8 + int(bits&7), Takeover: bits&8 != 0}
		out, in := conn.NewDeflater(terms, int(level%10)), conn.NewInflater(terms)
		var engines [2]conn.DeflateEngine
		var inflating conn.InflateEngine
		var before []byte
		list := apart(messages)
		if how&1 != 0 && len(list) > 0 { // longer than any window
			list = append(list, bytes.Repeat(list[0], min(len(messages), 80<<10/(len(list[0])+1))), list[0])
		}
		for i, say := range list {
			e, other := &engines[int(how>>(i%4))&1], &engines[1-int(how>>(i%4))&1]
			if how>>(i%5)&2 != 0 { // the other engine may be lent for the next message
				lost := out.Message(other, nil, append([]byte("lost"), say...))
				out.Unsent()
				if len(lost) == 0 {
					t.Fatal("nothing for a message that says something")
				}
			}
			said := bytes.Clone(say)
			wire := []byte("before")
			if whole := how>>(i%3)&4 != 0; whole {
				wire = out.Message(e, wire, say)
				out.Sent(say)
			} else {
				var parts [][]byte
				for part := range cut(say, cuts) {
					parts = append(parts, part)
				}
				out.Begin(e)
				for j, part := range parts {
					wire = out.Part(e, wire, part, j == len(parts)-1)
				}
				out.SentParts(e)
			}
			if !bytes.Equal(say, said) || !bytes.HasPrefix(wire, []byte("before")) {
				t.Fatal("what was to be compressed, or was there before, has changed")
			}
			wire = wire[len("before"):]
			if got, whole := byStandardLibrary(wire, before); !whole || !bytes.Equal(got, say) {
				t.Fatalf("message %d, %x: %x, which by compress/flate says %x, whole %v", i, say, wire, got, whole)
			}
			got, v := ourInflate(t, &in, &inflating, wire, cuts, nil)
			if v != nil || !inflating.Ended() || !bytes.Equal(got, say) {
				t.Fatalf("message %d, %x: %x, which says %x to us, %v", i, say, wire, got, v)
			}
			in.End(&inflating, got[max(0, len(got)-1<<terms.WindowBits):])
			if terms.Takeover {
				before = append(before, say...)
				before = before[max(0, len(before)-1<<terms.WindowBits):]
			}
		}
	})
}
