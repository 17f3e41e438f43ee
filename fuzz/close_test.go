package fuzz_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/internal/naive"
)

// FuzzClosePayload judges the payload of a Close frame as package naive does, writes
// back what is good, and makes of any reason one that may travel.
func FuzzClosePayload(f *testing.F) {
	var payloads [][]byte
	for _, s := range seeds.Streams() {
		for rest := s.Data; ; {
			h, n := naive.Decode(rest)
			if n == 0 {
				break
			}
			if rest = rest[n:]; h.Opcode == 8 {
				payloads = append(payloads, h.Payload)
			}
		}
	}
	seeds.Need(f, payloads, 100)
	for _, p := range payloads {
		f.Add(p)
	}
	for _, text := range seeds.Texts() { // reasons too long, cut in a character
		f.Add(append(append([]byte("\x03\xe8"), bytes.Repeat([]byte("0123456789"), 12)...), text[:min(len(text), 200)]...))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		code, reason, v := frame.ParseClose(p)
		wantCode, wantReason, fail := naive.Close(p)
		deserves := 0
		if v != nil {
			deserves = int(v.Code)
		}
		if deserves != fail {
			t.Fatalf("%x: %v, naive would close with %d", p, v, fail)
		}
		if fail == 0 && (int(code) != wantCode || string(reason) != wantReason) {
			t.Fatalf("%x: %d %q, naive %d %q", p, code, reason, wantCode, wantReason)
		}
		if len(p) >= 2 {
			number := uint16(p[0])<<8 | uint16(p[1])
			if _, _, fail := naive.Close(p[:2]); frame.ValidCloseCode(number) != (fail == 0) {
				t.Fatalf("%d may travel: %v", number, frame.ValidCloseCode(number))
			}
		}
		if fail == 0 && len(p) <= frame.MaxControlPayload {
			if back := frame.AppendClose([]byte("before"), code, string(reason)); string(back) != "before"+string(p) {
				t.Fatalf("%x: written as %x", p, back)
			}
		}
		wantReasonThatTravels(t, string(p))
	})
}

// wantReasonThatTravels holds TruncateReason against what it says: each byte that is
// not UTF-8 replaced, cut to 123 bytes between two characters, and no shorter than
// it has to be.
func wantReasonThatTravels(t *testing.T, s string) {
	t.Helper()
	valid := strings.Builder{}
	for _, r := range s { // a RuneError for each byte that is not UTF-8
		valid.WriteRune(r)
	}
	want := valid.String()
	for len(want) > frame.MaxReason {
		_, n := utf8.DecodeLastRuneInString(want)
		want = want[:len(want)-n]
	}
	if got := frame.TruncateReason(s); got != want {
		t.Fatalf("%q becomes %q, want %q", s, got, want)
	}
	payload := frame.AppendClose(nil, 4000, s)
	if _, reason, v := frame.ParseClose(payload); v != nil || string(reason) != want || len(payload) > frame.MaxControlPayload {
		t.Fatalf("%q is sent as %x: %v", s, payload, v)
	}
}
