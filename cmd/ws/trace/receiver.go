package trace

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"math"

	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// maxBroken is how many frames that break a rule a direction may have before the
// rest of it is taken for something else.
const maxBroken = 64

// receiver takes one direction of a WebSocket apart. It judges as the other end
// does, by packages frame and conn, but goes on where that fails the connection:
// as long as the header says where the next frame begins.
type receiver struct {
	dir     Dir
	want    frame.Expectation
	emit    func(*Frame)
	engines *engines

	joined bool // it began in the middle: the first message may lack its beginning
	closed bool // a Close frame has come
	broken int
	dead   string // why nothing more is decoded

	sequence conn.Sequence
	message  message
	frames   int
	messages int
	octets   uint64 // of payload

	// The frame under way.
	head   [frame.MaxHeaderSize]byte
	have   int // octets of head
	within bool
	header frame.Header
	left   uint64 // octets of payload to come
	key    frame.Key
	f      *Frame
	data   bool // it is part of the message
	hash   hash.Hash
	sample []byte
}

func newReceiver(dir Dir, terms *conn.Terms, engines *engines, emit func(*Frame)) *receiver {
	r := &receiver{dir: dir, emit: emit, engines: engines, hash: sha256.New()}
	r.want = frame.Expectation{Masked: dir == FromClient, RSV1: terms != nil}
	r.message.init(terms)
	return r
}

// weight is what the receiver takes of memory, in octets.
func (r *receiver) weight() int { return 2048 + cap(r.sample) + r.message.weight() }

// boundary reports whether a frame begins next.
func (r *receiver) boundary() bool { return r.have == 0 && !r.within }

// feed takes octets of a packet.
func (r *receiver) feed(p []byte, offset int64, m Mark) {
	for len(p) > 0 && r.dead == "" {
		if !r.within {
			if r.have == 0 {
				r.f = &Frame{Dir: r.dir, Offset: offset, Mark: m}
			}
			n := copy(r.head[r.have:], p)
			h, size := frame.ParseHeader(r.head[:r.have+n])
			if size == 0 {
				r.have += n
				return
			}
			n = size - r.have
			p, offset = p[n:], offset+int64(n)
			r.begin(h, m)
			continue
		}
		n := int(min(uint64(len(p)), r.left))
		r.payload(p[:n])
		p, offset = p[n:], offset+int64(n)
		if r.left -= uint64(n); r.left == 0 {
			r.end(m)
		}
	}
}

// lost tells of octets that are not in the capture. It reports false if the next
// frame boundary is not known any more.
func (r *receiver) lost(n int64, m Mark) bool {
	if r.dead != "" {
		return true
	}
	if !r.within || uint64(n) > r.left {
		r.cut(m)
		return false
	}
	r.f.Missing += uint64(n) // what is left of the payload is only counted, so the masking key may stay behind
	if r.data {
		r.message.fail("octets of it are not in the capture")
	}
	if r.left -= uint64(n); r.left == 0 {
		r.end(m)
	}
	return true
}

// begin takes the header of the next frame.
func (r *receiver) begin(h frame.Header, m Mark) {
	r.header, r.have, r.within, r.left, r.key = h, 0, true, h.Length, h.Key
	r.hash.Reset()
	r.sample = r.sample[:0]
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
	r.judge(h)
	if h.Length > math.MaxInt64 {
		r.cut(m)
		r.dead = "a frame of impossible length"
		return
	}
	if h.Length == 0 {
		r.end(m)
	}
}

// judge holds a header against the rules, and finds out which message it is of.
func (r *receiver) judge(h frame.Header) {
	if r.closed { // RFC 6455 §5.5.1: nothing is sent after a Close frame
		r.f.Violations = append(r.f.Violations, Violation{By: r.dir, RFC: "RFC 6455 §5.5.1", Reason: "frame after a Close frame"})
	}
	if v := frame.Check(h, r.want); v != nil {
		r.f.Violations = append(r.f.Violations, violation(r.dir, v))
	}
	r.data = false
	if h.Opcode.IsControl() || h.Opcode.IsReserved() {
		return
	}
	r.data = true
	err := r.sequence.Begin(h, conn.Limits{})
	switch {
	case err == nil:
	case r.joined && errors.Is(err, conn.ErrContinuationWithoutStart):
		r.sequence = conn.Sequence{}
		r.data = false
		return
	default:
		if v, ok := errors.AsType[*frame.Violation](err); ok {
			r.f.Violations = append(r.f.Violations, violation(r.dir, v))
		}
		r.sequence = conn.Sequence{}
		r.message.drop(r.engines)
		if r.sequence.Begin(h, conn.Limits{}) != nil {
			r.sequence = conn.Sequence{}
			r.data = false
			return
		}
	}
	r.joined = false
	if h.Opcode != frame.Continuation {
		r.message.begin(h, r.engines)
	}
	r.message.frame(h)
}

// payload takes payload of the frame under way. p may be longer than the buffer for unmasked
// payload: a segment of the loopback device has up to 64 KiB, or more with a larger MTU.
func (r *receiver) payload(p []byte) {
	for len(p) > 0 {
		n := min(len(p), len(r.engines.unmasked))
		r.part(p[:n])
		p = p[n:]
	}
}

// part takes payload that fits into the buffer.
func (r *receiver) part(masked []byte) {
	p := r.engines.unmasked[:len(masked)]
	if r.header.Masked {
		r.key = frame.MaskCopy(p, masked, r.key)
	} else {
		copy(p, masked)
	}
	r.hash.Write(p)
	r.octets += uint64(len(p))
	if r.f.Missing == 0 {
		r.sample = append(r.sample, p[:min(len(p), payload.MaxSample-len(r.sample))]...)
	}
	if r.data {
		r.message.take(p)
	}
}

// end is the end of a frame.
func (r *receiver) end(m Mark) {
	f, h := r.f, r.header
	r.within = false
	f.LastPacket = m.Packet
	if f.Missing == 0 {
		f.SHA256 = hex.EncodeToString(r.hash.Sum(nil))
	}
	switch {
	case h.Opcode == frame.Close:
		r.close()
	case r.data:
		r.message.endFrame(r, m)
	default:
		f.Kind, f.Preview = payload.Describe(r.sample, r.size())
	}
	if r.data {
		r.sequence.End(h.FIN)
	}
	r.finish()
}

// size is the length of the payload for those who have a sample of it. What is not all
// there has no end.
func (r *receiver) size() int64 {
	if r.f.Missing > 0 {
		return math.MaxInt64
	}
	return int64(r.header.Length)
}

// close reads the payload of a Close frame.
func (r *receiver) close() {
	r.closed = true
	if r.f.Missing > 0 || r.header.Length > frame.MaxControlPayload {
		return
	}
	code, reason, v := frame.ParseClose(r.sample)
	r.f.Close = &frameClose{code, string(reason)}
	if v != nil {
		r.f.Violations = append(r.f.Violations, violation(r.dir, v))
	}
}

// cut ends the frame under way where the capture does.
func (r *receiver) cut(m Mark) {
	if r.within {
		r.f.Missing += r.left
		r.f.LastPacket, r.f.Unfinished = m.Packet, true
		r.f.Kind, r.f.Preview = payload.Describe(r.sample, math.MaxInt64)
		r.finish()
	}
	r.within, r.have = false, 0
	r.message.drop(r.engines)
	r.message.forget()
	r.sequence = conn.Sequence{}
	r.joined = true
}

func (r *receiver) finish() {
	f := r.f
	r.f, r.within = nil, false
	if len(f.Violations) > 0 {
		if r.broken++; r.broken == maxBroken {
			r.dead = "too many frames break the rules: what follows is not taken for frames"
		}
	}
	r.emit(f)
}
