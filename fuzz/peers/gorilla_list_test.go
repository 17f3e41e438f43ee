package peers_test

import (
	"slices"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/internal/naive"
)

// gorillaList is what gorilla sees otherwise.
var gorillaList = []*difference{
	{
		name: "length not minimal", section: "5.2",
		why:   `"the minimal number of bytes MUST be used to encode the length": we refuse the frame, gorilla takes it`,
		about: func(p placed) bool { return p.Opcode < 8 && slices.Contains(p.broken(), "length not minimal") },
	},
	{
		name: "most significant bit of the length", section: "5.2",
		why:   `"the most significant bit MUST be 0": we say 1002, gorilla ends the connection without a Close frame`,
		about: func(p placed) bool { return slices.Contains(p.broken(), "length top bit") },
	},
	{
		name: "the sum of lengths overflows", section: "7.4.1",
		why:   `a message "too big" is 1009 for us; gorilla sends no Close frame when the sum is more than it can count`,
		about: func(p placed) bool { return p.Opcode == 0 && p.size+p.Length > 1<<63-1 },
	},
	{
		name: "text that is not UTF-8", section: "8.1",
		why:   `"that endpoint MUST _Fail the WebSocket Connection_": we do, with the byte that shows it; gorilla leaves it to the application`,
		about: func(p placed) bool { return p.notText() },
	},
	{
		name: "close payload of one byte", section: "5.5.1",
		why:   `"the first two bytes of the body MUST be a 2-byte unsigned integer": we refuse one byte, gorilla takes it for none`,
		about: func(p placed) bool { return p.Opcode == 8 && p.complete && len(p.Payload) == 1 },
	},
	{
		name: "close reason that is not UTF-8", section: "7.4.1",
		why: `data "not consistent with the type of the message" is 1007 for us, for gorilla 1002`,
		about: func(p placed) bool {
			return p.Opcode == 8 && p.complete && len(p.Payload) > 2 && !utf8.Valid(p.Payload[2:])
		},
	},
	{
		name: "close code 1014", section: "7.4.2",
		why:   `it is in the registry that the section has IANA keep: we take it, gorilla does not know it`,
		about: func(p placed) bool { return p.closes(1014, 1014) },
	},
	{
		name: "a header that has only begun", section: "5.4",
		why:   `two bytes show that a frame is out of order: gorilla refuses it then, we when all of its header has come`,
		about: func(p placed) bool { return p.begun && p.outOfOrder() },
	},
}

// notText tells that the frame makes its message something that is not UTF-8, ended or
// not.
func (p placed) notText() bool {
	if !(p.Opcode == 1 || p.Opcode == 0 && p.opcode == 1) {
		return false
	}
	return naive.FirstBad(p.text) >= 0 || p.complete && p.FIN && !utf8.Valid(p.text)
}

// outOfOrder tells that no such data frame may come here.
func (p placed) outOfOrder() bool { return p.Opcode < 3 && (p.Opcode == 0) == (p.opcode == 0) }
