package payload

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// isJSON reports whether p is an object or an array. A number or a string alone is valid JSON
// too, but says nothing. If whole is false, p only has to be valid up to its end.
func isJSON(p []byte, whole bool) bool {
	p = bytes.TrimLeft(p, " \t\r\n")
	if len(p) == 0 || p[0] != '{' && p[0] != '[' {
		return false
	}
	if whole {
		return json.Valid(p)
	}
	d := json.NewDecoder(bytes.NewReader(p))
	for tokens := 0; ; tokens++ {
		if _, err := d.Token(); err != nil {
			return (err == io.EOF || err == io.ErrUnexpectedEOF) && tokens > 1
		}
	}
}

const sipVersion = "SIP/2.0"

// isSIP reports whether p begins with a start line of SIP (RFC 3261 §7).
func isSIP(p []byte) bool {
	line, _, _ := strings.Cut(string(p), "\r\n")
	return strings.HasPrefix(line, sipVersion+" ") || strings.HasSuffix(line, " "+sipVersion) && strings.Count(line, " ") == 2
}

// sip returns the start line and the CSeq field, which ties a response to its request.
func sip(p []byte) string {
	line, rest, _ := strings.Cut(string(p), "\r\n")
	s := oneLine([]byte(line))
	for f := range strings.SplitSeq(rest, "\r\n") {
		if name, value, ok := strings.Cut(f, ":"); ok && strings.EqualFold(strings.TrimSpace(name), "CSeq") {
			return s + " (CSeq " + oneLine([]byte(strings.TrimSpace(value))) + ")"
		}
	}
	return s
}
