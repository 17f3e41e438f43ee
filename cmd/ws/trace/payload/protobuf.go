package payload

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// Bounds on what counts as protobuf. Real messages have small field numbers, and deeply nested
// ones do not fit into one line.
const (
	maxField = 4096
	maxDepth = 4
)

// protobuf lists the fields of a message of size bytes that begins with p, as in `1: 7, 2:
// "text", 3: {1: 0}`. ok is false if p does not look like protobuf: it has a field number of 0
// or an improbable one, a group, or a length beyond the end.
func protobuf(p []byte, size int64) (fields string, ok bool) {
	var b strings.Builder
	if size < 2 || !message(&b, p, size, 0) {
		return "", false
	}
	return b.String(), true
}

func message(b *strings.Builder, p []byte, size int64, depth int) bool {
	cut := int64(len(p)) < size
	for n := 0; len(p) > 0; n++ {
		tag, k := binary.Uvarint(p)
		if k <= 0 {
			return cut && k == 0 && n > 0
		}
		field, wire := tag>>3, tag&7
		if field == 0 || field > maxField {
			return false
		}
		p, size = p[k:], size-int64(k)
		if n > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.FormatUint(field, 10) + ": ")
		switch wire {
		case 0:
			v, k := binary.Uvarint(p)
			if k <= 0 {
				return cut && k == 0 && n > 0
			}
			b.WriteString(strconv.FormatUint(v, 10))
			p, size = p[k:], size-int64(k)
		case 1, 5:
			k := 8
			if wire == 5 {
				k = 4
			}
			if size < int64(k) {
				return false
			}
			if len(p) < k {
				return n > 0
			}
			b.WriteString("0x" + strings.ReplaceAll(hex(p[:k], int64(k)), " ", ""))
			p, size = p[k:], size-int64(k)
		case 2:
			length, k := binary.Uvarint(p)
			if k <= 0 {
				return cut && k == 0 && n > 0
			}
			p, size = p[k:], size-int64(k)
			if length > uint64(size) {
				return false
			}
			there := min(int(min(length, 1<<20)), len(p))
			value(b, p[:there], int64(length), depth)
			p, size = p[there:], size-int64(length)
		default:
			return false
		}
	}
	return true
}

// value shows a length-delimited field: text, a message, or bytes.
func value(b *strings.Builder, p []byte, size int64, depth int) {
	whole := int64(len(p)) == size
	if isText(p, whole) {
		b.WriteString(strconv.Quote(clip(string(p), whole)))
		return
	}
	var inner strings.Builder
	if depth < maxDepth && size >= 2 && message(&inner, p, size, depth+1) {
		b.WriteString("{" + inner.String() + "}")
		return
	}
	b.WriteString("<" + strconv.FormatInt(size, 10) + " octets>")
}
