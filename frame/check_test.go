package frame

import (
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/vectors"
)

// rules are the names that the oracle and the vectors have for violations,
// with the sentence that each one is about.
var rules = map[string]*Violation{
	// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
	//
	// "If an unknown opcode is received, the receiving endpoint MUST _Fail the
	// WebSocket Connection_."
	"reserved opcode": ErrReservedOpcode,

	// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
	//
	// "MUST be 0 unless an extension is negotiated that defines meanings for
	// non-zero values. If a nonzero value is received and none of the negotiated
	// extensions defines the meaning of such a nonzero value, the receiving
	// endpoint MUST _Fail the WebSocket Connection_."
	"RSV1": ErrRSV1,
	"RSV2": ErrRSV2,
	"RSV3": ErrRSV3,

	// https://www.rfc-editor.org/rfc/rfc7692#section-6.1
	//
	// "An endpoint MUST NOT set the "Per-Message Compressed" bit of control frames
	// and non-first fragments of a data message. An endpoint receiving such a
	// frame MUST _Fail the WebSocket Connection_."
	"RSV1 misplaced": ErrRSV1Misplaced,

	// https://www.rfc-editor.org/rfc/rfc6455#section-5.5
	//
	// "All control frames MUST have a payload length of 125 bytes or less and
	// MUST NOT be fragmented."
	"fragmented control": ErrFragmentedControl,
	"control too long":   ErrControlTooLong,

	// https://www.rfc-editor.org/rfc/rfc6455#section-5.1
	//
	// "The server MUST close the connection upon receiving a frame that is not
	// masked."
	"mask missing": ErrMaskMissing,

	// https://www.rfc-editor.org/rfc/rfc6455#section-5.1
	//
	// "A client MUST close a connection if it detects a masked frame."
	"mask forbidden": ErrMaskForbidden,

	// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
	//
	// "Note that in all cases, the minimal number of bytes MUST be used to encode
	// the length [...]"
	"length not minimal": ErrLengthNotMinimal,

	// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
	//
	// "[...] a 64-bit unsigned integer (the most significant bit MUST be 0) [...]"
	"length top bit": ErrLengthTopBit,
}

func TestCheckVectors(t *testing.T) {
	for _, row := range vectors.BadHeaders {
		t.Run(row.String(), func(t *testing.T) {
			want := Expectation{Masked: row.FromClient, RSV1: row.Deflate}
			violation := rules[row.Rule]
			if violation == nil {
				t.Fatalf("no rule %q", row.Rule)
			}
			h, _ := ParseHeader(row.Wire)
			if got := Check(h, want); got != violation {
				t.Errorf("Check: %v, want %v", got, violation)
			}
			if violation.Code != row.Code {
				t.Errorf("close code %d, want %d", violation.Code, row.Code)
			}
			if !row.Prefix {
				violation = nil
			}
			if got := CheckPrefix(row.Wire[0], row.Wire[1], want); got != violation {
				t.Errorf("CheckPrefix: %v, want %v", got, violation)
			}
		})
	}
	for _, row := range vectors.Frames {
		want := Expectation{Masked: row.Masked, RSV1: row.RSV1}
		if got := Check(header(row), want); got != nil {
			t.Errorf("%s: refused: %v", row, got)
		}
	}
}

// Every header there is, but for the values of long lengths, in both roles,
// with and without permessage-deflate, against the oracle's list of rules.
func TestCheckExhaustively(t *testing.T) {
	ran := map[string]int{}
	for prefix := range 1 << 16 {
		b0, b1 := byte(prefix>>8), byte(prefix)
		var tails []string
		switch b1 & 0x7F {
		default:
			tails = []string{""}
		case 126:
			tails = []string{"\x00\x00", "\x00\x7d", "\x00\x7e", "\xff\xff"}
		case 127:
			tails = []string{
				"\x00\x00\x00\x00\x00\x00\x00\x00", "\x00\x00\x00\x00\x00\x00\x00\x05",
				"\x00\x00\x00\x00\x00\x00\xff\xff", "\x00\x00\x00\x00\x00\x01\x00\x00",
				"\x7f\xff\xff\xff\xff\xff\xff\xff", "\x80\x00\x00\x00\x00\x00\x00\x00",
			}
		}
		for _, tail := range tails {
			wire := string([]byte{b0, b1}) + tail + "key!"
			f, _ := naive.DecodeHeader([]byte(wire))
			h, _ := ParseHeader([]byte(wire))
			for _, want := range []Expectation{{}, {Masked: true}, {RSV1: true}, {Masked: true, RSV1: true}} {
				var whole, first *Violation
				if broken := naive.Broken(f, want.Masked, want.RSV1); len(broken) > 0 {
					ran[broken[0]]++
					whole = rules[broken[0]]
					if !strings.HasPrefix(broken[0], "length ") {
						first = whole
					}
				} else {
					ran["none"]++
				}
				if got := Check(h, want); got != whole {
					t.Fatalf("Check(%v, %+v) = %v, want %v", h, want, got, whole)
				}
				if got := CheckPrefix(b0, b1, want); got != first {
					t.Fatalf("CheckPrefix(%#x, %#x, %+v) = %v, want %v", b0, b1, want, got, first)
				}
			}
		}
	}
	for rule := range rules {
		if ran[rule] == 0 {
			t.Errorf("no header breaks the rule %q first", rule)
		}
	}
	if ran["none"] == 0 {
		t.Error("no header is fine")
	}
}

// A header that was not parsed has no bytes of extended length to judge.
func TestCheckBuiltHeader(t *testing.T) {
	for length, want := range map[uint64]*Violation{0: nil, 126: nil, 65536: nil, 1 << 63: ErrLengthTopBit} {
		if got := Check(Header{Opcode: Binary, FIN: true, Length: length}, Expectation{}); got != want {
			t.Errorf("length %d: %v, want %v", length, got, want)
		}
	}
	if got := Check(Header{Opcode: Ping, FIN: true, Length: 126}, Expectation{}); got != ErrControlTooLong {
		t.Errorf("ping of 126: %v", got)
	}
}

func TestCheckAllocations(t *testing.T) {
	h := Header{RSV2: true, Opcode: Text}
	if n := testing.AllocsPerRun(100, func() {
		if Check(h, Expectation{}) != ErrRSV2 || CheckPrefix(0x88, 0x7E, Expectation{}) != ErrControlTooLong {
			t.Fatal("not refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCheck(b *testing.B) {
	h := Header{FIN: true, Opcode: Text, Length: 500, Extended: 2, Masked: true, Key: 1}
	want := Expectation{Masked: true}
	b.Run("Check", func(b *testing.B) {
		for b.Loop() {
			Check(h, want)
		}
	})
	b.Run("CheckPrefix", func(b *testing.B) {
		for b.Loop() {
			CheckPrefix(0x81, 0xFE, want)
		}
	})
}
