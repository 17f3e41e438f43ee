package handshake

// Deflate has the permessage-deflate parameters of a connection (RFC 7692 §7.1), for each
// direction, named after the end that compresses it. In [Policy.Deflate] and [Offer.Deflate] it
// is what one end wants.
type Deflate struct {
	Server, Client DeflateSide
}

// DeflateSide is how one end compresses what it sends. The zero value is the default of RFC
// 7692: context takeover and the largest window.
type DeflateSide struct {
	// NoContextTakeover says that each message is compressed without reference to earlier ones:
	// the parameters server_no_context_takeover and client_no_context_takeover (RFC 7692
	// §7.1.1).
	NoContextTakeover bool
	// MaxWindowBits limits the LZ77 window to 1<<MaxWindowBits bytes: the parameters
	// server_max_window_bits and client_max_window_bits (RFC 7692 §7.1.2). It is 8 to 15. Zero
	// means 15; any other value means the nearest valid one.
	MaxWindowBits int
}

// RFC 7692 §7.1.2.
const (
	minWindowBits = 8
	maxWindowBits = 15
)

// String formats the terms like a header, for people: "permessage-deflate;
// server_no_context_takeover; client_max_window_bits=12". A window of 15 bits is omitted.
func (d Deflate) String() string { return string(deflateHeader{Deflate: d}.append(nil)) }

// WindowBits returns MaxWindowBits as a number from 8 to 15.
func (s DeflateSide) WindowBits() int {
	if s.MaxWindowBits == 0 {
		return maxWindowBits
	}
	return max(minWindowBits, min(s.MaxWindowBits, maxWindowBits))
}
