package conn

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/frame"
)

// observer goes on past what an end refuses, and writes down what it sees. It shows the
// Decoder one byte of payload at a time.
type observer struct {
	d      Decoder
	in     Inflater
	engine InflateEngine
	out    []byte
	saw    []string
	blind  bool // the message under way cannot be read
}

func (o *observer) see(format string, args ...any) {
	o.saw = append(o.saw, fmt.Sprintf(format, args...))
}

// observe takes a frame from the front of p, and returns the rest.
func (o *observer) observe(p []byte) []byte {
	h, n, broken := o.d.Observe(p)
	for _, v := range broken {
		o.see("%v", v)
	}
	if o.see("%v", h); o.d.InMessage() && h.Opcode != frame.Continuation {
		if o.out, o.blind = o.out[:0], false; o.d.Compressed() {
			o.d.Lend(&o.engine, &o.in)
		}
	}
	for p = p[n:]; o.d.Left() > 0; p = p[1:] {
		q := bytes.Clone(p[:1])
		o.d.Unmask(q)
		switch {
		case !o.d.InMessage() || o.blind:
			o.out = append(o.out, q...)
			o.d.Skip(1)
		case o.d.Compressed():
			o.inflate(q)
		default:
			o.out = append(o.out, q...)
			o.note(o.d.Judge(q))
		}
	}
	if o.d.InMessage() && o.d.Compressed() && h.FIN && !o.blind {
		o.inflate(nil)
	}
	inMessage, deflated := o.d.InMessage(), o.d.Compressed() && !o.blind
	switch {
	case inMessage && h.FIN && deflated:
		o.note(o.d.EndInflated(o.out))
		o.see("%q", o.out)
	default:
		last, v := o.d.EndFrame()
		if !o.blind {
			o.note(v)
		}
		if last || !inMessage {
			o.see("%q", o.out)
			o.out = o.out[:0]
		}
	}
	return p
}

func (o *observer) note(v *frame.Violation) {
	if v != nil {
		o.see("%v", v)
	}
}

func (o *observer) inflate(p []byte) {
	for {
		out, used, s, err := o.d.Inflate(slices.Grow(o.out, 100), 0, p, Limits{})
		o.out, p = out, p[used:]
		if err != nil {
			o.see("%v", err)
		}
		if err != nil && err != frame.ErrText {
			o.d.Skip(uint64(len(p)))
			o.blind = true
			o.d.Release()
			return
		}
		if s != InflateOutput {
			return
		}
	}
}

// An observer is told of every rule that is broken, and reads on.
func TestObserve(t *testing.T) {
	for _, test := range []struct {
		name  string
		parts []part
		want  []string
	}{
		{"a ping within a message", []part{{text, "Hel"}, {ping, "p"}, {fin | again, "lo"}},
			[]string{"text 3", "FIN ping 1", `"Help"`, "FIN continuation 2", `"lo"`}},
		{"several rules", []part{{rsv2 | again, "x"}, {fin | text, "y"}},
			[]string{frame.ErrRSV2.Error(), ErrContinuationWithoutStart.Error(), "RSV2 continuation 1", `"x"`, "FIN text 1", `"y"`}},
		{"control frames", []part{{byte(frame.Ping), strings.Repeat("x", 200)}, {fin | 0xB, ""}, {fin | 3, "z"}},
			[]string{frame.ErrFragmentedControl.Error(), "ping 200", `"` + strings.Repeat("x", 200) + `"`,
				frame.ErrReservedOpcode.Error(), "FIN reserved(11) 0", `""`, frame.ErrReservedOpcode.Error(), "FIN reserved(3) 1", `"z"`}},
		{"a message gives way", []part{{text, "\xe2"}, {fin | text, "new"}, {rsv1 | text, hello[:2]}, {fin | rsv1 | text, hello}},
			[]string{"text 1", ErrMessageNotFinished.Error(), "FIN text 3", `"new"`, "RSV1 text 2", ErrMessageNotFinished.Error(), "FIN RSV1 text 7", `"Hello"`}},
		{"text", []part{{fin | text, "a\xff"}, {fin | text, "\xe2\x82"}, {fin | bin, "\xff"}},
			[]string{"FIN text 2", frame.ErrText.Error(), frame.ErrText.Error(), `"a\xff"`, "FIN text 2", frame.ErrText.Error(), `"\xe2\x82"`, "FIN binary 1", `"\xff"`}},
		{"compressed", []part{{fin | rsv1 | text, hello}, {rsv1 | text, helloAgain}, {fin | again, ""}},
			[]string{"FIN RSV1 text 7", `"Hello"`, "RSV1 text 5", "FIN continuation 0", `"Hello"`}},
		{"compressed text", []part{{fin | rsv1 | text, deflated("a\xffb")}, {fin | text, "next"}},
			[]string{"FIN RSV1 text", frame.ErrText.Error(), `"a\xffb"`, "FIN text 4", `"next"`}},
		{"corrupt", []part{{fin | rsv1 | text, "\x07and more"}, {fin | rsv1 | text, hello}},
			[]string{"FIN RSV1 text 9", "block type 3 is reserved", `"and more"`, "FIN RSV1 text 7", `"Hello"`}},
	} {
		for _, masked := range []bool{false, true} {
			o := &observer{in: NewInflater(Terms{WindowBits: 15, Takeover: true})}
			o.d.Init(frame.Expectation{Masked: masked, RSV1: true})
			for _, p := range test.parts {
				if rest := o.observe(framed(masked, header(p.first), p.payload)); len(rest) > 0 {
					t.Fatalf("%s: %d bytes are left", test.name, len(rest))
				}
			}
			seen := slices.DeleteFunc(slices.Clone(o.saw), func(s string) bool { return s == frame.ErrText.Error() })
			want := slices.DeleteFunc(slices.Clone(test.want), func(s string) bool { return s == frame.ErrText.Error() })
			if !slices.EqualFunc(seen, want, strings.HasPrefix) || len(test.want) > len(want) && len(seen) == len(o.saw) {
				t.Errorf("%s, masked %v:\n got %q\nwant %q", test.name, masked, o.saw, test.want)
			}
		}
	}
}

// What an end may not send is read all the same, masks of the wrong end too, and a
// length that cannot be is told as it is.
func TestObserveTheWrongMask(t *testing.T) {
	for _, masked := range []bool{false, true} {
		o := &observer{}
		o.d.Init(frame.Expectation{Masked: !masked})
		o.observe(framed(masked, header(fin|text), "Hello"))
		if got := o.saw[len(o.saw)-1]; got != `"Hello"` || len(o.saw) != 3 {
			t.Errorf("masked %v: %q", masked, o.saw)
		}
	}
	var d Decoder
	d.Init(frame.Expectation{})
	if h, n, broken := d.Observe([]byte{fin | text}); n != 0 || h != (frame.Header{}) || broken != nil {
		t.Errorf("%v, %d, %v of one byte", h, n, broken)
	}
	_, n, broken := d.Observe(frame.AppendHeader(nil, frame.Header{Opcode: frame.Text, FIN: true, Length: 1 << 63}))
	if n != 10 || !slices.Equal(broken, []*frame.Violation{frame.ErrLengthTopBit}) || d.Left() != 1<<63 {
		t.Errorf("%d, %v, %d left", n, broken, d.Left())
	}
	// It has lost its place, and begins anew.
	d.Init(frame.Expectation{})
	if !d.AtHeader() || d.Left() != 0 || d.Message() != frame.Continuation {
		t.Error("it has not forgotten")
	}
}
