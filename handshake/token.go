package handshake

import (
	"iter"
	"strings"
)

const (
	digits  = "0123456789"
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// byteSet returns the set of the bytes in members.
func byteSet(members string) (set [256]bool) {
	for i := range len(members) {
		set[members[i]] = true
	}
	return set
}

// RFC 9110 §5.6.2: tchar. RFC 2616 §2.2, to which RFC 6455 refers, defines the same set by
// exclusion.
var tokenByte = byteSet("!#$%&'*+-.^_`|~" + digits + letters)

// validToken reports whether s is a token: one or more tchar.
func validToken(s string) bool { return s != "" && made(s, &tokenByte) }

// made reports whether every byte of s is in the set.
func made(s string, of *[256]bool) bool {
	for i := range len(s) {
		if !of[s[i]] {
			return false
		}
	}
	return true
}

// Tokens splits one line of a header field that is a list (RFC 9110 §5.6.1). It yields the
// elements without surrounding white space, each with whether it is a token. Empty elements are
// skipped, as §5.6.1.2 requires.
func Tokens(line string) iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		for rest := line; rest != ""; {
			var element string
			element, rest = cutElement(rest)
			if element != "" && !yield(element, validToken(element)) {
				return
			}
		}
	}
}

// HasToken reports whether token is an element of the list that the lines of a header
// field make together, compared without regard to case. What else the list holds does not
// matter: [Policy.Accept] judges the fields of a request as a whole.
func HasToken(lines []string, token string) bool {
	has, _ := listHas(lines, token, true)
	return has
}

// listHas reports whether token is an element of the list formed by the lines, ignoring case.
// valid is false if an element is not allowed in the list. With products, an element may be
// name/version (RFC 9110 §7.8), and one with a version does not equal the bare token.
func listHas(lines []string, token string, products bool) (has, valid bool) {
	if len(lines) == 1 && equalFold(lines[0], token) { // the common case
		return true, true
	}
	valid = true
	for _, rest := range lines {
		for rest != "" {
			var element string
			element, rest = cutElement(rest)
			switch {
			case element == "":
			case validToken(element):
				has = has || equalFold(element, token)
			case products:
				name, version, _ := strings.Cut(element, "/")
				valid = valid && validToken(name) && validToken(version)
			default:
				valid = false
			}
		}
	}
	return has, valid
}

// cutElement removes the first element from a list, without surrounding white space. It may be
// empty. It does what [Tokens] does, on less stack.
func cutElement(list string) (element, rest string) {
	if i := strings.IndexByte(list, ','); i >= 0 {
		return trimSpace(list[:i]), list[i+1:]
	}
	return trimSpace(list), ""
}

// ValidFieldName reports whether name is a valid header field name: a token (RFC 9110 §5.1).
func ValidFieldName(name string) bool { return validToken(name) }

// ValidFieldValue reports whether value can be sent as a header field value. It must not
// contain control characters other than the tab (RFC 9110 §5.5), so it cannot end its line.
func ValidFieldValue(value string) bool {
	for i := range len(value) {
		if isControl(value[i]) {
			return false
		}
	}
	return true
}

// isControl reports whether c is a control character other than the tab.
func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

// trimSpace removes optional white space around s: spaces and tabs, but no other Unicode space.
func trimSpace(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// equalFold compares ASCII, ignoring case. strings.EqualFold would also equate the Kelvin sign
// with k and the long s with s.
func equalFold(a, b string) bool {
	if a == b {
		return true
	}
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
