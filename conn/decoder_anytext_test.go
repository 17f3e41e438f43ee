package conn

import (
	"bytes"
	"slices"
	"testing"

	"github.com/hawser-ws/websocket/frame"
)

// A shell may leave the judgement of text to its users. Everything else is judged as ever.
func TestAcceptAnyText(t *testing.T) {
	var stream []byte
	for _, masked := range []bool{false, true} {
		stream = stream[:0]
		for _, p := range []part{
			{fin | text, "a\xffb"}, {fin | text, "\xe2\x82"}, // within a text, and at its end
			{text, "\xe2"}, {again, "\xff"}, {fin | again, "x"},
			{fin | rsv1 | text, deflated("a\xffb")}, {fin | rsv1 | text, deflated("\xe2\x82")},
			{fin | bin, "\xff"}, {closes, "\x03\xe8\xff"},
		} {
			stream = append(stream, framed(masked, header(p.first), p.payload)...)
		}
		for _, step := range []int{1, 2, 7, len(stream)} {
			s := newDecoderShell(frame.Expectation{Masked: masked, RSV1: true}, Limits{})
			s.d.AcceptAnyText()
			for p := range slices.Chunk(bytes.Clone(stream), step) {
				s.feed(p)
			}
			want := []string{`text "a\xffb"`, `text "\xe2\x82"`, `text "\xe2\xffx"`, `text "a\xffb"`, `text "\xe2\x82"`, `binary "\xff"`}
			if len(s.events) < len(want) || !slices.Equal(s.events[:len(want)], want) {
				t.Errorf("masked %v, in steps of %d: %q, want %q", masked, step, s.events, want)
			}
		}
	}
	// The limit of a message holds for text that nobody judges.
	s := newDecoderShell(frame.Expectation{RSV1: true}, Limits{Message: 4})
	s.d.AcceptAnyText()
	s.feed(framed(false, header(fin|rsv1|text), deflated("\xff\xff\xff\xff\xff")))
	if _, ok := s.refused.(*Exceeded); !ok {
		t.Errorf("refused with %v, want *Exceeded", s.refused)
	}
	// It is for one stream.
	s = newDecoderShell(frame.Expectation{}, Limits{})
	s.d.AcceptAnyText()
	s.d.Init(frame.Expectation{})
	if s.feed(framed(false, header(fin|text), "\xff")); s.refused != frame.ErrText {
		t.Errorf("refused with %v, want %v", s.refused, frame.ErrText)
	}
}

// OpenInto says what Open says, and leaves its source alone.
func TestOpenInto(t *testing.T) {
	for _, masked := range []bool{false, true} {
		for _, test := range []struct {
			op      frame.Opcode
			payload string
			any     bool
			want    *frame.Violation
		}{
			{frame.Text, "Hello, 世界", false, nil}, {frame.Text, "Hello \xff", false, frame.ErrText},
			{frame.Text, "Hello \xff", true, nil}, {frame.Binary, "Hello \xff", false, nil},
		} {
			for cut := range len(test.payload) + 1 {
				var d Decoder
				d.Init(frame.Expectation{Masked: masked})
				if test.any {
					d.AcceptAnyText()
				}
				p := framed(masked, header(fin|byte(test.op)), test.payload)
				_, n, err := d.Next(p, Limits{})
				if err != nil {
					t.Fatal(err)
				}
				src := p[n:]
				before, dst := bytes.Clone(src), make([]byte, len(src))
				v := d.OpenInto(dst[:cut], src[:cut])
				if v == nil {
					v = d.OpenInto(dst[cut:], src[cut:])
				}
				if v != test.want || v == nil && (string(dst) != test.payload || d.Left() != 0) || !bytes.Equal(src, before) {
					t.Errorf("masked %v, %q cut at %d: %q, %v, %d left", masked, test.payload, cut, dst, v, d.Left())
				}
			}
		}
	}
}

// Judge is the second half of Open.
func TestJudgeAcceptsAnyText(t *testing.T) {
	var d Decoder
	d.Init(frame.Expectation{})
	d.AcceptAnyText()
	if _, n, err := d.Next(framed(false, header(fin|text), "\xff"), Limits{}); n == 0 || err != nil {
		t.Fatal(n, err)
	}
	if v := d.Judge([]byte("\xff")); v != nil {
		t.Error(v)
	}
}
