package http2

import "github.com/hawser-ws/websocket/internal/h2"

// What [Find] needs, in bits.
const (
	ProofAlone = 64 // if nothing is known of the connection
	ProofAgain = 32 // if it is known to be HTTP/2
)

// What a frame adds. doc.go explains the values.
const (
	bitsFixed    = 40
	bitsSettings = 24
	bitsOther    = 16
	bitsBoundary = 6
)

// largest is the largest payload that a frame may have while Find searches, in bytes. Peers
// that allow larger frames get none in practice.
const largest = 1<<16 - 1

// Find returns where in p frames begin, if from there to its end all is frames, and enough is
// the evidence in bits. starts are the beginnings of segments in p, in order.
func Find(p []byte, starts []int, enough int) (at int, ok bool) {
	segment := make(map[int]bool, len(starts)+1)
	for _, s := range starts {
		segment[s] = true
	}
	segment[len(p)] = true
	followed := map[int]bool{} // the places of earlier chains, which were not enough
	for _, s := range starts {
		if s < len(p) && p[s] == 0 && follow(p, s, segment, followed) >= enough { // no frame is so large
			return s, true
		}
	}
	return 0, false
}

// follow returns the evidence for a chain of frames from at on; 0 if something there is none.
func follow(p []byte, at int, segment, followed map[int]bool) (bits int) {
	seen := map[h2.FrameHeader]bool{}
	block := uint32(0) // the stream whose field block goes on
	for len(p)-at >= h2.FrameHeaderSize {
		if followed[at] {
			return 0
		}
		followed[at] = true
		h := h2.ParseFrameHeader(p[at:])
		if !plausible(h, p[at+5]) || (block != 0) != (h.Type == h2.TypeContinuation) || block != 0 && h.Stream != block {
			return 0
		}
		if block = 0; hasFields(h.Type) && !h.Flags.Has(h2.FlagEndHeaders) {
			block = h.Stream
		}
		at += h2.FrameHeaderSize + int(h.Length)
		if at > len(p) {
			break
		}
		if !seen[h] {
			seen[h] = true
			bits += evidence(h.Type)
			if segment[at] {
				bits += bitsBoundary
			}
		}
	}
	return bits
}

func hasFields(t h2.Type) bool {
	return t == h2.TypeHeaders || t == h2.TypePushPromise || t == h2.TypeContinuation
}

func evidence(t h2.Type) int {
	switch t {
	case h2.TypeResetStream, h2.TypePing, h2.TypeWindowUpdate, h2.TypePriority:
		return bitsFixed
	case h2.TypeSettings:
		return bitsSettings
	}
	return bitsOther
}

// flags are those that are defined, by type (RFC 9113 §6).
var flags = [...]h2.Flags{
	h2.TypeData:         h2.FlagEndStream | h2.FlagPadded,
	h2.TypeHeaders:      h2.FlagEndStream | h2.FlagEndHeaders | h2.FlagPadded | h2.FlagPriority,
	h2.TypePriority:     0,
	h2.TypeResetStream:  0,
	h2.TypeSettings:     h2.FlagAck,
	h2.TypePushPromise:  h2.FlagEndHeaders | h2.FlagPadded,
	h2.TypePing:         h2.FlagAck,
	h2.TypeGoAway:       0,
	h2.TypeWindowUpdate: 0,
	h2.TypeContinuation: h2.FlagEndHeaders,
}

// plausible reports whether somebody may have sent a frame with this header: nothing in it is
// reserved, and the stream is one that a client opens. first is the byte with the reserved bit.
func plausible(h h2.FrameHeader, first byte) bool {
	if h.CheckSize(largest) != nil || first&0x80 != 0 || h.Stream != 0 && h.Stream%2 == 0 {
		return false
	}
	if h.Type == h2.TypePriorityUpdate {
		return h.Stream == 0 && h.Flags == 0
	}
	return int(h.Type) < len(flags) && h.Flags&^flags[h.Type] == 0
}
