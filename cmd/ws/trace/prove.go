package trace

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// What is asked of a proof, in bits and frames: doc.go says why.
const (
	proofFrames   = 3   // of a direction by itself
	proofMasked   = 48  // of the client's direction by itself
	proofUnmasked = 72  // of the server's direction by itself, of what its payloads say alone
	proofSecond   = 16  // of a direction when the other one is proven
	proofAgain    = 32  // of a direction after a hole, when the handshake is known
	maxLeading    = 256 // frames that may be passed over at the beginning of a chain
	proofSegment  = 11  // of the frames in the first segment, if they fill it
	proofStart    = 16  // of the first frames up to the end of a segment
)

// What a frame can contribute, in bits: how improbable it is that bytes which are
// no frame look so.
const (
	bitsHeader   = 5  // reserved bits, opcode, mask
	bitsBoundary = 6  // it ends where a segment ends, at the least
	bitsCode     = 5  // close code of the ranges for applications
	bitsIANA     = 12 // close code of those registered
	bitsText     = 16 // at the most, for masked text that is UTF-8
	bitsJSON     = 24 // text that is JSON from its first byte to its last
	bitsInflated = 16 // compressed message that inflates to its end
)

// proof is what speaks for a chain of frames.
type proof struct {
	start  int // byte of the backlog where the first frame begins
	bits   int
	said   int // those of the bits that payloads bring
	frames int
	ends   map[int]bool // bytes where frames begin
}

// sameChain reports whether two proofs are of the same frames.
func (p *proof) sameChain(q *proof) bool { return p.ends[q.start] || q.ends[p.start] }

// prove looks for the place in b from which on everything is frames. Candidates are
// the beginnings of segments. terms are those of permessage-deflate; nil for none,
// and with unknown both are possible. Where two chains that have no boundary in common are both
// proven, neither is.
func prove(b *backlog, masked bool, terms *conn.Terms, unknown bool, enough int) (best proof) {
	var proofs []proof
	for _, o := range b.marks {
		i := int(o.at - b.offset)
		if !o.start || i >= len(b.bytes) {
			continue
		}
		if len(proofs) > 0 && proofs[len(proofs)-1].ends[i] {
			continue // a part of the chain before
		}
		if p, ok := chain(b, i, masked, terms, unknown); ok {
			proofs = append(proofs, p)
		}
	}
	for _, p := range proofs {
		if p.bits > best.bits {
			best = p
		}
	}
	for _, p := range proofs {
		if p.bits >= enough && !p.sameChain(&best) {
			return proof{}
		}
	}
	return best
}

// chain follows the frames from byte i to the end of the backlog. ok is false if
// anything there could not be a frame.
func chain(b *backlog, i int, masked bool, terms *conn.Terms, unknown bool) (p proof, ok bool) {
	p = proof{start: i, ends: map[int]bool{}}
	lead := 0 // bits since p.start, while that is not certain
	leading, led := true, 0
	want := frame.Expectation{Masked: masked, RSV1: terms != nil || unknown}
	seen := map[string]bool{}
	var d conn.Decoder
	d.Init(want)
	first, closed := true, false
	for i < len(b.bytes) {
		p.ends[i] = true
		h, n, broken := d.Observe(b.bytes[i:])
		if n == 0 {
			return p, !leading // the capture ends in a header
		}
		// The first frame may end a message that began before.
		midway := first && len(broken) == 1 && broken[0] == conn.ErrContinuationWithoutStart
		if closed || len(broken) > 0 && !midway {
			return p, false
		}
		first = first && !d.InMessage()
		d.Skip(h.Length)
		d.EndFrame()
		if h.Length > uint64(len(b.bytes)-i-n) {
			return p, !leading // the capture ends in a payload
		}
		end := i + n + int(h.Length)
		bits, fits := evidence(h, b.bytes[i+n:end], terms, unknown)
		if !fits {
			return p, false
		}
		p.said += bits
		// What repeats itself proves nothing: a run of zeros is a chain of empty
		// continuations, and many a protocol has records of one length.
		ends := b.starts(end)
		if key := string(b.bytes[i : i+n-maskSize(h)]); !seen[key] {
			seen[key] = true
			bits += bitsHeader
			if ends {
				bits += bitsBoundary
			}
		}
		p.bits += bits
		p.frames++
		// A chain that begins anywhere may fall in with the true one. So its
		// beginning has to be proven by what comes before they could have met.
		if led++; leading && led > maxLeading {
			return p, false
		}
		if lead += bits; leading && ends {
			if lead >= proofStart || lead >= proofSegment && b.within(p.start, end) {
				leading = false
			} else {
				p = proof{start: end, ends: map[int]bool{}}
				lead, first = 0, true
				d.Init(want)
				clear(seen)
			}
		}
		closed = h.Opcode == frame.Close
		i = end
	}
	return p, !leading
}

func maskSize(h frame.Header) int {
	if h.Masked {
		return 4
	}
	return 0
}

// evidence weighs a payload. fits is false if it cannot be that of a frame with this
// header.
func evidence(h frame.Header, masked []byte, terms *conn.Terms, unknown bool) (bits int, fits bool) {
	p := masked
	if h.Masked {
		p = make([]byte, len(masked))
		frame.MaskCopy(p, masked, h.Key)
	}
	switch {
	case h.Opcode == frame.Close:
		code, _, v := frame.ParseClose(p)
		switch {
		case v != nil:
			return 0, false
		case code == frame.NoStatus:
			return 0, true
		case code < 3000:
			return bitsIANA, true
		}
		return bitsCode, true
	case h.Opcode.IsControl() || h.Opcode == frame.Continuation:
		return 0, true
	case h.RSV1:
		if !h.FIN {
			return 0, true
		}
		said, whole, fits := tryInflate(p, terms, unknown)
		if !fits || !whole {
			return 0, fits
		}
		if h.Opcode == frame.Text {
			if !utf8.Valid(said) {
				return 0, false
			}
			if structured(said) {
				return bitsInflated + bitsJSON, true
			}
		}
		return bitsInflated, true
	case h.Opcode == frame.Text:
		var v frame.Validator
		if !v.Valid(p) || h.FIN && !v.Complete() {
			return 0, false
		}
		if h.FIN && structured(p) {
			return bitsJSON, true
		}
		if h.Masked {
			return min(len(p)/2, bitsText), true
		}
	}
	return 0, true
}

// structured asks for an object or an array of JSON.
func structured(p []byte) bool {
	return len(p) >= 2 && (p[0] == '{' || p[0] == '[') && json.Valid(p)
}

// tryInflate inflates a message by itself. whole is false if it refers to messages
// before it; fits, if it is not DEFLATE.
func tryInflate(p []byte, terms *conn.Terms, unknown bool) (said []byte, whole, fits bool) {
	const most = 64 << 10
	t := conn.Terms{WindowBits: 15, Takeover: true}
	if terms != nil && !unknown {
		t = *terms
	}
	f := conn.NewInflater(t)
	var e conn.InflateEngine
	f.Begin(&e)
	out := make([]byte, 0, most)
	for _, part := range [][]byte{p, []byte(conn.Trailer)} {
		var v *frame.Violation
		var used int
		out, used, v = e.Inflate(out, 0, part)
		switch {
		case v != nil:
			return nil, false, strings.HasPrefix(v.Reason, "distance reaches before")
		case used < len(part) || len(out) == cap(out):
			return nil, false, true // longer than is worth the while
		}
	}
	return out, e.Ended(), e.Ended()
}

// proofBits is for a note.
func (p proof) String() string {
	return fmt.Sprintf("%d frames in a chain, one chance in 2^%d to be none", p.frames, min(p.bits, math.MaxInt16))
}
