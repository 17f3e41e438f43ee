package frame

import (
	"encoding/binary"
	"unicode/utf8"
)

// MaxReason is the longest close reason: a control payload less the code.
const MaxReason = MaxControlPayload - 2

// NoStatus stands for a Close frame without a code. It never travels (§7.1.5).
const NoStatus = 1005

// ParseClose reads the payload of a Close frame (RFC 6455 §5.5.1). An empty
// payload has the code [NoStatus]. The reason aliases p. With a violation, code
// and reason are what could be read.
func ParseClose(p []byte) (code uint16, reason []byte, v *Violation) {
	switch len(p) {
	case 0:
		return NoStatus, nil, nil
	case 1:
		return NoStatus, nil, ErrCloseOneByte
	}
	code, reason = binary.BigEndian.Uint16(p), p[2:]
	if !ValidCloseCode(code) {
		return code, reason, ErrCloseCode
	}
	if !utf8.Valid(reason) {
		return code, reason, ErrCloseReason
	}
	return code, reason, nil
}

// AppendClose appends the payload of a Close frame to dst: the code and the
// reason, after [TruncateReason]. For [NoStatus] it appends nothing. It does not
// check the code: see [ValidCloseCode].
func AppendClose(dst []byte, code uint16, reason string) []byte {
	if code == NoStatus {
		return dst
	}
	dst = binary.BigEndian.AppendUint16(dst, code)
	return append(dst, TruncateReason(reason)...)
}

// ValidCloseCode reports whether code may be sent in a Close frame (§7.4). Valid are
// the codes that IANA has registered for the wire, and 3000–4999 for libraries and
// applications. 1005, 1006 and 1015 only describe what was not received, and 1004
// has no meaning yet.
func ValidCloseCode(code uint16) bool {
	switch {
	case code < 1000:
		return false
	case code <= 1003:
		return true
	case code < 1007:
		return false
	case code <= 1014:
		return true
	}
	return 3000 <= code && code <= 4999
}

// TruncateReason returns s cut to [MaxReason] bytes between two characters,
// with each byte that is not valid UTF-8 replaced by U+FFFD. It allocates only
// when it replaces.
func TruncateReason(s string) string {
	end := 0
	for end < len(s) {
		r, size := utf8.DecodeRuneInString(s[end:])
		if r == utf8.RuneError && size == 1 {
			return replaceInvalid(s)
		}
		if end+size > MaxReason {
			break
		}
		end += size
	}
	return s[:end]
}

func replaceInvalid(s string) string {
	valid := make([]byte, 0, MaxReason)
	for _, r := range s {
		if len(valid)+utf8.RuneLen(r) > MaxReason {
			break
		}
		valid = utf8.AppendRune(valid, r)
	}
	return string(valid)
}
