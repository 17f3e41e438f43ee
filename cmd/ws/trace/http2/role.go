package http2

import "github.com/hawser-ws/websocket/internal/h2"

// Role is what a direction carries.
type Role uint8

// The roles.
const (
	Either Role = iota
	Requests
	Responses
)

// RoleOf looks for the first head in p, where a frame begins, and says what it is. A head begins
// with a pseudo-field, and HPACK has numbers for those: 1 to 7 in requests, 8 to 14 in responses
// (RFC 7541, appendix A).
func RoleOf(p []byte) Role {
	for len(p) >= h2.FrameHeaderSize {
		h := h2.ParseFrameHeader(p)
		p = p[h2.FrameHeaderSize:]
		if int(h.Length) > len(p) {
			break
		}
		if h.Type == h2.TypeHeaders {
			if fragment, err := h.Fragment(p[:h.Length]); err == nil && len(fragment) > 0 {
				if role := roleBy(fragment[0]); role != Either {
					return role
				}
			}
		}
		p = p[h.Length:]
	}
	return Either
}

// roleBy judges the first byte of a field block (RFC 7541 §6).
func roleBy(b byte) Role {
	index := b & 0x0f // a literal that does not enter the table
	switch {
	case b >= 0x80: // indexed
		index = b & 0x7f
	case b >= 0x40: // a literal that enters it
		index = b & 0x3f
	case b >= 0x20: // the size of the table
		return Either
	}
	switch {
	case index >= 1 && index <= 7:
		return Requests
	case index >= 8 && index <= 14:
		return Responses
	}
	return Either
}
