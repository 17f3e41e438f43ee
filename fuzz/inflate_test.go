package fuzz_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"testing"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
)

// maxSaid bounds what a message may say here.
const maxSaid = 1 << 18

// inOne puts payloads into one input, each with its length before it; apart takes
// them out again. What is left is the last.
func inOne(payloads ...[]byte) (all []byte) {
	for _, p := range payloads {
		all = binary.BigEndian.AppendUint16(all, uint16(len(p)))
		all = append(all, p...)
	}
	return all
}

func apart(all []byte) (payloads [][]byte) {
	for len(all) > 2 && len(payloads) < 8 {
		n := min(int(binary.BigEndian.Uint16(all)), len(all)-2)
		payloads, all = append(payloads, all[2:2+n]), all[2+n:]
	}
	return payloads
}

// byStandardLibrary is what compress/flate makes of a message, up to maxSaid bytes,
// with what was said before it. It stops at a final block, behind which a message may
// go on (RFC 7692 §7.2.3.4), so it is begun again there.
func byStandardLibrary(payload, before []byte) (said []byte, whole bool) {
	in := bytes.NewReader(append(bytes.Clone(payload), conn.Trailer...))
	for in.Len() > 0 {
		context := append(bytes.Clone(before), said...)
		r := flate.NewReaderDict(in, context[max(0, len(context)-1<<15):])
		more, err := io.ReadAll(io.LimitReader(r, maxSaid+1-int64(len(said))))
		said = append(said, more...)
		switch {
		case len(said) > maxSaid:
			return said, false
		case err == io.ErrUnexpectedEOF && in.Len() == 0:
			// Whether the block had ended is not for it to say: a final, empty block
			// behind it is read if it had.
			return said, endsAt(payload, before)
		case err != nil:
			return said, false
		}
	}
	return said, true
}

// endsAt reports whether a message ends between two blocks.
func endsAt(payload, before []byte) bool {
	closed := append(append(bytes.Clone(payload), conn.Trailer...), 1, 0, 0, 0xff, 0xff)
	in := bytes.NewReader(closed)
	said := []byte(nil)
	for in.Len() > 0 {
		context := append(bytes.Clone(before), said...)
		r := flate.NewReaderDict(in, context[max(0, len(context)-1<<15):])
		more, err := io.ReadAll(io.LimitReader(r, maxSaid+1))
		if said = append(said, more...); err != nil {
			return false
		}
	}
	return true
}

// ourInflate is what our side makes of a message: it is given in pieces, with room in
// turn for as much as rooms say. v is why it was refused.
func ourInflate(t *testing.T, f *conn.Inflater, e *conn.InflateEngine, payload, cuts, rooms []byte) (said []byte, v *frame.Violation) {
	t.Helper()
	const border = 0x5a
	window := 1 << f.Terms().WindowBits
	f.Begin(e)
	give := func(piece []byte) {
		for turn := 0; v == nil; turn++ {
			room := 1 << 12
			if len(rooms) > 0 && turn < 512 {
				room = int(rooms[turn%len(rooms)])
			}
			// No more than the window is in sight, between bytes that may not change.
			kept := said[max(0, len(said)-window):]
			base := turn % 3
			buf := bytes.Repeat([]byte{border}, base+len(kept)+room+8)
			copy(buf[base:], kept)
			out := buf[: base+len(kept) : base+len(kept)+room]
			got, used, wrong := e.Inflate(out, base, piece)
			v = wrong
			if len(got) < len(out) || len(got) > cap(out) || used > len(piece) {
				t.Fatalf("%d bytes of %d in room for %d, %d of %d used", len(got)-len(out), len(got), room, used, len(piece))
			}
			for i, b := range buf {
				if (i < base || i >= len(got)) && b != border && i >= base+len(kept)+room || i < base && b != border {
					t.Fatalf("byte %d of %d was touched", i, len(buf))
				}
			}
			if !bytes.Equal(got[base:len(out)], kept) {
				t.Fatal("what was said before has changed")
			}
			said = append(said, got[len(out):]...)
			if v == nil && used < len(piece) && len(got) < cap(got) {
				t.Fatalf("%d of %d used, and there is room", used, len(piece))
			}
			if piece = piece[used:]; len(piece) == 0 && len(got) < cap(got) || len(said) > maxSaid {
				return
			}
			if turn > maxSaid {
				t.Fatal("no end")
			}
		}
	}
	for piece := range cut(payload, cuts) {
		give(piece)
	}
	give([]byte(conn.Trailer))
	return said, v
}

// FuzzInflate: several messages in a row say what compress/flate says they do, in any
// split and any room, with a window that is taken over or not. What one side refuses
// the other has no full reading of, and distances beyond the window are refused.
func FuzzInflate(f *testing.F) {
	deflated := seeds.Deflated()
	seeds.Need(f, deflated, 100)
	for i, p := range deflated {
		next, third := deflated[(i+1)%len(deflated)], deflated[(i+2)%len(deflated)]
		if len(p) < 3000 {
			f.Add(inOne(p, next[:min(len(next), 300)], p, third[:min(len(third), 300)]), uint8(i), someCuts[i%6], someCuts[i/6%6])
		}
	}
	f.Add(inOne([]byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), []byte("\xf2\x00\x11\x00\x00")), uint8(15), []byte{}, []byte{1}) // §7.2.3.2
	f.Add(inOne([]byte("\xf3\x48\xcd\xc9\xc9\x07\x00\x00")), uint8(15), []byte{3}, []byte{2})                            // §7.2.3.4
	f.Add(inOne([]byte{0}, nil, []byte{0}), uint8(8), []byte{}, []byte{})                                                // §7.2.3.6
	f.Fuzz(func(t *testing.T, messages []byte, bits uint8, cuts, rooms []byte) {
		if len(messages) > 4<<10 || len(cuts) > 64 || len(rooms) > 64 {
			return
		}
		terms := conn.Terms{WindowBits: 8 + int(bits&7), Takeover: bits&8 != 0}
		in := conn.NewInflater(terms)
		var engine, other conn.InflateEngine
		var before []byte // all that was said, if the window is taken over
		for i, payload := range apart(messages) {
			e := &engine
			if i%2 == 1 && bits&16 != 0 { // engines are lent
				e = &other
			}
			got, v := ourInflate(t, &in, e, payload, cuts, rooms)
			if len(got) > maxSaid {
				return
			}
			want, whole := byStandardLibrary(payload, before)
			if n := min(len(got), len(want)); !bytes.Equal(got[:n], want[:n]) {
				t.Fatalf("message %d, %x: says %x, by compress/flate %x", i, payload, got, want)
			}
			switch {
			case v == nil && e.Ended():
				if !whole || len(got) != len(want) {
					t.Fatalf("message %d, %x: %d bytes, compress/flate has %d, whole %v", i, payload, len(got), len(want), whole)
				}
			case whole && terms.WindowBits == 15 && v == nil:
				t.Fatalf("message %d, %x: has no end, by compress/flate it does", i, payload)
			case whole && terms.WindowBits == 15 && !stricter(v):
				t.Fatalf("message %d, %x: %v, compress/flate reads %d bytes", i, payload, v, len(want))
			case v != nil && v.Code != 1007:
				t.Fatalf("message %d, %x: %v", i, payload, v)
			}
			if v != nil || !e.Ended() {
				e.Drop()
				return
			}
			in.End(e, got[max(0, len(got)-1<<terms.WindowBits):])
			if terms.Takeover {
				before = append(before, got...)
				before = before[max(0, len(before)-1<<terms.WindowBits):]
			}
		}
	})
}

// stricter is the one reason for which ours refuses what compress/flate takes to its
// end: bits between a final block and the next byte that are not zero.
func stricter(v *frame.Violation) bool { return v.RFC == 7692 && v.Section == "7.2.1" }
