package wsplay

import (
	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
)

// Opcodes, as the peer knows them, and how to make frames of them.
const (
	OpContinuation = 0
	OpText         = 1
	OpBinary       = 2
	OpClose        = 8
	OpPing         = 9
	OpPong         = 10
)

// Frame returns a message in one frame, or a control frame.
func Frame(opcode byte, payload string) naive.Frame {
	return naive.Frame{FIN: true, Opcode: opcode, Payload: []byte(payload)}
}

// Fragment returns a frame that does not end its message.
func Fragment(opcode byte, payload string) naive.Frame {
	return naive.Frame{Opcode: opcode, Payload: []byte(payload)}
}

// Header returns a header that declares n bytes, without them.
func Header(opcode byte, n uint64) naive.Frame {
	return naive.Frame{FIN: true, Opcode: opcode, Length: n}
}

// CloseFrame returns a Close frame with a status code and a reason.
func CloseFrame(code websocket.StatusCode, reason string) naive.Frame {
	return Frame(OpClose, string([]byte{byte(code >> 8), byte(code)})+reason)
}

// MaskingKey is the key of every frame that a peer masks.
var MaskingKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}
