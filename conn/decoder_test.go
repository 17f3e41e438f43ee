package conn

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/hawser-ws/websocket/frame"
)

// framed returns a frame, masked if a client sends it.
func framed(fromClient bool, h frame.Header, payload string) []byte {
	h.Length, h.Masked, h.Key = uint64(len(payload)), fromClient, 0x8040_20FE
	p := append(frame.AppendHeader(nil, h), payload...)
	if fromClient {
		frame.Mask(p[len(p)-len(payload):], h.Key)
	}
	return p
}

const (
	fin  = 1 << 7
	rsv1 = 1 << 6
	rsv2 = 1 << 5
)

// header reads the bits of a first byte.
func header(first byte) frame.Header {
	h, _ := frame.ParseHeader([]byte{first, 0})
	return h
}

// part is a frame of a stream, by its first byte.
type part struct {
	first   byte
	payload string
}

const (
	text   = byte(frame.Text)
	bin    = byte(frame.Binary)
	again  = byte(frame.Continuation)
	ping   = fin | byte(frame.Ping)
	pong   = fin | byte(frame.Pong)
	closes = fin | byte(frame.Close)
)

// hello is the message "Hello" compressed (RFC 7692 §7.2.3.1), and helloAgain the same
// with the first for a window (§7.2.3.2).
const (
	hello      = "\xf2\x48\xcd\xc9\xc9\x07\x00"
	helloAgain = "\xf2\x00\x11\x00\x00"
)

// deflated compresses what a message says.
func deflated(s string) string {
	d := NewDeflater(Terms{WindowBits: 15}, 6)
	return string(d.Message(new(DeflateEngine), nil, []byte(s)))
}

var decodings = []struct {
	name   string
	limits Limits
	parts  []part
	want   []string
	at     int // bytes of the stream from a server that a refusal takes
}{
	{"messages", Limits{}, []part{{fin | text, "Hello"}, {fin | bin, "\xff"}, {fin | text, ""}},
		[]string{`text "Hello"`, `binary "\xff"`, `text ""`}, 0},
	{"fragments", Limits{}, []part{{text, "Hel"}, {again, ""}, {ping, "p"}, {again, "l"}, {pong, ""}, {fin | again, "o"}, {fin | bin, "b"}},
		[]string{`ping "p"`, `pong ""`, `text "Hello"`, `binary "b"`}, 0},
	{"long", Limits{}, []part{{fin | bin, strings.Repeat("x", 126)}, {fin | text, strings.Repeat("y", 70_000)}},
		[]string{`binary "` + strings.Repeat("x", 99) + `"`, `text "` + strings.Repeat("y", 99) + `"`}, 0},
	{"close", Limits{}, []part{{closes, "\x03\xe8bye"}}, []string{"close 1000 bye"}, 0},
	{"close within a message", Limits{}, []part{{text, "Hel"}, {closes, ""}}, []string{"close 1005 "}, 0},
	{"close code", Limits{}, []part{{closes, "\x03\xed"}}, []string{"refused 1002: close code that may not be sent (RFC 6455 §7.4)"}, 4},
	{"a character across fragments", Limits{}, []part{{text, "\xe2\x82"}, {fin | again, "\xac"}}, []string{`text "€"`}, 0},
	{"text", Limits{}, []part{{fin | text, "ab\xffcd"}}, []string{"refused 1007: text message not valid UTF-8 (RFC 6455 §8.1)"}, 5},
	{"text in a fragment", Limits{}, []part{{text, "a"}, {again, "\xc0b"}}, []string{"refused 1007: text message not valid UTF-8 (RFC 6455 §8.1)"}, 6},
	{"half a character", Limits{}, []part{{fin | text, "a\xe2"}}, []string{"refused 1007: text message not valid UTF-8 (RFC 6455 §8.1)"}, 4},
	{"half a character in fragments", Limits{}, []part{{text, "a\xe2"}, {fin | again, ""}}, []string{"refused 1007: text message not valid UTF-8 (RFC 6455 §8.1)"}, 6},
	{"reserved bit", Limits{}, []part{{fin | rsv2 | text, strings.Repeat("x", 300)}}, []string{"refused 1002: reserved bit RSV2 set (RFC 6455 §5.2)"}, 2},
	{"fragmented ping", Limits{}, []part{{byte(frame.Ping), ""}}, []string{"refused 1002: fragmented control frame (RFC 6455 §5.5)"}, 2},
	{"long ping", Limits{}, []part{{ping, strings.Repeat("x", 126)}}, []string{"refused 1002: control frame longer than 125 bytes (RFC 6455 §5.5)"}, 2},
	{"nothing to continue", Limits{}, []part{{fin | again, "x"}}, []string{"refused 1002: continuation frame without a first frame (RFC 6455 §5.4)"}, 2},
	{"message in a message", Limits{}, []part{{text, "x"}, {fin | text, "y"}}, []string{"refused 1002: new message before the last one was finished (RFC 6455 §5.4)"}, 5},
	{"frame limit", Limits{Frame: 3}, []part{{fin | text, "abc"}, {fin | text, "abcd"}}, []string{`text "abc"`, "refused 1009: frame of 4 bytes exceeds the limit of 3"}, 7},
	{"empty only", Limits{Message: EmptyOnly}, []part{{fin | text, ""}, {bin, ""}, {fin | again, ""}, {fin | text, "a"}}, []string{`text ""`, `binary ""`, "refused 1009: message of 1 bytes exceeds the limit of 0"}, 8},
	{"message limit", Limits{Message: 3}, []part{{fin | text, "abc"}, {fin | text, "abcd"}}, []string{`text "abc"`, "refused 1009: message of 4 bytes exceeds the limit of 3"}, 7},
	{"limit of fragments", Limits{Fragments: 2}, []part{{text, ""}, {again, ""}, {again, ""}}, []string{"refused 1009: message of 3 fragments exceeds the limit of 2"}, 6},

	{"compressed", Limits{}, []part{{fin | rsv1 | text, hello}, {ping, "p"}, {fin | rsv1 | text, helloAgain}, {fin | text, "plain"}},
		[]string{`text "Hello"`, `ping "p"`, `text "Hello"`, `text "plain"`}, 0},
	{"compressed in fragments", Limits{}, []part{{rsv1 | text, hello[:3]}, {ping, "p"}, {again, ""}, {again, hello[3:]}, {fin | again, ""}, {fin | rsv1 | bin, helloAgain}},
		[]string{`ping "p"`, `text "Hello"`, `binary "Hello"`}, 0},
	{"compressed empty", Limits{}, []part{{fin | rsv1 | text, "\x00"}}, []string{`text ""`}, 0},
	{"compressed no end", Limits{}, []part{{fin | rsv1 | text, ""}}, []string{"refused 1007: compressed message ends in the middle of a block (RFC 7692 §7.2.2)"}, 2},
	{"compressed empty only", Limits{Message: EmptyOnly}, []part{{fin | rsv1 | text, "\x00"}, {fin | rsv1 | text, deflated("H")}},
		[]string{`text ""`, "refused 1009: message of 1 bytes exceeds the limit of 0"}, 0},
	{"compressed limit", Limits{Message: 5}, []part{{fin | rsv1 | text, hello}, {fin | rsv1 | text, deflated("Hello!")}},
		[]string{`text "Hello"`, "refused 1009: message of 6 bytes exceeds the limit of 5"}, 0},
	{"compressed text before its limit", Limits{Message: 5}, []part{{fin | rsv1 | text, deflated("Hell\xff and more")}},
		[]string{"refused 1007: text message not valid UTF-8 (RFC 6455 §8.1)"}, 0},
	{"compressed limit before its text", Limits{Message: 5}, []part{{fin | rsv1 | text, deflated("Hello\xff and more")}},
		[]string{"refused 1009"}, 0},
	{"compressed half a character", Limits{}, []part{{fin | rsv1 | text, deflated("a\xe2")}},
		[]string{"refused 1007: text message not valid UTF-8 (RFC 6455 §8.1)"}, 0},
	{"compressed corrupt", Limits{}, []part{{fin | rsv1 | text, "\x07"}},
		[]string{"refused 1007: "}, 0},
	{"compressed on the wire", Limits{Message: 1}, []part{{rsv1 | text, strings.Repeat("\x00\x00\x00\xff\xff", 66_000/5)}},
		[]string{"refused 1009: compressed message of 66000 bytes exceeds the limit of 65601"}, 10},
}

// sameEvent compares what two shells have written down. How far a limit is exceeded
// depends on how much is inflated at once.
func sameEvent(a, b string) bool {
	a, _, _ = strings.Cut(a, " exceeds")
	b, _, _ = strings.Cut(b, " exceeds")
	return a == b || strings.HasPrefix(a, "refused 1009: message of ") && strings.HasPrefix(b, "refused 1009: message of ")
}

// Whatever way the bytes come, the same messages and the same verdict come of them, and
// the verdict with the first byte that allows it.
func TestDecoder(t *testing.T) {
	for _, test := range decodings {
		for _, fromClient := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", test.name, map[bool]string{true: "client", false: "server"}[fromClient]), func(t *testing.T) {
				var stream []byte
				for _, p := range test.parts {
					stream = append(stream, framed(fromClient, header(p.first), p.payload)...)
				}
				want := frame.Expectation{Masked: fromClient, RSV1: true}
				play := func(how string, set func(*decoderShell), pieces ...[]byte) *decoderShell {
					t.Helper()
					s := newDecoderShell(want, test.limits)
					set(s)
					for _, p := range pieces {
						s.feed(p)
					}
					if ok := slices.EqualFunc(s.events, test.want, strings.HasPrefix); !ok {
						t.Fatalf("%s: %q, want %q", how, s.events, test.want)
					}
					return s
				}
				play("at once", func(*decoderShell) {}, stream)
				play("the general way", func(s *decoderShell) { s.general = true }, stream)
				play("little room", func(s *decoderShell) { s.room = 1 }, stream)
				step := max(1, len(stream)/1000)
				for i := 0; i <= len(stream); i += step {
					play(fmt.Sprint("cut at ", i), func(*decoderShell) {}, stream[:i], stream[i:])
				}
				byByte := newDecoderShell(want, test.limits)
				refusedAt := 0
				for i := range stream {
					had := len(byByte.events)
					if byByte.feed(stream[i : i+1]); byByte.refused != nil && refusedAt == 0 {
						refusedAt = i + 1
					}
					if i%step == 0 || len(byByte.events) > had { // what a prefix says is what came of it by bytes
						prefix := newDecoderShell(want, test.limits)
						if prefix.feed(stream[:i+1]); !slices.EqualFunc(prefix.events, byByte.events, sameEvent) {
							t.Fatalf("%d bytes: %q at once, %q by bytes", i+1, prefix.events, byByte.events)
						}
					}
				}
				if !slices.EqualFunc(byByte.events, test.want, strings.HasPrefix) {
					t.Fatalf("by bytes: %q, want %q", byByte.events, test.want)
				}
				if !fromClient && test.at > 0 && refusedAt != test.at {
					t.Errorf("refused at byte %d, want %d", refusedAt, test.at)
				}
				if byByte.refused == nil && (byByte.taken != len(stream) || byByte.d.Left() != 0) {
					t.Errorf("%d of %d bytes taken", byByte.taken, len(stream))
				}
			})
		}
	}
}

// "The server MUST close the connection upon receiving a frame that is not masked."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.1
func TestDecoderRefusesTheOtherEnd(t *testing.T) {
	for _, fromClient := range []bool{false, true} {
		s := newDecoderShell(frame.Expectation{Masked: !fromClient}, Limits{})
		s.feed(framed(fromClient, header(fin|text), "Hello"))
		if want := map[bool]error{true: frame.ErrMaskForbidden, false: frame.ErrMaskMissing}[fromClient]; s.refused != want {
			t.Errorf("%v, want %v", s.refused, want)
		}
	}
	// A length in more bytes than it takes shows only when all of it is there.
	s := newDecoderShell(frame.Expectation{}, Limits{})
	if s.feed([]byte{fin | text, 126, 0}); s.refused != nil {
		t.Error(s.refused)
	}
	if s.feed([]byte{5}); s.refused != frame.ErrLengthNotMinimal {
		t.Error(s.refused)
	}
}

// A frame that the limits refuse is told of, with its header.
func TestDecoderTellsOfTheFrameItRefuses(t *testing.T) {
	var d Decoder
	d.Init(frame.Expectation{})
	f, n, err := d.Next(framed(false, header(fin|text), "abc"), Limits{Frame: 2})
	if err == nil || n != 2 || f.HeaderSize != 2 || f.Length != 3 || f.Opcode != frame.Text {
		t.Errorf("%+v, %d, %v", f, n, err)
	}
}

// Once an end closes, messages of any size are dropped and control frames still come.
func TestDiscard(t *testing.T) {
	var stream []byte
	for _, p := range []part{
		{again, "rest of the fragment"}, {ping, "p"}, {fin | again, ""},
		{fin | text, strings.Repeat("\xff", 300)}, {fin | rsv1 | text, "\x07"}, {rsv1 | bin, "x"}, {fin | again, "y"},
		{closes, "\x03\xe8"}, {again, ""},
	} {
		stream = append(stream, framed(true, header(p.first), p.payload)...)
	}
	begin := framed(true, header(text), "beginning")
	limits := Limits{Frame: 10, Message: 10, Fragments: 1}
	want := []string{`ping "p"`, "close 1000 ", "refused 1002: continuation frame without a first frame (RFC 6455 §5.4)"}
	for _, step := range []int{1, 2, 7, 100, len(stream)} {
		for _, early := range []int{1, len(begin)} { // in the header, at the end of the payload
			s := newDecoderShell(frame.Expectation{Masked: true, RSV1: true}, limits)
			s.general = true
			s.feed(begin[:early])
			s.d.Discard()
			for p := range slices.Chunk(append(bytes.Clone(begin[early:]), stream...), step) {
				s.buf = append(s.buf, p...)
				for s.refused == nil && s.next() {
				}
			}
			if !slices.Equal(s.events, want) {
				t.Errorf("in steps of %d: %q, want %q", step, s.events, want)
			}
		}
	}
}

// What was unmasked of a compressed message and not taken is dropped with the rest.
func TestDiscardWithinACompressedMessage(t *testing.T) {
	s := newDecoderShell(frame.Expectation{Masked: true, RSV1: true}, Limits{})
	s.room = 1
	stream := framed(true, header(fin|rsv1|text), deflated(strings.Repeat("Hello, ", 50)))
	s.buf = bytes.Clone(stream)
	s.step()
	s.step()
	if s.engine.unmasked == 0 || s.d.Left() == 0 {
		t.Fatalf("%d bytes unmasked, %d left", s.engine.unmasked, s.d.Left())
	}
	s.d.Discard()
	s.buf = append(s.buf, framed(true, header(ping), "p")...)
	for s.next() {
	}
	if want := []string{`ping "p"`}; !slices.Equal(s.events, want) || s.engine.unmasked != 0 {
		t.Errorf("%q, want %q", s.events, want)
	}
	s.d.Release()
	s.d.Release() // nothing to release
}

func TestDecoderIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Decoder{}); n > 48 {
		t.Errorf("%d bytes in every connection", n)
	}
}

func TestDecoderAllocatesNothing(t *testing.T) {
	stream := slices.Concat(framed(true, header(fin|text), "Hello"), framed(true, header(ping), "p"),
		framed(true, header(bin), "Hel"), framed(true, header(fin|again), "lo"), framed(true, header(fin|rsv1|text), hello))
	var d Decoder
	d.Init(frame.Expectation{Masked: true, RSV1: true})
	in := NewInflater(Terms{WindowBits: 15})
	e := new(InflateEngine)
	out := make([]byte, 0, 100)
	buf := make([]byte, len(stream))
	if n := testing.AllocsPerRun(100, func() {
		p := buf[:copy(buf, stream)]
		op, payload, n := d.Single(p, Limits{})
		out, _ = d.AppendSingle(out[:0], op, payload)
		for p = p[n:]; len(p) > 0; {
			f, n, err := d.Next(p, Limits{})
			if p = p[n:]; err != nil || n == 0 {
				t.Fatal(n, err)
			}
			switch {
			case f.Opcode.IsControl():
			case d.Compressed():
				d.Lend(e, &in)
				out, n, _, err = d.Inflate(out[:0], 0, p, Limits{})
				if p = p[n:]; err != nil || d.EndInflated(out) != nil {
					t.Fatal(err)
				}
			default:
				left := d.Left()
				if d.Open(p[:left]) != nil {
					t.Fatal()
				}
				p = p[left:]
				d.EndFrame()
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// NextSingle takes the header of what Single would take, and nothing else.
func TestNextSingle(t *testing.T) {
	for _, test := range []struct {
		name  string
		parts []part
		op    frame.Opcode
	}{
		{"text", []part{{fin | text, "Hello"}}, frame.Text},
		{"empty", []part{{fin | bin, ""}}, frame.Binary},
		{"fragment", []part{{text, "Hel"}, {fin | again, "lo"}}, 0},
		{"compressed", []part{{fin | rsv1 | text, hello}}, 0},
		{"ping", []part{{ping, "x"}}, 0},
		{"too large", []part{{fin | text, strings.Repeat("x", 11)}}, 0},
	} {
		for _, masked := range []bool{false, true} {
			var stream []byte
			for _, p := range test.parts {
				stream = append(stream, framed(masked, header(p.first), p.payload)...)
			}
			var d Decoder
			d.Init(frame.Expectation{Masked: masked, RSV1: true})
			op, n := d.NextSingle(stream, Limits{Message: 10})
			if op != test.op || n == 0 != (test.op == 0) {
				t.Errorf("%s: %v, %d", test.name, op, n)
			}
			if n == 0 {
				continue
			}
			payload := stream[n:]
			if d.Left() != uint64(len(payload)) || !d.InLast() || d.Compressed() || d.Message() != op || d.AtHeader() {
				t.Errorf("%s: %d bytes are left", test.name, d.Left())
			}
			for i := range payload {
				if v := d.Open(payload[i : i+1]); v != nil {
					t.Error(v)
				}
			}
			if last, v := d.EndFrame(); !last || v != nil || string(payload) != test.parts[0].payload || !d.AtHeader() || d.Message() != frame.Continuation {
				t.Errorf("%s: %v, %v, %q", test.name, last, v, payload)
			}
		}
	}
}
