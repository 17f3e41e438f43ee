package frame

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/vectors"
)

// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
//
// "If there is a body, the first two bytes of the body MUST be a 2-byte
// unsigned integer (in network byte order) representing a status code with
// value /code/ defined in Section 7.4."
func TestCloseVectors(t *testing.T) {
	for _, row := range vectors.Closes {
		t.Run(row.String(), func(t *testing.T) {
			code, reason, v := ParseClose(row.Payload)
			if code != row.Code || string(reason) != row.Reason {
				t.Errorf("got %d %q, want %d %q", code, reason, row.Code, row.Reason)
			}
			if v == nil && row.Fail != 0 || v != nil && v.Code != row.Fail {
				t.Errorf("violation %v, want code %d", v, row.Fail)
			}
			if row.Fail == 0 {
				if got := AppendClose([]byte("x"), code, string(reason)); string(got) != "x"+string(row.Payload) {
					t.Errorf("appended %q", got)
				}
			}
		})
	}
}

// https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
//
// "1005 is a reserved value and MUST NOT be set as a status code in a Close
// control frame by an endpoint." The same is said of 1006 and 1015.
func TestEveryCloseCode(t *testing.T) {
	for code := range 1 << 16 {
		payload := []byte{byte(code >> 8), byte(code)}
		_, _, fail := naive.Close(payload)
		if got := ValidCloseCode(uint16(code)); got != (fail == 0) {
			t.Errorf("ValidCloseCode(%d) = %v", code, got)
		}
		if got, _, v := ParseClose(payload); int(got) != code || (v == nil) != (fail == 0) || v != nil && v != ErrCloseCode {
			t.Errorf("ParseClose of %d: %d, %v", code, got, v)
		}
	}
	if ValidCloseCode(NoStatus) {
		t.Error("1005 may travel")
	}
}

func TestParseCloseViolations(t *testing.T) {
	for payload, want := range map[string]*Violation{
		"\x03":                 ErrCloseOneByte,
		"\x03\xed":             ErrCloseCode,
		"\x03\xe8\xff":         ErrCloseReason,
		"\x03\xe8\xed\xa0\x80": ErrCloseReason,
		"\x03\xe8ok":           nil,
		"":                     nil,
	} {
		if _, _, got := ParseClose([]byte(payload)); got != want {
			t.Errorf("%q: %v, want %v", payload, got, want)
		}
	}
}

func TestAppendClose(t *testing.T) {
	if got := AppendClose(nil, NoStatus, "unheard"); len(got) != 0 {
		t.Errorf("1005 travels: %q", got)
	}
	for n := range 300 {
		payload := AppendClose(nil, 1000, strings.Repeat("x", n))
		if want := 2 + min(n, MaxReason); len(payload) != want || len(payload) > MaxControlPayload {
			t.Errorf("reason of %d bytes: payload of %d, want %d", n, len(payload), want)
		}
	}
}

func TestTruncateReason(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	for _, test := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"as long as allowed", x(123), x(123)},
		{"too long", x(124), x(123)},
		{"two bytes end at the limit", x(121) + "é", x(121) + "é"},
		{"two bytes over the limit", x(122) + "é", x(122)},
		{"three bytes over the limit", x(121) + "€uro", x(121)},
		{"four bytes over the limit", x(120) + "😀", x(120)},
		{"U+FFFD itself", "a\uFFFDb", "a\uFFFDb"},
		{"invalid", "a\xffb", "a\uFFFDb"},
		{"surrogate", "\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},
		{"cut in a character", "a\xe2\x82", "a\uFFFD\uFFFD"},
		{"replaced at the limit", x(120) + "\xff", x(120) + "\uFFFD"},
		{"replaced over the limit", x(121) + "\xff", x(121)},
		{"invalid after the limit", x(123) + "\xff", x(123)},
		{"all invalid", strings.Repeat("\xff", 1000), strings.Repeat("\uFFFD", 41)},
	} {
		if got := TruncateReason(test.in); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	for _, row := range vectors.Texts {
		for pad := range 130 {
			got := TruncateReason(x(pad) + string(row.Text))
			if len(got) > MaxReason || !utf8.ValidString(got) {
				t.Fatalf("%s after %d: %q", row, pad, got)
			}
			if utf8.Valid(row.Text) && !strings.HasPrefix(x(pad)+string(row.Text), got) {
				t.Fatalf("%s after %d: changed to %q", row, pad, got)
			}
		}
	}
}

func TestCloseAllocations(t *testing.T) {
	buf := make([]byte, 0, MaxControlPayload)
	long := strings.Repeat("é", 100)
	if n := testing.AllocsPerRun(100, func() {
		payload := AppendClose(buf, 1001, long)
		if _, reason, v := ParseClose(payload); v != nil || !bytes.HasPrefix([]byte(long), reason) {
			t.Fatal("close payload lost")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
