package payload

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// isJSON asks for an object or an array: a number or a string alone is JSON as well,
// and says nothing. Of a sample that is not the whole it asks that nothing is wrong
// until it ends.
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

// isSIP asks for a start line of SIP (RFC 3261 §7).
func isSIP(p []byte) bool {
	line, _, _ := strings.Cut(string(p), "\r\n")
	return strings.HasPrefix(line, sipVersion+" ") || strings.HasSuffix(line, " "+sipVersion) && strings.Count(line, " ") == 2
}

// sip shows the start line, and of the fields the one that tells which request a
// response is to.
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
