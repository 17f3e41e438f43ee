package h2

import (
	"fmt"
	"strconv"
)

// malformed is a violation that makes a message malformed (RFC 9113 §8.1.1).
func malformed(section, format string, args ...any) *Violation {
	return &Violation{Code: ProtocolError, Section: section, Reason: fmt.Sprintf(format, args...)}
}

// maxShown is how many bytes of what a peer has sent go into an error text.
const maxShown = 64

// shown is what a peer has sent, for an error text.
func shown(text string) string {
	if len(text) > maxShown {
		return strconv.Quote(text[:maxShown]) + "…"
	}
	return strconv.Quote(text)
}

// checkField judges a field that is no pseudo-field (§8.2.1, §8.2.2).
func checkField(f Field) *Violation {
	switch {
	case !validName(f.Name):
		return malformed("8.2.1", "field name %s", shown(f.Name))
	case !validValue(f.Value):
		return malformed("8.2.1", "the value of %s has a byte that may not be in it, or a space around it", shown(f.Name))
	case f.Name == "te" && f.Value != "trailers", connectionSpecific(f.Name):
		return malformed("8.2.2", "%s does not exist in HTTP/2", f.Name)
	}
	return nil
}

// connectionSpecific reports whether a field belongs to a connection of HTTP/1.1.
func connectionSpecific(name string) bool {
	switch name {
	case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade":
		return true
	}
	return false
}

// sensitive reports whether the value of a field must not enter a table that a later guess
// could be measured against (RFC 7541 §7.1.3).
func sensitive(name string) bool {
	switch name {
	case "authorization", "proxy-authorization", "cookie", "set-cookie":
		return true
	}
	return false
}

// validName reports whether name is a token (RFC 9110 §5.6.2) without upper-case letters.
func validName(name string) bool {
	for i := range len(name) {
		if c := name[i]; c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return validToken(name)
}

func validToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isTokenByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return false
}

// validValue reports whether value has no NUL, LF or CR, and no white space around it.
func validValue(value string) bool {
	for i := range len(value) {
		if c := value[i]; c == 0 || c == '\n' || c == '\r' {
			return false
		}
	}
	return value == "" || !isSpace(value[0]) && !isSpace(value[len(value)-1])
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }
