package raw

import "encoding/binary"

// The opcodes (RFC 6455 §5.2).
const (
	Continuation = 0x0
	Text         = 0x1
	Binary       = 0x2
	Close        = 0x8
	Ping         = 0x9
	Pong         = 0xA
)

const (
	fin, rsv1, rsv23, opcodes = 0x80, 0x40, 0x30, 0x0F
	masked                    = 0x80
)

// AppendFrame appends a client's frame that is a whole message. compressed sets RSV1; payload
// is then the compressed form of the message (RFC 7692 §7.2.1).
func AppendFrame(dst []byte, opcode byte, compressed bool, key [4]byte, payload []byte) []byte {
	first := fin | opcode
	if compressed {
		first |= rsv1
	}
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, first, masked|byte(n))
	case n <= 0xFFFF:
		dst = append(dst, first, masked|126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	default:
		dst = append(dst, first, masked|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	dst = append(dst, key[:]...)
	for i, b := range payload {
		dst = append(dst, b^key[i%4])
	}
	return dst
}
