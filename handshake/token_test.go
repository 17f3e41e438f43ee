package handshake

import (
	"slices"
	"strings"
	"testing"
)

// https://www.rfc-editor.org/rfc/rfc2616#section-2.2
//
//	token      = 1*<any CHAR except CTLs or separators>
//	separators = "(" | ")" | "<" | ">" | "@" | "," | ";" | ":" | "\" | <">
//	           | "/" | "[" | "]" | "?" | "=" | "{" | "}" | SP | HT
func TestTokenBytes(t *testing.T) {
	for i := range 256 {
		c := byte(i)
		want := c > ' ' && c < 0x7f && !strings.ContainsRune("()<>@,;:\\\"/[]?={}", rune(c))
		if got := validToken(string([]byte{c})); got != want {
			t.Errorf("%q: token %v", c, got)
		}
	}
	if validToken("") || validToken("a b") || !validToken("a.b") {
		t.Error("token of more or less than one byte")
	}
}

// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1
//
//	A recipient MUST parse and ignore a reasonable number of empty list elements.
func TestTokens(t *testing.T) {
	for _, row := range []struct{ line, want string }{
		{"", ""},
		{" \t ", ""},
		{",,, ,\t,", ""},
		{"upgrade", "upgrade"},
		{"keep-alive, Upgrade", "keep-alive|Upgrade"},
		{" a\t,b ,, c,", "a|b|c"},
		{"a b, c", "!a b|c"},
		{"a;q=1, c", "!a;q=1|c"},
		{"\"a, b\"", "!\"a|!b\""},
		{"a\u00a0,b", "!a\u00a0|b"},
		{"a\v,b", "!a\v|b"},
	} {
		var got []string
		for element, isToken := range Tokens(row.line) {
			if !isToken {
				element = "!" + element
			}
			got = append(got, element)
		}
		if strings.Join(got, "|") != row.want {
			t.Errorf("Tokens(%q) = %q, want %s", row.line, got, row.want)
		}
	}
	for element := range Tokens("a, b, c") {
		if element != "a" {
			t.Errorf("goes on after the loop was left, with %s", element)
		}
		break
	}
	twice := Tokens("a,b")
	for range 2 {
		n := 0
		for range twice {
			n++
		}
		if n != 2 {
			t.Errorf("%d elements, want the same two every time", n)
		}
	}
}

func TestListHas(t *testing.T) {
	for _, row := range []struct {
		lines      []string
		products   bool
		has, valid bool
		why        string
	}{
		{nil, false, false, true, "nothing"},
		{[]string{"Upgrade"}, false, true, true, "alone"},
		{[]string{"uPGRADE"}, false, true, true, "odd case"},
		{[]string{"keep-alive", "UPGRADE ,"}, false, true, true, "second line"},
		{[]string{"upgrades", "up grade"}, false, false, false, "not a token"},
		{[]string{"upgrades, xupgrade"}, false, false, true, "part of a token"},
		{[]string{"upgrade/1"}, false, false, false, "version where none may be"},
		{[]string{"upgrade/1"}, true, false, true, "version: another protocol"},
		{[]string{"h2c/2, upgrade"}, true, true, true, "beside a product"},
		{[]string{"upgrade, a/"}, true, true, false, "product without a version"},
		{[]string{"upgrade, a/b/c"}, true, true, false, "product with two versions"},
	} {
		has, valid := listHas(row.lines, "upgrade", row.products)
		if has != row.has || valid != row.valid {
			t.Errorf("%s: has %v, valid %v", row.why, has, valid)
		}
	}
}

// "attacks.md: CR/LF/NUL in subprotocol and response headers"
func TestFieldSyntax(t *testing.T) {
	for _, name := range []string{"", "a b", "a:", "a\r\nb", "a\x00", "a\n", "ä", " a", "a "} {
		if ValidFieldName(name) {
			t.Errorf("name %q is valid", name)
		}
	}
	if !ValidFieldName("Sec-WebSocket-Key") || !ValidFieldName("x_y") {
		t.Error("proper name is not valid")
	}
	for c := range 256 {
		want := c == '\t' || c >= ' ' && c != 0x7f
		if got := ValidFieldValue("a" + string([]byte{byte(c)}) + "b"); got != want {
			t.Errorf("value with byte %#x: valid %v", c, got)
		}
	}
	if !ValidFieldValue("") {
		t.Error("empty value is not valid")
	}
}

// https://www.rfc-editor.org/rfc/rfc6455#section-2.1
//
//	Comparing two strings in an _ASCII case-insensitive_ manner means comparing
//	them exactly, code point for code point, except that the characters in the
//	range U+0041 to U+005A [...] and the corresponding characters in the range
//	U+0061 to U+007A [...] are considered to also match.
func TestEqualFoldIsASCII(t *testing.T) {
	if !equalFold("WebSocket", "wEBsOCKET") || equalFold("a", "b") || equalFold("a", "aa") {
		t.Error("letters")
	}
	if equalFold("webso\u212aet", "websocket") || equalFold("web\u017focket", "websocket") {
		t.Error("Kelvin sign or long s taken for a letter of ASCII")
	}
	if equalFold("@[`{", "`{@[") {
		t.Error("the neighbours of the letters fold")
	}
}

func TestHasToken(t *testing.T) {
	for _, lines := range [][]string{{"Upgrade"}, {"keep-alive, upgrade"}, {"a b", "c,,UPGRADE "}, {"x/1, upgrade, y="}} {
		if !HasToken(lines, "upgrade") {
			t.Errorf("%q has it", lines)
		}
	}
	for _, lines := range [][]string{nil, {""}, {"upgrade/1"}, {"up grade"}, {"upgrad"}} {
		if HasToken(lines, "upgrade") {
			t.Errorf("%q does not have it", lines)
		}
	}
}

func TestListsDoNotAllocate(t *testing.T) {
	lines := slices.Repeat([]string{"keep-alive, x, , Upgrade"}, 5)
	if n := testing.AllocsPerRun(100, func() { listHas(lines, "upgrade", false) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
