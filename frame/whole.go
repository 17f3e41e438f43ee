package frame

import "encoding/binary"

// ParseWhole reads the frame at the start of p if it is a valid message of a single
// frame, as most frames are: text or binary, FIN, no reserved bit, masked exactly if
// masked is true, its length in the fewest bytes, and all of it in p. payload is
// still masked, with key. size is how many bytes of p the frame takes. A size of 0
// means that the frame is something else, invalid or incomplete: use [ParseHeader]
// and [Check] to find out.
func ParseWhole(p []byte, masked bool) (op Opcode, payload []byte, key Key, size int) {
	if len(p) < 2 {
		return 0, nil, 0, 0
	}
	b0, b1 := p[0], p[1]
	if b0 != bitFIN|byte(Text) && b0 != bitFIN|byte(Binary) || b1&bitMask != 0 != masked {
		return 0, nil, 0, 0
	}
	at, length := 2, int(b1&lengths)
	switch {
	case length < length16:
	case length == length16 && len(p) >= 4:
		at, length = 4, int(binary.BigEndian.Uint16(p[2:]))
		if length < length16 {
			return 0, nil, 0, 0
		}
	case length == length64 && len(p) >= 10:
		long := binary.BigEndian.Uint64(p[2:])
		if long <= 0xFFFF || long > uint64(len(p)) {
			return 0, nil, 0, 0
		}
		at, length = 10, int(long)
	default:
		return 0, nil, 0, 0
	}
	if masked {
		if len(p) < at+keySize {
			return 0, nil, 0, 0
		}
		key = Key(binary.LittleEndian.Uint32(p[at:]))
		at += keySize
	}
	if size = at + length; len(p) < size {
		return 0, nil, 0, 0
	}
	return Opcode(b0 & opcodes), p[at:size:size], key, size
}

// AppendWhole appends a message of one frame to dst, its payload masked with key if
// masked says so. The payload is not modified.
func AppendWhole(dst []byte, op Opcode, payload []byte, masked bool, key Key) []byte {
	var mask byte
	if masked {
		mask = bitMask
	}
	switch n := len(payload); {
	case n < length16:
		dst = append(dst, bitFIN|byte(op), mask|byte(n))
	case n <= 0xFFFF:
		dst = append(dst, bitFIN|byte(op), mask|length16, byte(n>>8), byte(n))
	default:
		dst = append(dst, bitFIN|byte(op), mask|length64)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	if !masked {
		return append(dst, payload...)
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(key))
	at := len(dst)
	dst = append(dst, payload...)
	Mask(dst[at:], key)
	return dst
}
