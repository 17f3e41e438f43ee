package trace

import (
	"encoding/hex"
	"math"
	"strings"

	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// What a receiver records about a frame.

// begin records the header of the next frame, and the rules that it breaks.
func (r *receiver) begin(h frame.Header, broken []*frame.Violation) {
	r.opcode = h.Opcode
	r.content.reset()
	r.frames++
	f := r.f
	f.Index, f.FIN, f.Opcode, f.Masked, f.Length = r.frames, h.FIN, opcodeName(h.Opcode), h.Masked, h.Length
	for i, set := range []bool{h.RSV1, h.RSV2, h.RSV3} {
		if set {
			f.RSV |= 4 >> i
		}
	}
	if h.Masked {
		f.Key = hex.EncodeToString([]byte{byte(h.Key), byte(h.Key >> 8), byte(h.Key >> 16), byte(h.Key >> 24)})
	}
	if r.closed { // RFC 6455 §5.5.1: nothing may be sent after a Close frame
		f.Violations = append(f.Violations, Violation{By: r.dir, RFC: "RFC 6455 §5.5.1", Reason: "frame after a Close frame"})
	}
	for _, v := range broken {
		if v == conn.ErrMessageNotFinished {
			r.message.drop(r.engines)
		}
		if v != conn.ErrContinuationWithoutStart || !r.joined {
			f.Violations = append(f.Violations, violation(r.dir, v))
		}
	}
	if r.decoder.InMessage() {
		r.joined = false
		r.message.frame(h, r)
	}
}

// end ends a frame.
func (r *receiver) end(m Mark) {
	f := r.f
	f.LastPacket = m.Packet
	if f.Missing == 0 {
		f.SHA256 = r.content.digest()
	}
	if r.decoder.InMessage() {
		r.message.endFrame(r)
	} else {
		r.decoder.EndFrame()
		if r.opcode == frame.Close {
			r.close()
		} else {
			f.Kind, f.Preview = payload.Describe(r.sample, r.length())
		}
	}
	r.finish()
}

// length is the payload length for those who only have a sample of it. An incomplete payload
// has no known end.
func (r *receiver) length() int64 {
	if r.f.Missing > 0 {
		return math.MaxInt64
	}
	return int64(r.f.Length)
}

// close reads the payload of a Close frame.
func (r *receiver) close() {
	r.closed = true
	if r.f.Missing > 0 || r.f.Length > frame.MaxControlPayload {
		return
	}
	code, reason, v := frame.ParseClose(r.sample)
	r.f.Close = &frameClose{code, string(reason)}
	if v != nil {
		r.f.Violations = append(r.f.Violations, violation(r.dir, v))
	}
}

// finish delivers the record of a frame.
func (r *receiver) finish() {
	f := r.f
	r.f = nil
	if len(f.Violations) > 0 {
		if r.broken++; r.broken == maxBroken {
			r.dead = "too many frames break the rules: what follows is not taken for frames"
		}
	}
	r.emit(f)
}

// endFrame ends a frame of the message in progress. It records what the frame says, and the
// message if it is complete.
func (m *message) endFrame(r *receiver) {
	f := r.f
	m.end(&r.decoder, f.FIN)
	switch {
	case !m.readable() && !m.compressed:
		f.Kind, f.Preview = m.describe(r.sample, r.length())
	case m.readable() && (m.fragments > 1 || !f.FIN):
		f.Kind, f.Preview = m.describe(m.part, int64(len(m.part)))
	}
	if !f.FIN {
		return
	}
	r.messages++
	f.Message = &Message{Index: r.messages, Type: m.opcode.String(), Compressed: m.compressed, Fragments: m.fragments, Wire: m.wire}
	switch {
	case m.refused != nil:
		f.Violations = append(f.Violations, violation(r.dir, m.refused))
		f.Message.Unreadable = m.refused.Reason
	case m.unreadable != "":
		f.Message.Unreadable = m.unreadable
	default:
		m.record(r)
	}
	if m.readable() {
		m.done(r.engines)
	} else {
		m.drop(r.engines)
	}
}

// record describes a complete message.
func (m *message) record(r *receiver) {
	f := r.f
	f.Message.Length, f.Message.SHA256, f.Message.ICE = m.size, m.digest(), m.ice.end()
	f.Kind, f.Preview = m.describe(m.sample, int64(m.size))
	f.Kind = strings.TrimPrefix(f.Kind, payload.Text) // the opcode says it already
	if m.opcode == frame.Binary && f.Kind == "" && m.size > 0 {
		f.Kind = payload.Text
	}
	if m.badText {
		f.Violations = append(f.Violations, violation(r.dir, frame.ErrText))
	}
}

// describe describes a message or a part of it. The opcode decides what is text, unless it is
// not UTF-8.
func (m *message) describe(sample []byte, size int64) (kind, preview string) {
	if m.opcode == frame.Text && !m.badText {
		return payload.DescribeText(sample, size)
	}
	return payload.Describe(sample, size)
}
