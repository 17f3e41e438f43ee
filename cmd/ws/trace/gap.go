package trace

import (
	"math"

	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
)

// How a receiver handles bytes that are missing from the capture.

// lost skips n missing bytes. It reports false if the next frame boundary is no longer known.
func (r *receiver) lost(n int64, m Mark) bool {
	if r.dead != "" {
		return true
	}
	if uint64(n) > r.decoder.Left() {
		r.cut(m)
		return false
	}
	r.f.Missing += uint64(n) // the rest of the payload is only counted, so the masking key need not advance
	if r.decoder.InMessage() {
		r.message.fail("octets of it are not in the capture")
	}
	r.decoder.Skip(uint64(n))
	r.endIfWhole(m)
	return true
}

// cut ends the current frame where the capture ends.
func (r *receiver) cut(m Mark) {
	if !r.decoder.AtHeader() {
		r.f.Missing += r.decoder.Left()
		r.f.LastPacket, r.f.Unfinished = m.Packet, true
		r.f.Kind, r.f.Preview = payload.Describe(r.sample, math.MaxInt64)
		r.finish()
	}
	r.have = 0
	r.message.drop(r.engines)
	r.message.forget()
	r.decoder.Init(r.want)
	r.joined = true
}
