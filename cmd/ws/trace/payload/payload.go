// Package payload describes the content of a message in a few words: JSON, SIP, what looks like
// protobuf, text, or bytes. Of a long message it sees only the beginning.
package payload

import (
	"fmt"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/cmd/ws/escape"
)

// MaxSample is how much of a message is examined, in bytes. maxPreview is the length limit of
// the description, in characters.
const (
	MaxSample  = 2048
	maxPreview = 200
)

// The kinds of payload.
const (
	JSON     = "JSON"
	SIP      = "SIP"
	Protobuf = "protobuf" // a guess: protobuf has no mark to recognise it by
	Text     = "text"
	Binary   = "binary"
)

// Describe returns the kind of a payload of size bytes that begins with sample, and a preview
// of it in one line without control characters.
func Describe(sample []byte, size int64) (kind, preview string) {
	whole := int64(len(sample)) == size
	if len(sample) == 0 {
		return "", ""
	}
	if isText(sample, whole) {
		return DescribeText(sample, size)
	}
	if fields, ok := protobuf(sample, size); ok {
		return Protobuf, clip(fields, whole)
	}
	return Binary, hex(sample, size)
}

// DescribeText is like Describe for data that is known to be text, such as a text message.
// Control characters do not make it binary: they are escaped. So are incomplete characters at
// either end of the sample.
func DescribeText(sample []byte, size int64) (kind, preview string) {
	whole := int64(len(sample)) == size
	switch {
	case len(sample) == 0:
		return "", ""
	case !utf8.Valid(trim(sample)):
		return Binary, hex(sample, size)
	case isSIP(sample):
		return SIP, clip(sip(sample), true)
	case isJSON(sample, whole):
		return JSON, clip(oneLine(sample), whole)
	}
	return Text, clip(oneLine(sample), whole)
}

// trim removes incomplete characters from both ends of p.
func trim(p []byte) []byte {
	for n := 0; n < utf8.UTFMax-1 && len(p) > 0 && !utf8.RuneStart(p[0]); n++ {
		p = p[1:]
	}
	for i := len(p) - 1; i >= max(0, len(p)-utf8.UTFMax); i-- {
		if utf8.RuneStart(p[i]) {
			if !utf8.FullRune(p[i:]) {
				p = p[:i]
			}
			break
		}
	}
	return p
}

// Visible returns a preview of known text, such as a close reason.
func Visible(s string) string { return clip(oneLine([]byte(s)), true) }

// isText reports whether p is readable UTF-8. A sample may end in the middle of a character.
func isText(p []byte, whole bool) bool {
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		if r == utf8.RuneError && n == 1 {
			return !whole && len(p) < utf8.UTFMax && !utf8.FullRune(p)
		}
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f {
			return false
		}
		p = p[n:]
	}
	return true
}

// oneLine escapes line ends and everything that could control a terminal.
func oneLine(p []byte) string {
	return escape.Text(string(p[:min(len(p), 4*maxPreview)]), "") // clip shortens it further
}

// clip cuts a line at maxPreview characters. whole reports whether s is all of the text.
func clip(s string, whole bool) string {
	n := 0
	for i := range s {
		if n == maxPreview-1 {
			return s[:i] + "…"
		}
		n++
	}
	if !whole {
		return s + "…"
	}
	return s
}

func hex(p []byte, size int64) string {
	const most = 24
	s := fmt.Sprintf("% x", p[:min(len(p), most)])
	if size > most {
		s += " …"
	}
	return s
}
