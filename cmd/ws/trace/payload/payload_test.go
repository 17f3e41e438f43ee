package payload

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDescribe(t *testing.T) {
	long := strings.Repeat("a", 3000)
	for _, test := range []struct {
		p             string
		kind, preview string
	}{
		{"", "", ""},
		{"hello", Text, "hello"},
		{"two\nlines\t\u202e", Text, `two\nlines\t\u202e`},
		{`{"type":"offer","sdp":"v=0\r\n"}`, JSON, `{"type":"offer","sdp":"v=0\r\n"}`},
		{" [1, 2]\n", JSON, ` [1, 2]\n`},
		{`{"a":`, Text, `{"a":`},
		{`42`, Text, `42`},
		{`{"a":"` + long + `"}`, JSON, `{"a":"` + long[:193] + "…"},
		{"REGISTER sip:a SIP/2.0\r\nVia: x\r\nCSeq: 2 REGISTER\r\n\r\n", SIP, "REGISTER sip:a SIP/2.0 (CSeq 2 REGISTER)"},
		{"SIP/2.0 200 OK\r\n\r\n", SIP, "SIP/2.0 200 OK"},
		{"nothing of SIP/2.0 here", Text, "nothing of SIP/2.0 here"},
		{"\x08\x96\x01", Protobuf, "1: 150"},
		{"\x12\x07testing\x1a\x03\x08\x96\x01", Protobuf, `2: "testing", 3: {1: 150}`},
		{"\x0d\x01\x02\x03\x04\x11\x01\x02\x03\x04\x05\x06\x07\x08", Protobuf, "1: 0x01020304, 2: 0x0102030405060708"},
		{"\x0a\x05\xff\xff\xff\xff\xff", Protobuf, "1: <5 octets>"},
		{"\x00\x01\x02", Binary, "00 01 02"},
		{"\x0b\x01", Binary, "0b 01"},
		{"\x0a\x7fabc", Binary, "0a 7f 61 62 63"},
		{strings.Repeat("\xfe", 30), Binary, strings.TrimSpace(strings.Repeat("fe ", 24)) + " …"},
		{"caf\xc3\xa9 ☕", Text, "café ☕"},
		{"👨\u200d👩\u200d👧 می\u200cخواهم a\u200db", Text, "👨\u200d👩\u200d👧 می\u200cخواهم a" + `\u200db`},
		{strings.Repeat("☕", 300), Text, strings.Repeat("☕", 199) + "…"},
		{strings.Repeat("\U0001f3f4", 300), Text, strings.Repeat("\U0001f3f4", 199) + "…"},
	} {
		kind, preview := Describe([]byte(test.p)[:min(len(test.p), MaxSample)], int64(len(test.p)))
		if kind != test.kind || preview != test.preview {
			t.Errorf("%.40q: %s %q\nwant %s %q", test.p, kind, preview, test.kind, test.preview)
		}
	}
}

// Text remains text whatever characters are in it, and wherever it is cut.
func TestDescribeText(t *testing.T) {
	for _, test := range []struct {
		p             string
		size          int64
		kind, preview string
	}{
		{"", 0, "", ""},
		{"\x1b[31mred\x1b[0m", 12, Text, `\x1b[31mred\x1b[0m`},
		{"a\x00b", 3, Text, `a\x00b`},
		{"\x00", 1, Text, `\x00`},
		{"\x08\x96\x01"[:1], 1, Text, `\b`},
		{"\x7f\u202e\u0085", 6, Text, `\x7f\u202e\u0085`},
		{"\x00, cut", 5000, Text, `\x00, cut…`},
		{`{"a":"\u001b"}`, 14, JSON, `{"a":"\u001b"}`},
		{"\xa9 caf\xc3", 6, Text, `\xa9 caf\xc3`}, // a fragment that begins and ends in a character
		{"\x88\x95 \xf0\x9f\x98", 6, Text, `\x88\x95 \xf0\x9f\x98`},
		{"a\xffb", 3, Binary, "61 ff 62"},
		{"SIP/2.0 200 OK\r\nX: \x00\r\n\r\n", 25, SIP, "SIP/2.0 200 OK"},
	} {
		kind, preview := DescribeText([]byte(test.p), test.size)
		if kind != test.kind || preview != test.preview {
			t.Errorf("%.40q: %s %q\nwant %s %q", test.p, kind, preview, test.kind, test.preview)
		}
	}
}

// A sample that is cut anywhere is of the same kind, or less is said of it; and
// nothing that is printed has control characters or is long.
func TestCutAnywhere(t *testing.T) {
	for _, whole := range []string{
		`{"type":"answer","sdp":"v=0\r\no=- 1 2 IN IP4 0.0.0.0","list":[1,2.5,null,true,{"ü":"☕"}]}`,
		"\x08\x96\x01\x12\x07testing\x1a\x0c\x08\x96\x01\x12\x07\xffnested",
		"plain text with ü and ☕ and \u202e",
	} {
		kind, _ := Describe([]byte(whole), int64(len(whole)))
		for n := range len(whole) {
			got, preview := Describe([]byte(whole[:n]), int64(len(whole)))
			if n > len(whole)/2 && got != kind {
				t.Errorf("%q is %s, and %s as a whole", whole[:n], got, kind)
			}
			if !utf8.ValidString(preview) || utf8.RuneCountInString(preview) > maxPreview {
				t.Errorf("%q", preview)
			}
			for _, r := range preview {
				if r < ' ' || r == 0x7f || r == 0x202e {
					t.Errorf("%q has %q in it", preview, r)
				}
			}
		}
	}
}

func FuzzDescribe(f *testing.F) {
	f.Add([]byte("\x08\x96\x01\x12\x07testing"), int64(5))
	f.Add([]byte(`{"a":[1,2`), int64(1))
	f.Fuzz(func(t *testing.T, p []byte, more int64) {
		p = p[:min(len(p), MaxSample)]
		for _, describe := range []func([]byte, int64) (string, string){Describe, DescribeText} {
			_, preview := describe(p, int64(len(p))+max(0, more>>1))
			if !utf8.ValidString(preview) || utf8.RuneCountInString(preview) > maxPreview {
				t.Errorf("%q", preview)
			}
			for _, r := range preview {
				if r < ' ' || r == 0x7f {
					t.Errorf("%q has %q in it", preview, r)
				}
			}
		}
	})
}
