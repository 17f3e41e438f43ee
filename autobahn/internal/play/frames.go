package play

import "github.com/hawser-ws/websocket/internal/naive"

func Text(payload string) naive.Frame         { return Whole(OpText, payload) }
func Binary(payload string) naive.Frame       { return Whole(OpBinary, payload) }
func Ping(payload string) naive.Frame         { return Whole(OpPing, payload) }
func Pong(payload string) naive.Frame         { return Whole(OpPong, payload) }
func Continuation(payload string) naive.Frame { return Whole(OpContinuation, payload) }

func Whole(opcode byte, payload string) naive.Frame {
	return naive.Frame{FIN: true, Opcode: opcode, Payload: []byte(payload)}
}

// Part returns f without FIN: more follows, or should.
func Part(f naive.Frame) naive.Frame {
	f.FIN = false
	return f
}

// RSV returns f with the RSV bits of n: 4 is RSV1, 2 RSV2, 1 RSV3.
func RSV(n int, f naive.Frame) naive.Frame {
	f.RSV1, f.RSV2, f.RSV3 = n&4 != 0, n&2 != 0, n&1 != 0
	return f
}

// The opcodes of RFC 6455 section 5.2.
const (
	OpContinuation byte = 0
	OpText         byte = 1
	OpBinary       byte = 2
	OpClose        byte = 8
	OpPing         byte = 9
	OpPong         byte = 10
)
