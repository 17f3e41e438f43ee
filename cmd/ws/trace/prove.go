package trace

import (
	"encoding/json"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// What a proof needs, in bits and frames. doc.go explains the values.
const (
	proofFrames   = 3   // for a direction alone
	proofMasked   = 48  // for the client's direction alone
	proofUnmasked = 72  // for the server's direction alone, from payloads only
	proofSecond   = 16  // for a direction when the other one is proven
	proofStream   = 32  // for the client's direction of a stream of HTTP/2, if its first byte is in the capture
	proofAgain    = 32  // for a direction after a hole, when the handshake is known
	maxLeading    = 256 // frames that may be skipped at the beginning of a chain
	proofSegment  = 11  // for the frames in the first segment, if they fill it
	proofStart    = 16  // for the first frames up to the end of a segment
)

// What a frame can contribute, in bits: how improbable it is that other bytes look like it.
const (
	bitsHeader   = 5  // reserved bits, opcode, mask
	bitsBoundary = 6  // it ends where a segment ends, at least
	bitsCode     = 5  // close code in the ranges for applications
	bitsIANA     = 12 // registered close code
	bitsText     = 16 // at most, for masked text that is UTF-8
	bitsJSON     = 24 // text that is JSON from its first byte to its last
	bitsInflated = 16 // compressed message that inflates to its end
)

// proof is the evidence for a chain of frames.
type proof struct {
	start  int // byte of the backlog where the first frame begins
	bits   int
	said   int // the part of bits that comes from payloads
	frames int
	ends   map[int]bool // bytes where frames begin
}

// sameChain reports whether two proofs are about the same frames.
func (p *proof) sameChain(q *proof) bool { return p.ends[q.start] || q.ends[p.start] }

// prove looks for the place in b from which on everything is frames. Candidates are the
// beginnings of segments. terms are those of permessage-deflate, or nil without it; with
// unknown, both are possible. If two chains without a common boundary are both proven, it
// returns neither.
func prove(b *backlog, masked bool, terms *conn.Terms, unknown bool, enough int) (best proof) {
	var proofs []proof
	for _, o := range b.marks {
		i := int(o.at - b.offset)
		if !o.start || i >= len(b.data) {
			continue
		}
		if len(proofs) > 0 && proofs[len(proofs)-1].ends[i] {
			continue // part of an earlier chain
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

// chain follows the frames from byte i to the end of the backlog. ok is false if something
// there cannot be a frame.
func chain(b *backlog, i int, masked bool, terms *conn.Terms, unknown bool) (p proof, ok bool) {
	p = proof{start: i, ends: map[int]bool{}}
	lead := 0 // bits since p.start, while the start is uncertain
	leading, led := true, 0
	want := frame.Expectation{Masked: masked, RSV1: terms != nil || unknown}
	seen := map[string]bool{}
	var d conn.Decoder
	d.Init(want)
	first, closed := true, false
	for i < len(b.data) {
		p.ends[i] = true
		h, n, broken := d.Observe(b.data[i:])
		if n == 0 {
			return p, !leading // the backlog ends inside a header
		}
		// The first frame may end a message that began earlier.
		midway := first && len(broken) == 1 && broken[0] == conn.ErrContinuationWithoutStart
		if closed || len(broken) > 0 && !midway {
			return p, false
		}
		first = first && !d.InMessage()
		d.Skip(h.Length)
		d.EndFrame()
		if h.Length > uint64(len(b.data)-i-n) {
			return p, !leading // the backlog ends inside a payload
		}
		end := i + n + int(h.Length)
		bits, fits := evidence(h, b.data[i+n:end], terms, unknown)
		if !fits {
			return p, false
		}
		p.said += bits
		// Repetition proves nothing: a run of zeros is a chain of empty continuations, and many
		// protocols have records of constant length.
		ends := b.starts(end)
		if key := string(b.data[i : i+n-maskSize(h)]); !seen[key] {
			seen[key] = true
			bits += bitsHeader
			if ends {
				bits += bitsBoundary
			}
		}
		p.bits += bits
		p.frames++
		// A chain that begins anywhere may run into the true one. So the frames at its
		// beginning must prove it before the two could have met.
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

// evidence weighs a payload. fits is false if it cannot belong to a frame with this header.
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

// structured reports whether p looks like a JSON object or array.
func structured(p []byte) bool {
	return len(p) >= 2 && (p[0] == '{' || p[0] == '[') && json.Valid(p)
}

// tryInflate inflates a message alone. whole is false if it refers to earlier messages. fits is
// false if it is not DEFLATE.
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
			return nil, false, conn.ReachesBeforeWindow(v)
		case used < len(part) || len(out) == cap(out):
			return nil, false, true // too long to be worth the effort
		}
	}
	return out, e.Ended(), e.Ended()
}

// String is the text for a note.
func (p proof) String() string {
	return fmt.Sprintf("%d frames in a chain, one chance in 2^%d to be none", p.frames, min(p.bits, math.MaxInt16))
}
