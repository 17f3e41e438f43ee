package deflate

import (
	"bytes"
	"compress/flate"
	"io"
	"testing"

	kflate "github.com/klauspost/compress/flate"
)

// A stream is an Encoder's, with all that went through it.
type stream struct {
	t       testing.TB
	e       *Encoder
	window  int
	history []byte
	plain   []byte // history, then the messages
	sent    []byte // what they became, with each 00 00 FF FF
	kinds   [3]int
}

func newStream(t testing.TB, e *Encoder, windowBits, level int, history []byte) *stream {
	e.Reset(windowBits, level)
	if history != nil {
		e.Prime(history)
	}
	return &stream{t: t, e: e, window: 1 << windowBits, history: history, plain: bytes.Clone(history)}
}

// message compresses one message, in as many Appends as there are parts, before which the Encoder is shown `keep`
// bytes of what precedes, and inflates it again with no more than those. It returns the size.
func (s *stream) message(keep int, parts ...[]byte) int {
	s.t.Helper()
	var out []byte
	for _, part := range parts {
		before := s.plain[max(0, len(s.plain)-keep):]
		buf := append(bytes.Clone(before), part...)
		intact := bytes.Clone(buf)
		out = s.e.Append(out, buf, len(before))
		if !bytes.Equal(buf, intact) {
			s.t.Fatal("Append modified its input")
		}
		s.plain = append(s.plain, part...)
		keep += len(part) // as if all of the message were in the buffer
	}
	out = s.e.Flush(out)
	if !bytes.HasSuffix(out, []byte{0, 0, 0xff, 0xff}) {
		s.t.Fatalf("a message ends with %x", out[max(0, len(out)-4):])
	}
	s.sent = append(s.sent, out...)

	n := 0
	for _, part := range parts {
		n += len(part)
	}
	from := len(s.plain) - n
	known := max(0, from-(keep-n))
	f := inflater{in: out, out: bytes.Clone(s.plain[known:from])}
	if err := f.blocks(); err != nil {
		s.t.Fatalf("message of %d bytes: %v", n, err)
	}
	if !bytes.Equal(f.out, s.plain[known:]) {
		s.t.Fatalf("message of %d bytes: inflates to other bytes", n)
	}
	if f.farthest > s.window {
		s.t.Fatalf("distance %d in a window of %d", f.farthest, s.window)
	}
	// Five bytes for each stored block, the empty one included, and a bit or two.
	if most := n + 5*(n/(maxBlock-maxMatch)+1+len(parts)) + 1; len(out) > most {
		s.t.Fatalf("%d bytes became %d", n, len(out))
	}
	for i, k := range f.kinds {
		s.kinds[i] += k
	}
	return len(out)
}

// end inflates the whole stream with decoders that others made.
func (s *stream) end() {
	s.t.Helper()
	history := s.history[max(0, len(s.history)-s.window):]
	want := s.plain[len(s.history):]
	final := append(bytes.Clone(s.sent), 1, 0, 0, 0xff, 0xff)
	for name, r := range map[string]io.Reader{
		"compress/flate": flate.NewReaderDict(bytes.NewReader(final), history),
		"klauspost":      kflate.NewReaderDict(bytes.NewReader(final), history),
	} {
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, want) {
			s.t.Fatalf("%s: %d bytes of %d, %v", name, len(got), len(want), err)
		}
	}
}
