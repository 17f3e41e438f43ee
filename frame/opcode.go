package frame

import "strconv"

// Opcode defines the interpretation of the payload data (RFC 6455 §5.2, §11.8).
// On the wire it is four bits wide.
type Opcode uint8

// The opcodes that RFC 6455 §11.8 registers. All others are reserved.
const (
	Continuation Opcode = 0
	Text         Opcode = 1
	Binary       Opcode = 2
	Close        Opcode = 8
	Ping         Opcode = 9
	Pong         Opcode = 10
)

// controlBit is the most significant of the four bits (§5.5).
const controlBit Opcode = 0x8

// IsControl reports whether o belongs to control frames, reserved ones
// included (§5.5).
func (o Opcode) IsControl() bool { return o&controlBit != 0 }

// IsReserved reports whether o has no meaning yet: 3–7 are kept for
// non-control frames and 11–15 for control frames (§5.2).
func (o Opcode) IsReserved() bool { return o&^controlBit > 2 }

// String returns the name of the frame type in RFC 6455, or "reserved(n)".
func (o Opcode) String() string {
	switch o {
	case Continuation:
		return "continuation"
	case Text:
		return "text"
	case Binary:
		return "binary"
	case Close:
		return "close"
	case Ping:
		return "ping"
	case Pong:
		return "pong"
	}
	return "reserved(" + strconv.Itoa(int(o)) + ")"
}
