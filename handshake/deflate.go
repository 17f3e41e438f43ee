package handshake

// Deflate is what permessage-deflate (RFC 7692 §7.1) settles for a connection:
// the terms of each direction, named by the end that compresses it.
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
	// MaxWindowBits bounds the LZ77 window to 1<<MaxWindowBits octets: the
	// parameters server_max_window_bits and client_max_window_bits (RFC 7692
	// §7.1.2). 8 to 15; zero means 15.
	MaxWindowBits int
}
