package handshake

import (
	"encoding/base64"
	"strings"
	"testing"
)

// https://www.rfc-editor.org/rfc/rfc6455#section-1.3, whose example this is.
func TestAcceptKeyOfTheRFC(t *testing.T) {
	const key, want = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
	if got := AcceptKey(key); string(got[:]) != want {
		t.Errorf("AcceptKey = %s, want %s", got[:], want)
	}
	if got := AppendAccept([]byte("x: "), key); string(got) != "x: "+want {
		t.Errorf("AppendAccept = %s", got)
	}
}

// Two pairs that Chromium and livekit-server exchanged.
func TestAcceptKeyOfRealPeers(t *testing.T) {
	for key, want := range map[string]string{
		"e7mph5HwOIFhhpM7UX/98w==": "xUZy6T249PxJlK9yPhHneq2t3uY=",
		"piRkFonxaJCDijLhLiQjbQ==": "afyNaMqrGD65jI9Lcekfp97Ha78=",
	} {
		if got := AcceptKey(key); string(got[:]) != want {
			t.Errorf("AcceptKey(%s) = %s, want %s", key, got[:], want)
		}
	}
}

func TestAcceptKeyOfAnyLength(t *testing.T) {
	if AcceptKey(strings.Repeat("k", 1000)) == AcceptKey(strings.Repeat("k", 1001)) {
		t.Error("a key longer than a valid one is cut")
	}
}

// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
//
//	The value of this header field MUST be a nonce consisting of a randomly
//	selected 16-byte value that has been base64-encoded.
func TestNewKey(t *testing.T) {
	// The example of the RFC is "the sample nonce".
	if got, want := NewKey([16]byte([]byte("the sample nonce"))), "dGhlIHNhbXBsZSBub25jZQ=="; got != want {
		t.Errorf("NewKey = %s, want %s", got, want)
	}
	if !ValidKey(NewKey([16]byte{})) || NewKey([16]byte{}) == NewKey([16]byte{15: 1}) {
		t.Error("NewKey is not valid, or not a function of every byte")
	}
}

// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
//
//	A |Sec-WebSocket-Key| header field with a base64-encoded [...] value that,
//	when decoded, is 16 bytes in length.
func TestValidKey(t *testing.T) {
	for _, row := range []struct {
		why, key string
		want     bool
	}{
		{"16 bytes", "dGhlIHNhbXBsZSBub25jZQ==", true},
		{"all zero", "AAAAAAAAAAAAAAAAAAAAAA==", true},
		{"both bytes that are not alphanumeric", "++++++//////++++++////==", true},
		{"bits left over in the last character: the example of §4.1", "AQIDBAUGBwgJCgsMDQ4PEC==", true},
		{"empty", "", false},
		{"15 bytes", base64.StdEncoding.EncodeToString(make([]byte, 15)), false},
		{"17 bytes", base64.StdEncoding.EncodeToString(make([]byte, 17)), false},
		{"18 bytes", base64.StdEncoding.EncodeToString(make([]byte, 18)), false},
		{"no padding", "dGhlIHNhbXBsZSBub25jZQ", false},
		{"URL alphabet", "--------------______==", false},
		{"URL alphabet, full length", "----------------______==", false},
		{"padding too early", "dGhlIHNhbXBsZSBub25jZ===", false},
		{"padding too early, space after", "dGhlIHNhbXBsZSBub25jZQ= ", false},
		{"line break inside, which encoding/base64 passes over", "dGhlIHNhbXBs\nSBub25jZQ==", false},
		{"trailing space", "dGhlIHNhbXBsZSBub25jZQ== ", false},
		{"NUL", "dGhlIHNhbXBsZSBub25j\x00Q==", false},
		{"not ASCII", "dGhlIHNhbXBsZSBub25j\xffQ==", false},
		{"1 KiB", strings.Repeat("A", 1022) + "==", false},
	} {
		if got := ValidKey(row.key); got != row.want {
			t.Errorf("%s: ValidKey(%q) = %v", row.why, row.key, got)
		}
	}
}

func TestKeyDoesNotAllocate(t *testing.T) {
	dst, key := make([]byte, 0, 28), "dGhlIHNhbXBsZSBub25jZQ=="
	if n := testing.AllocsPerRun(100, func() { AppendAccept(dst, key) }); n != 0 {
		t.Errorf("AppendAccept: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { ValidKey(key) }); n != 0 {
		t.Errorf("ValidKey: %v allocations", n)
	}
}
