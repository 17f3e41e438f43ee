package conn

import (
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/frame"
)

func wantExceeded(t *testing.T, err error, want Exceeded, why string) {
	t.Helper()
	var got *Exceeded
	if !errors.As(err, &got) || *got != want {
		t.Errorf("%s: %v (%T); want %v", why, err, err, &want)
	}
}

func wantAccepted(t *testing.T, err error, why string) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v; want it accepted", why, err)
	}
}

// messages is §5.4 as a grammar of frames: t, b and c are text, binary and
// continuation; capitals have FIN set. The last message may be unfinished.
//
// "An unfragmented message consists of a single frame with the FIN bit set
// (Section 5.2) and an opcode other than 0. [...] A fragmented message consists
// of a single frame with the FIN bit clear and an opcode other than 0, followed
// by zero or more frames with the FIN bit clear and the opcode set to 0, and
// terminated by a single frame with the FIN bit set and an opcode of 0."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.4
var messages = regexp.MustCompile(`^([TB]|[tb]c*C)*([tb]c*)?$`)

func letter(c byte) frame.Header {
	return frame.Header{
		FIN:    c < 'a',
		Opcode: map[byte]frame.Opcode{'t': frame.Text, 'b': frame.Binary, 'c': frame.Continuation}[c|0x20],
	}
}

// "The fragments of one message MUST NOT be interleaved between the fragments
// of another message unless an extension has been negotiated that can interpret
// the interleaving."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.4
func TestEveryOrderOfFragments(t *testing.T) {
	count := 0
	var extend func(story string, s sequence)
	extend = func(story string, s sequence) {
		for _, c := range []byte("TtBbCc") {
			next, s := story+string(c), s // a copy for each branch
			h := letter(c)
			err := s.begin(h, Limits{})
			count++
			if !messages.MatchString(next) {
				want := ErrMessageNotFinished
				if h.Opcode == frame.Continuation {
					want = ErrContinuationWithoutStart
				}
				if err != want { // the variable itself, as callers compare
					t.Errorf("%s: %v; want %v", next, err, want)
				}
				if want.Code != 1002 || want.Section != "5.4" {
					t.Errorf("%v is answered with %d for section %s", want, want.Code, want.Section)
				}
				continue
			}
			wantAccepted(t, err, next)

			// The message under way, by its first letter.
			first := next[strings.LastIndexAny(next, "TtBb")]
			if got, want := s.opcode, letter(first).Opcode; got != want {
				t.Errorf("%s: in a %v message, want %v", next, got, want)
			}
			if h.FIN {
				s.end()
			}
			if got := s.opcode; h.FIN && got != frame.Continuation {
				t.Errorf("%s: still in a %v message after its end", next, got)
			} else if !h.FIN && got != letter(first).Opcode {
				t.Errorf("%s: in a %v message, want %v until FIN", next, got, letter(first).Opcode)
			}
			if len(next) < 4 {
				extend(next, s)
			}
		}
	}
	extend("", sequence{})
	t.Logf("%d orders judged", count)
}

// "this bit indicates whether a message is compressed or not": RSV1 of its first
// frame.
// https://www.rfc-editor.org/rfc/rfc7692#section-6
func TestCompressedUntilTheEndOfItsMessage(t *testing.T) {
	var s sequence
	want := func(want bool, why string) {
		t.Helper()
		if got := s.compressed; got != want {
			t.Errorf("%s: compressed %v, want %v", why, got, want)
		}
	}
	begin := func(h frame.Header, why string) {
		t.Helper()
		wantAccepted(t, s.begin(h, Limits{}), why)
	}
	want(false, "between messages")
	begin(frame.Header{Opcode: frame.Text, RSV1: true}, "first frame with RSV1")
	want(true, "first frame with RSV1")
	want(true, "between its fragments")
	begin(frame.Header{Opcode: frame.Continuation}, "continuation without RSV1")
	want(true, "a continuation, which never has RSV1")
	begin(frame.Header{Opcode: frame.Continuation, FIN: true}, "last continuation")
	want(true, "the last continuation")
	s.end()
	want(false, "after its end")
	begin(frame.Header{Opcode: frame.Binary, FIN: true}, "the next message")
	want(false, "a message without RSV1 after one with")
	s.end()
	begin(frame.Header{Opcode: frame.Binary, FIN: true, RSV1: true}, "one frame with RSV1")
	want(true, "one frame with RSV1")
}

// "Implementations that have implementation- and/or platform-specific
// limitations regarding the frame size or total message size after reassembly
// from multiple frames MUST protect themselves against exceeding those limits."
// https://www.rfc-editor.org/rfc/rfc6455#section-10.4
func TestFrameLimit(t *testing.T) {
	for _, limit := range []int64{1, 125, 126, 65535, 65536, 1<<31 - 1, 1 << 31, 1 << 32, math.MaxInt64} {
		for _, opcode := range []frame.Opcode{frame.Text, frame.Binary, frame.Continuation} {
			for _, rsv1 := range []bool{false, true} {
				begin := func(length uint64) error {
					var s sequence
					h := frame.Header{Opcode: opcode, RSV1: rsv1, Length: length}
					if opcode == frame.Continuation {
						wantAccepted(t, s.begin(frame.Header{Opcode: frame.Text, RSV1: rsv1}, Limits{}), "first frame")
						h.RSV1 = false
					}
					return s.begin(h, Limits{Frame: limit})
				}
				wantAccepted(t, begin(uint64(limit)-1), "limit-1")
				wantAccepted(t, begin(uint64(limit)), "limit")
				for _, length := range []uint64{uint64(limit) + 1, 1 << 63, math.MaxUint64} {
					wantExceeded(t, begin(length), Exceeded{"frame", limit, length}, "over the limit")
				}
			}
		}
	}
}

func TestMessageLimit(t *testing.T) {
	for _, limit := range []int64{3, 1000, 1<<31 - 1, 1 << 31, 1<<32 + 1, math.MaxInt64 - 1} {
		l := uint64(limit)
		for _, test := range []struct {
			why     string
			lengths []uint64 // only the last is refused
			size    uint64   // 0: it is accepted
		}{
			{"limit-1 in one", []uint64{l - 1}, 0},
			{"limit in one", []uint64{l}, 0},
			{"limit+1 in one", []uint64{l + 1}, l + 1},
			{"limit-1 in two", []uint64{l - 2, 1}, 0},
			{"limit in two", []uint64{l - 1, 1}, 0},
			{"limit+1 in two", []uint64{l, 1}, l + 1},
			{"limit and empty ones", []uint64{0, l, 0, 0}, 0},
			{"limit+1 in three", []uint64{1, l - 1, 1}, l + 1},
			{"the largest legal length", []uint64{math.MaxInt64}, math.MaxInt64},
			{"sum over 2^63-1", []uint64{1, math.MaxInt64}, math.MaxInt64},
			{"sum over 2^63-1 from the limit", []uint64{l, math.MaxInt64}, math.MaxInt64},
			{"sum over 2^64-1", []uint64{1, math.MaxUint64}, math.MaxInt64},
			{"sum that wraps to nothing", []uint64{2, math.MaxUint64 - 1}, math.MaxInt64},
			{"top bit", []uint64{1 << 63}, math.MaxInt64},
		} {
			var s sequence
			for i, length := range test.lengths {
				h := frame.Header{Opcode: frame.Binary, Length: length}
				if i > 0 {
					h.Opcode = frame.Continuation
				}
				err := s.begin(h, Limits{Message: limit})
				if test.size != 0 && i == len(test.lengths)-1 {
					wantExceeded(t, err, Exceeded{"message", limit, test.size}, test.why)
				} else {
					wantAccepted(t, err, test.why)
				}
			}
		}
	}
}

// A message pays for its own bytes only.
func TestMessageLimitStartsAnew(t *testing.T) {
	var s sequence
	limits := Limits{Message: 10, Fragments: 2}
	for range 3 {
		wantAccepted(t, s.begin(frame.Header{Opcode: frame.Text, Length: 5}, limits), "first half")
		wantAccepted(t, s.begin(frame.Header{Opcode: frame.Continuation, FIN: true, Length: 5}, limits), "second half")
		s.end()
		wantAccepted(t, s.begin(frame.Header{Opcode: frame.Text, FIN: true, RSV1: true, Length: 99}, limits), "compressed")
		wantAccepted(t, s.inflated(10, limits), "as much as fits")
		s.end()
	}
}

// Without a limit nothing is refused, and a sum that cannot be held stays at
// the most that can be, so that a limit set later still refuses it.
func TestNoLimit(t *testing.T) {
	for _, none := range []Limits{{}, {Frame: -1, Message: -1, Fragments: -1}} {
		var s sequence
		wantAccepted(t, s.begin(frame.Header{Opcode: frame.Text, Length: math.MaxInt64}, none), "first")
		for range 3 {
			wantAccepted(t, s.begin(frame.Header{Length: math.MaxInt64}, none), "more")
		}
		err := s.begin(frame.Header{}, Limits{Message: math.MaxInt64 - 1})
		wantExceeded(t, err, Exceeded{"message", math.MaxInt64 - 1, math.MaxInt64}, "a limit set in the middle")
	}
}

// A peer that sends fragments without end, full or empty, meets the limit.
func TestFragmentFlood(t *testing.T) {
	for _, limit := range []int{1, 2, 100, math.MaxInt} {
		for _, length := range []uint64{0, 1} {
			for _, rsv1 := range []bool{false, true} {
				var s sequence
				limits := Limits{Fragments: limit}
				wantAccepted(t, s.begin(frame.Header{Opcode: frame.Text, RSV1: rsv1, Length: length}, limits), "first")
				most := min(uint64(limit), maxFragments)
				if limit > 1000 {
					s.fragments = uint32(most) - 1 // as if they had come
				}
				for uint64(s.fragments) < most {
					wantAccepted(t, s.begin(frame.Header{Length: length}, limits), "within the limit")
				}
				err := s.begin(frame.Header{FIN: true, Length: length}, limits)
				wantExceeded(t, err, Exceeded{"fragments", int64(most), most + 1}, "one more")
			}
		}
	}
}

// The count does not wrap.
func TestFragmentsWithoutLimit(t *testing.T) {
	s := sequence{opcode: frame.Text, fragments: maxFragments}
	for range 3 {
		wantAccepted(t, s.begin(frame.Header{}, Limits{}), "no limit")
	}
	err := s.begin(frame.Header{}, Limits{Fragments: 2})
	wantExceeded(t, err, Exceeded{"fragments", 2, maxFragments + 1}, "a limit set in the middle")
}

// A compressed message counts as what comes out of decompression, not as what
// is on the wire: 1:1000 bombs meet the limit at the byte that exceeds it.
func TestInflated(t *testing.T) {
	limits := Limits{Message: 1000}
	begin := func(fin bool) *sequence {
		var s sequence
		h := frame.Header{Opcode: frame.Text, FIN: fin, RSV1: true, Length: 5000}
		wantAccepted(t, s.begin(h, limits), "the length on the wire does not count")
		return &s
	}
	wantAccepted(t, begin(true).inflated(999, limits), "limit-1")
	wantAccepted(t, begin(true).inflated(1000, limits), "limit")
	wantExceeded(t, begin(true).inflated(1001, limits), Exceeded{"message", 1000, 1001}, "limit+1")
	wantExceeded(t, begin(true).inflated(math.MaxInt, limits), Exceeded{"message", 1000, math.MaxInt}, "the most")

	s := begin(false)
	for range 4 {
		wantAccepted(t, s.inflated(250, limits), "in pieces")
		wantAccepted(t, s.inflated(0, limits), "nothing comes out")
	}
	wantAccepted(t, s.begin(frame.Header{Length: 7000}, limits), "the length of a continuation does not count either")
	wantExceeded(t, s.inflated(1, limits), Exceeded{"message", 1000, 1001}, "a bomb across fragments")

	s = begin(true)
	for range 3 {
		wantAccepted(t, s.inflated(math.MaxInt, Limits{}), "no limit")
	}
}

func TestExceededText(t *testing.T) {
	for want, e := range map[string]*Exceeded{
		"frame of 11 bytes exceeds the limit of 10":                  {"frame", 10, 11},
		"message of 11 bytes exceeds the limit of 10":                {"message", 10, 11},
		"message of 11 fragments exceeds the limit of 10":            {"fragments", 10, 11},
		"frame of 18446744073709551615 bytes exceeds the limit of 1": {"frame", 1, math.MaxUint64},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if CodeTooBig != 1009 {
		t.Errorf("answered with %d", CodeTooBig)
	}
}

func TestAcceptedFramesAllocateNothing(t *testing.T) {
	var s sequence
	limits := Limits{Frame: 1 << 20, Message: 1 << 20, Fragments: 100}
	first := frame.Header{Opcode: frame.Text, Length: 10}
	last := frame.Header{Opcode: frame.Continuation, FIN: true, Length: 10}
	packed := frame.Header{Opcode: frame.Binary, FIN: true, RSV1: true, Length: 10}
	if n := testing.AllocsPerRun(1000, func() {
		wantAccepted(t, s.begin(first, limits), "first")
		wantAccepted(t, s.begin(last, limits), "last")
		s.end()
		wantAccepted(t, s.begin(packed, limits), "compressed")
		wantAccepted(t, s.inflated(100, limits), "inflated")
		s.end()
	}); n != 0 {
		t.Errorf("%v allocations for two messages", n)
	}
}

// A compressed message that says nothing is bounded all the same, as it is on the wire:
// its limit, an eighth of it, 64 KiB, and 64 bytes for each fragment.
func TestSequenceBoundsTheWire(t *testing.T) {
	first := frame.Header{Opcode: frame.Binary, RSV1: true}
	next := frame.Header{Opcode: frame.Continuation}
	with := func(h frame.Header, n uint64) frame.Header { h.Length = n; return h }
	limits := Limits{Message: 8000}
	const most = 8000 + 1000 + 64<<10 + 64

	var s sequence
	wantAccepted(t, s.begin(with(first, most), limits), "all there may be in one frame")
	wantAccepted(t, s.begin(with(next, 64), limits), "what another fragment may have more")
	wantExceeded(t, s.begin(with(next, 65), limits), Exceeded{"compressed message", most + 128, most + 129}, "a byte more")

	s = sequence{}
	wantExceeded(t, s.begin(with(first, math.MaxInt64), limits), Exceeded{"compressed message", most, math.MaxInt64}, "for ever")

	s = sequence{}
	wantAccepted(t, s.begin(with(first, math.MaxInt64), Limits{}), "for ever, without a limit")
	wantAccepted(t, s.begin(with(next, math.MaxInt64), Limits{}), "and ever")
	s.end()
	wantAccepted(t, s.begin(with(first, most), limits), "the next message")

	s = sequence{}
	wantAccepted(t, s.begin(with(first, 1<<20), Limits{Message: math.MaxInt64}), "a limit that cannot be added to")
}
