package handshake

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// text writes extensions so that every field of them can be seen.
func text(extensions []Extension) string {
	var b strings.Builder
	for _, e := range extensions {
		fmt.Fprintf(&b, "[%s", e.Name)
		for _, p := range e.Params {
			switch {
			case p.Quoted:
				fmt.Fprintf(&b, " %s=%q", p.Name, p.Value)
			case p.HasValue:
				fmt.Fprintf(&b, " %s=%s", p.Name, p.Value)
			default:
				fmt.Fprintf(&b, " %s", p.Name)
			}
		}
		b.WriteString("]")
	}
	return b.String()
}

// https://www.rfc-editor.org/rfc/rfc6455#section-9.1
//
//	Sec-WebSocket-Extensions = extension-list
//	extension-list = 1#extension
//	extension = extension-token *( ";" extension-param )
//	extension-token = registered-token
//	registered-token = token
//	extension-param = token [ "=" (token | quoted-string) ]
func TestParseExtensions(t *testing.T) {
	for _, row := range []struct{ lines, want string }{
		{"foo", "[foo]"},
		{"permessage-deflate; client_max_window_bits", "[permessage-deflate client_max_window_bits]"},
		{"a;b=1;c", "[a b=1 c]"},
		{`a;b="1"`, `[a b="1"]`},
		{`a;b="\1\0"`, `[a b="10"]`},
		{`a;b="x\yz"`, `[a b="xyz"]`},
		{"a,b;c,d", "[a][b c][d]"},
		{"a;b;b;b=1", "[a b b b=1]"},
		{"a, a; b", "[a][a b]"},
		// "including the implied *LWS rule"
		{"  a \t;  b\t =\t \"1\" ; c = 2  ,  d ", `[a b="1" c=2][d]`},
		// RFC 2616 §2.1: "null elements are allowed"
		{",, a ,, ,b,", "[a][b]"},
		// The example of §9.1, in one line and split over two.
		{"deflate-stream, mux; max-channels=4; flow-control, deflate-stream", "[deflate-stream][mux max-channels=4 flow-control][deflate-stream]"},
		{"foo|bar; baz=2", "[foo][bar baz=2]"},
		{"foo| |bar", "[foo][bar]"},
		{"x-~!#$%&'*+.^_`|", ""},
	} {
		lines := strings.Split(row.lines, "|")
		if row.want == "" {
			lines, row.want = []string{row.lines}, "["+row.lines+"]"
		}
		got, err := ParseExtensions(lines)
		if err != nil || text(got) != row.want {
			t.Errorf("%q: %s, %v; want %s", row.lines, text(got), err, row.want)
		}
		// What is written again reads the same.
		again, err := ParseExtensions([]string{string(AppendExtensions(nil, got))})
		if err != nil || text(again) != row.want {
			t.Errorf("%q written and read: %s, %v", row.lines, text(again), err)
		}
	}
	if got, err := ParseExtensions(nil); got != nil || err != nil {
		t.Errorf("no header: %v, %v", got, err)
	}
}

// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1.2
//
//	Empty elements do not contribute to the count of elements present. A recipient
//	MUST parse and ignore a reasonable number of empty list elements [...]. In other
//	words, a recipient MUST accept lists that satisfy the following syntax:
//
//	  #element => [ element ] *( OWS "," OWS [ element ] )
//
//	Note that because of the potential presence of empty list elements, the RFC 5234
//	ABNF cannot enforce the cardinality of list elements, and consequently all cases
//	are mapped as if there was no cardinality specified.
//
// So 1#extension is read as #extension, though it is not to be sent. A server's answer
// is read in the same way: RFC 6455 §4.2.2 calls it
//
//	A (possibly empty) list representing the protocol-level extensions the server is
//	ready to use.
func TestEmptyExtensions(t *testing.T) {
	for _, lines := range [][]string{{""}, {" \t"}, {","}, {" , ,"}, {"", ""}, {",", " "}} {
		if got, err := ParseExtensions(lines); len(got) != 0 || err != nil {
			t.Errorf("%q: %v, %v", lines, got, err)
		}
	}
	for _, lines := range [][]string{{"", "a; b"}, {"a; b", ","}, {",", "a;b", ""}} {
		if got, err := ParseExtensions(lines); text(got) != "[a b]" || err != nil {
			t.Errorf("%q: %v, %v", lines, got, err)
		}
	}
}

// https://www.rfc-editor.org/rfc/rfc6455#section-9.1
//
//	If a value is received by either the client or the server during
//	negotiation that does not conform to the ABNF below, the recipient of such
//	malformed data MUST immediately _Fail the WebSocket Connection_.
//
//	When using the quoted-string syntax variant, the value after quoted-string
//	unescaping MUST conform to the 'token' ABNF.
func TestMalformedExtensions(t *testing.T) {
	for _, row := range []struct {
		line string
		want error
	}{
		{";", errExtensionName},
		{"=", errExtensionName},
		{`"a"`, errExtensionName},
		{"a,;b", errExtensionName},
		{"a;", errParamName},
		{"a;;b", errParamName},
		{"a;=1", errParamName},
		{"a;,b", errParamName},
		{`a;"b"`, errParamName},
		{"a;b=", errParamValue},
		{"a;b=,c", errParamValue},
		{"a;b=;c", errParamValue},
		{`a;b=""`, errParamValue},
		{`a;b="1 0"`, errParamValue},
		{`a;b="1,0"`, errParamValue},
		{`a;b="\""`, errParamValue},
		{`a;b="ä"`, errParamValue},
		{`a;b="1`, errQuote},
		{`a;b="1\`, errQuote},
		{`a;b="1\"`, errQuote},
		{`a;b="`, errQuote},
		{"a b", errDelimiter},
		{"a/1", errDelimiter},
		{"a;b c", errDelimiter},
		{"a;b=1=2", errDelimiter},
		{`a;b="1"2`, errDelimiter},
		{`a;b=1"2"`, errDelimiter},
		{"a\x00", errDelimiter},
		{"a\r\nb", errDelimiter},
	} {
		if got, err := ParseExtensions([]string{row.line}); err != row.want || got != nil {
			t.Errorf("%q: %v, %v; want error %v", row.line, got, err, row.want)
		}
		if got, err := ParseExtensions([]string{"fine; and=good", row.line}); err != row.want {
			t.Errorf("%q on the second line: %v, %v", row.line, got, err)
		}
	}
	// A quoted string does not go on in the next line.
	if _, err := ParseExtensions([]string{`a;b="1`, `2"`}); err != errQuote {
		t.Errorf("string over two lines: %v", err)
	}
}

// "attacks.md: huge Sec-WebSocket-* lists": 64 of each and no more, and no
// table larger than that.
func TestExtensionLimits(t *testing.T) {
	for _, row := range []struct{ why, prefix, unit string }{
		{"extensions", "", "a,"},
		{"parameters", "a", ";b"},
		{"values", "a", `;b="c"`},
	} {
		for n := 63; n <= 66; n++ {
			_, err := ParseExtensions([]string{row.prefix + strings.Repeat(row.unit, n)})
			if want := n <= 64; (err == nil) != want {
				t.Errorf("%d %s: %v", n, row.why, err)
			}
		}
	}
	head := []string{strings.Repeat("a,", 8<<10)}
	var x extensionList
	if err := x.parse(head); err != errManyExtensions || cap(x.extensions) > 2*maxExtensions {
		t.Errorf("%v with room for %d", err, cap(x.extensions))
	}
}

// Parameters of several extensions lie one after the other in one slice; to
// append to those of one does not reach those of the next.
func TestParamsDoNotTouch(t *testing.T) {
	got, err := ParseExtensions([]string{"a; b; c, d; e"})
	if err != nil {
		t.Fatal(err)
	}
	got[0].Params = append(got[0].Params, Param{Name: "x"})
	if text(got) != "[a b c x][d e]" {
		t.Errorf("after append: %s", text(got))
	}
	if !slices.Equal(got[1].Params, []Param{{Name: "e"}}) {
		t.Errorf("second extension: %v", got[1])
	}
}
