package autobahn

import "github.com/hawser-ws/websocket/internal/naive"

func text(payload string) naive.Frame { return whole(opText, payload) }
func bin(payload string) naive.Frame  { return whole(opBinary, payload) }
func ping(payload string) naive.Frame { return whole(opPing, payload) }
func pong(payload string) naive.Frame { return whole(opPong, payload) }
func cont(payload string) naive.Frame { return whole(opContinuation, payload) }

func whole(opcode byte, payload string) naive.Frame {
	return naive.Frame{FIN: true, Opcode: opcode, Payload: []byte(payload)}
}

// part returns f without FIN: more follows, or should.
func part(f naive.Frame) naive.Frame {
	f.FIN = false
	return f
}

// rsv returns f with the RSV bits of n: 4 is RSV1, 2 RSV2, 1 RSV3.
func rsv(n int, f naive.Frame) naive.Frame {
	f.RSV1, f.RSV2, f.RSV3 = n&4 != 0, n&2 != 0, n&1 != 0
	return f
}
