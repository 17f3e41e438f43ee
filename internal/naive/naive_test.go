package naive

import (
	"reflect"
	"testing"

	"github.com/hawser-ws/websocket/internal/vectors"
)

// The oracle is held against the vectors, which were written by hand.

func TestFrames(t *testing.T) {
	for _, row := range vectors.Frames {
		t.Run(row.String(), func(t *testing.T) {
			want := Frame{
				FIN: row.FIN, RSV1: row.RSV1, RSV2: row.RSV2, RSV3: row.RSV3,
				Opcode: row.Opcode, Masked: row.Masked, Key: row.Key,
				Length: uint64(len(row.Payload)), Extended: row.Extended, Payload: row.Payload,
			}
			wire := row.Wire()
			got, n := Decode(wire)
			if n != len(wire) || !reflect.DeepEqual(got, want) {
				t.Fatalf("decoded %d of %d bytes: %+v", n, len(wire), got)
			}
			if got := Encode(want); string(got) != string(wire) {
				t.Fatal("encoding it again gives other bytes")
			}
			for i := range min(len(wire), 300) {
				if _, n := Decode(wire[:i]); n != 0 {
					t.Fatalf("the first %d bytes decode", i)
				}
			}
		})
	}
}

func TestWrongOnPurpose(t *testing.T) {
	for _, test := range []struct {
		frame Frame
		want  string
	}{
		{Frame{Opcode: 3, RSV2: true, Extended: 2, Payload: []byte("a")}, "\x23\x7e\x00\x01a"},
		{Frame{FIN: true, Opcode: 9, Extended: 8, Payload: []byte("a")}, "\x89\x7f\x00\x00\x00\x00\x00\x00\x00\x01a"},
		{Frame{FIN: true, Opcode: 1, Length: 1 << 63}, "\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00"},
		{Frame{FIN: true, Opcode: 1, Masked: true, Raw: true, Key: [4]byte{1, 2, 3, 4}, Payload: []byte("a")}, "\x81\x81\x01\x02\x03\x04a"},
	} {
		if got := Encode(test.frame); string(got) != test.want {
			t.Errorf("%+v\n got %x\nwant %x", test.frame, got, test.want)
		}
	}
}

func TestBroken(t *testing.T) {
	for _, row := range vectors.BadHeaders {
		f, n := DecodeHeader(row.Wire)
		if n != len(row.Wire) {
			t.Fatalf("%s: header is %d bytes", row, n)
		}
		rules := Broken(f, row.FromClient, row.Deflate)
		if len(rules) == 0 || rules[0] != row.Rule {
			t.Errorf("%s: broken: %q, want %q first", row, rules, row.Rule)
		}
	}
}

func TestFirstBad(t *testing.T) {
	for _, row := range vectors.Texts {
		if got := FirstBad(row.Text); got != row.Bad {
			t.Errorf("%s: first bad byte of %x is %d, want %d", row, row.Text, got, row.Bad)
		}
	}
}

func TestClose(t *testing.T) {
	for _, row := range vectors.Closes {
		code, reason, fail := Close(row.Payload)
		if code != int(row.Code) || reason != row.Reason || fail != int(row.Fail) {
			t.Errorf("%s: got %d %q, fail with %d", row, code, reason, fail)
		}
	}
}
