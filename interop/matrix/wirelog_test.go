package main

import (
	"slices"
	"testing"

	"github.com/hawser-ws/websocket/autobahn"
)

// Where a case is about masks, its log has them: they are the evidence.
func TestWireLogMasks(t *testing.T) {
	r := &autobahn.Result{
		ID: "20.5.7",
		Wirelog: []autobahn.Entry{
			{Kind: "TF", Opcode: 1, FIN: true, Length: 2, Data: []byte("hi")},
			{Kind: "RF", Opcode: 1, FIN: true, Length: 2, Data: []byte("hi"), Masked: true, Key: [4]byte{0x12, 0x34, 0x56, 0x78}},
		},
		Times: []int64{100, 2500},
	}
	want := []string{
		`     0.1 ms  suite → peer  text 2 bytes "hi", no mask`,
		`     2.5 ms  suite ← peer  text 2 bytes "hi", mask 12345678`,
	}
	if got := wireLog(r); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	r.ID = "1.1.1"
	if got := wireLog(r)[0]; got != `     0.1 ms  suite → peer  text 2 bytes "hi"` {
		t.Errorf("%q", got)
	}
}

func TestInCell(t *testing.T) {
	if got := inCell("Autobahn|Python"); got != `Autobahn\|Python` {
		t.Errorf("%q", got)
	}
}
