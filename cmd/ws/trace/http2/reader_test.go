package http2

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
	"github.com/hawser-ws/websocket/internal/h2"
)

// raw is a frame.
func raw(t h2.Type, flags h2.Flags, stream uint32, payload string) []byte {
	h := h2.FrameHeader{Length: uint32(len(payload)), Type: t, Flags: flags, Stream: stream}
	return append(h2.AppendFrameHeader(nil, h), payload...)
}

// said writes down what a Reader finds. Pieces of DATA that follow each other are joined.
type said struct {
	strings.Builder
	data  []byte
	began int
	pure  bool // a piece was delivered since Begin
}

func (s *said) Begin(*Frame) { s.began++; s.pure = false }

func (s *said) Data(f *Frame, c reassembly.Chunk) {
	if c.Lost > 0 {
		s.data = fmt.Appendf(s.data, "<%d lost>", c.Lost)
		return
	}
	if c.Start == s.pure {
		s.data = append(s.data, "<start again>"...)
	}
	s.pure = true
	s.data = append(s.data, c.Data...)
}

func (s *said) Torn(f *Frame) { fmt.Fprintf(s, "torn %d\n", f.Stream) }

func (s *said) End(f *Frame) {
	fmt.Fprintf(s, "%v %d %#x at %d: %q%q", f.Type, f.Stream, uint8(f.Flags), f.Offset, s.data, f.Payload)
	if f.Missing {
		s.WriteString(" missing")
	}
	s.WriteString("\n")
	s.data = nil
}

// boundary reports whether a frame begins next.
func (r *Reader) boundary() bool { return r.phase == atHeader && r.have == 0 }

// feed reads wire in pieces of n bytes.
func feed(wire []byte, n int) string {
	s := &said{}
	r := Reader{To: s}
	for i := 0; i < len(wire); i += n {
		r.Feed(reassembly.Chunk{Data: wire[i:min(len(wire), i+n)], Offset: int64(i), Packet: i})
	}
	if !r.boundary() {
		s.WriteString("in the middle\n")
	}
	return s.String()
}

var frames = bytes.Join([][]byte{
	raw(h2.TypeSettings, 0, 0, "\x00\x03\x00\x00\x00\x64"),
	raw(h2.TypeHeaders, h2.FlagEndHeaders, 1, "abc"),
	raw(h2.TypeData, 0, 1, "hello"),
	raw(h2.TypeData, h2.FlagPadded, 1, "\x03hello\x00\x00\x00"),
	raw(h2.TypeData, h2.FlagPadded, 1, "\x09all"),
	raw(h2.TypeData, h2.FlagPadded, 1, "\x00"),
	raw(h2.TypeData, h2.FlagEndStream, 1, ""),
	raw(h2.TypePing, 0, 0, "12345678"),
	raw(0x77, 0xff, 3, "what"),
	raw(h2.TypeGoAway, 0, 0, "\x00\x00\x00\x01\x00\x00\x00\x00bye"),
}, nil)

const framesSay = `SETTINGS 0 0x0 at 0: """\x00\x03\x00\x00\x00d"
HEADERS 1 0x4 at 15: """abc"
DATA 1 0x0 at 27: "hello"""
DATA 1 0x8 at 41: "hello"""
DATA 1 0x8 at 59: """"
DATA 1 0x8 at 72: """"
DATA 1 0x1 at 82: """"
PING 0 0x0 at 91: """" missing
frame type 0x77 3 0xff at 108: """" missing
GOAWAY 0 0x0 at 121: """\x00\x00\x00\x01\x00\x00\x00\x00bye"
`

// However the bytes are cut, the frames are the same.
func TestReader(t *testing.T) {
	for n := 1; n <= len(frames); n++ {
		if got := feed(frames, n); got != framesSay {
			t.Fatalf("in pieces of %d bytes:\n%s\nwant\n%s", n, got, framesSay)
		}
	}
	if got := feed(raw(h2.TypeHeaders, 0, 1, strings.Repeat("a", maxGathered+1)), 1000); got != "HEADERS 1 0x0 at 0: \"\"\"\" missing\n" {
		t.Errorf("too long: %.100s", got)
	}
	if got := feed(frames[:20], 7); !strings.HasSuffix(got, "in the middle\n") {
		t.Errorf("cut short: %s", got)
	}
}

// A hole costs what it covers. The next frame is known if the hole ends before it, or at it.
func TestReaderHoles(t *testing.T) {
	data := raw(h2.TypeData, 0, 1, "0123456789")
	padded := raw(h2.TypeData, h2.FlagPadded, 1, "\x0401234\x00\x00\x00\x00")
	headers := raw(h2.TypeHeaders, 0, 3, "0123456789")
	ping := raw(h2.TypePing, 0, 0, "12345678")
	const next = "WINDOW_UPDATE 0 0x0 at 100: \"\"\"1234\"\n"
	for _, test := range []struct {
		name     string
		wire     []byte
		from, to int
		known    bool
		says     string
	}{
		{"in DATA", data, 11, 14, true, "DATA 1 0x0 at 0: \"01<3 lost>56789\"\"\"\n" + next},
		{"all of DATA", data, 9, 19, true, "DATA 1 0x0 at 0: \"<10 lost>\"\"\"\n" + next},
		{"beyond DATA", data, 17, 21, false, "DATA 1 0x0 at 0: \"01234567<2 lost>\"\"\"\n"},
		{"DATA and padding", padded, 12, 17, true, "DATA 1 0x8 at 0: \"01<3 lost>\"\"\"\n" + next},
		{"padding", padded, 16, 18, true, "DATA 1 0x8 at 0: \"01234\"\"\" missing\n" + next},
		{"the length of the padding", padded, 9, 11, true, "torn 1\nDATA 1 0x8 at 0: \"\"\"\"\n" + next},
		{"all of padded DATA", padded, 9, 19, true, "torn 1\nDATA 1 0x8 at 0: \"\"\"\"\n" + next},
		{"in HEADERS", headers, 11, 14, true, "HEADERS 3 0x0 at 0: \"\"\"\" missing\n" + next},
		{"in a PING", ping, 11, 17, true, "PING 0 0x0 at 0: \"\"\"\" missing\n" + next},
		{"in a header", ping, 4, 9, false, ""},
		{"at a boundary", ping, 0, 9, false, ""},
	} {
		s := &said{}
		r := Reader{To: s}
		r.Feed(reassembly.Chunk{Data: test.wire[:test.from]})
		if got := r.Lost(reassembly.Chunk{Lost: int64(test.to - test.from)}); got != test.known {
			t.Errorf("%s: the boundary is known: %v", test.name, got)
		} else if got {
			r.Feed(reassembly.Chunk{Data: test.wire[min(test.to, len(test.wire)):]})
			r.Feed(reassembly.Chunk{Data: raw(h2.TypeWindowUpdate, 0, 0, "1234"), Offset: 100})
		}
		if s.String() != test.says {
			t.Errorf("%s:\n got %s\nwant %s", test.name, s.String(), test.says)
		}
	}
}

// FuzzReader cuts bytes in pieces: what is found is the same. With holes, every byte of DATA is
// delivered or lost, and what the holes do not touch is as it was.
func FuzzReader(f *testing.F) {
	f.Add(frames, []byte{1, 9, 4})
	f.Add(append(bytes.Clone(frames), frames...), []byte{100, 0x83, 30, 0x88, 200})
	f.Fuzz(func(t *testing.T, wire, cuts []byte) {
		if len(wire) > 1<<16 {
			return
		}
		whole := feed(wire, max(1, len(wire)))
		s := &said{}
		r := Reader{To: s}
		rest, at, holes := wire, 0, false
		for _, c := range slices.Concat(cuts, []byte{0}) {
			n := min(len(rest), int(c&0x7f))
			if c == 0 {
				n = len(rest)
			}
			if c&0x80 != 0 && n > 0 {
				holes = true
				if !r.Lost(reassembly.Chunk{Lost: int64(n), Offset: int64(at)}) {
					return
				}
			} else {
				r.Feed(reassembly.Chunk{Data: rest[:n], Offset: int64(at)})
			}
			rest, at = rest[n:], at+n
		}
		got := s.String()
		if !r.boundary() {
			got += "in the middle\n"
		}
		if !holes && got != whole {
			t.Fatalf("got\n%s\nwant\n%s", got, whole)
		}
		if holes {
			before, after := strings.Split(whole, "\n"), strings.Split(got, "\n")
			if a, b := count(before), count(after); a != b {
				t.Fatalf("%d frames, without holes %d", b, a)
			}
		}
		if r.Weight() > 512+2*maxGathered {
			t.Fatalf("it weighs %d", r.Weight())
		}
	})
}

// count counts the lines about frames.
func count(lines []string) (n int) {
	for _, l := range lines {
		if strings.Contains(l, " at ") {
			n++
		}
	}
	return n
}
