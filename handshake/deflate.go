package handshake

// Deflate is what permessage-deflate (RFC 7692 §7.1) settles for a connection:
// the terms of each direction, named by the end that compresses it. It is also
// how either end says what it wants: in [Policy.Deflate] and [Offer.Deflate].
type Deflate struct {
	Server, Client DeflateSide
}

// DeflateSide is how one end compresses what it sends. The zero value is what RFC
// 7692 takes for granted: context takeover, and the largest window.
type DeflateSide struct {
	// NoContextTakeover says that each message is compressed without reference to
	// the ones before it: the parameters server_no_context_takeover and
	// client_no_context_takeover (RFC 7692 §7.1.1).
	NoContextTakeover bool
	// MaxWindowBits bounds the LZ77 window to 1<<MaxWindowBits bytes: the
	// parameters server_max_window_bits and client_max_window_bits (RFC 7692
	// §7.1.2). 8 to 15; zero means 15, and any other number the nearest of these.
	MaxWindowBits int
}

// RFC 7692 §7.1.2.
const (
	minWindowBits = 8
	maxWindowBits = 15
)

// String writes the terms as a header would, for people:
// "permessage-deflate; server_no_context_takeover; client_max_window_bits=12". A
// window of 15 bits is left out.
func (d Deflate) String() string { return string(deflateHeader{Deflate: d}.append(nil)) }

// WindowBits is MaxWindowBits as a number from 8 to 15.
func (s DeflateSide) WindowBits() int {
	if s.MaxWindowBits == 0 {
		return maxWindowBits
	}
	return max(minWindowBits, min(s.MaxWindowBits, maxWindowBits))
}
