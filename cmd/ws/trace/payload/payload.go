// Package payload says in a few words what is in a message: JSON, SIP, what looks
// like protobuf, text, bytes. It sees no more than the beginning of a long message.
package payload

import (
	"fmt"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/cmd/ws/escape"
)

// MaxSample is how much of a message is looked at, in bytes; maxPreview how long the
// text about it may be, in characters.
const (
	MaxSample  = 2048
	maxPreview = 200
)

// The kinds of payload.
const (
	JSON     = "JSON"
	SIP      = "SIP"
	Protobuf = "protobuf" // looks like it: there is no mark to know it by
	Text     = "text"
	Binary   = "binary"
)

// Describe tells what a payload of size bytes is that begins with sample, and
// shows it in one line without control characters.
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

// DescribeText is Describe for what is known to be text, such as a text message. Control
// characters do not make it binary: they are escaped. So are incomplete characters at both
// ends of the sample.
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

// Visible is a preview of what is known to be text, such as a close reason.
func Visible(s string) string { return clip(oneLine([]byte(s)), true) }

// isText reports whether p is UTF-8 that somebody can read. A sample may end in the
// middle of a character.
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

// oneLine escapes line ends and what could take a terminal over.
func oneLine(p []byte) string {
	return escape.Text(string(p[:min(len(p), 4*maxPreview)]), "") // of which clip leaves less
}

// clip cuts a line at maxPreview characters. whole says that there is no more of it.
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
