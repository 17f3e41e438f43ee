// Package inflate is a resumable decoder of DEFLATE (RFC 1951) for the
// permessage-deflate extension (RFC 7692). It is pure: no goroutines, clock,
// randomness or input and output of its own, and it never allocates.
//
// The readers of the standard library and of its relatives do not fit a
// WebSocket message. They pull from an io.Reader and cannot go on after a read
// that was interrupted; they cannot hold back-references to the window that the
// handshake agreed on (RFC 7692 §7.1.2); and each keeps 32 KiB of its own
// beside the message it has just produced. A [Decoder] is handed bytes as they
// arrive and writes into the message itself, and what it looks back at is the
// message and whatever the user kept of the ones before.
//
// # States
//
//	    ┌───────────── end of block ◄───────────────────┬────────┐
//	    ▼                                               │        │
//	blockHeader ─00─► storedHeader ─► storedData ───────┘        │
//	    │                                                        │
//	    ├─01──────────────────────────────────────► symbols ─────┘
//	   10                                            ▲  ▲ │
//	    ▼                                            │  │ ▼
//	codeCounts ─► codeLengthCode ─► codeLengths ─────┘  │ distance
//	                                                    │ ▼
//	                                                    match
//
// Any state may be left for failed, which only [Decoder.Reset] ends. The end of
// a final block leads through padding, where the stream is brought to a byte
// boundary, and then to the next block header: in RFC 7692 the stream goes on
// (§7.2.1, §7.2.3.4).
//
// Every state takes its input in pieces of at most 32 bits out of a buffer of
// 64, and waits where it is when there are fewer. So a stream may be cut between
// any two bytes, and the output may be full at any byte.
//
// # Two ways through the symbols
//
// While there are at least fastInput bytes of input and fastRoom bytes of
// room, fast.go decodes without asking whether there is enough of either.
// symbols.go does the rest one symbol at a time, and everything that can go
// wrong: the fast way leaves a symbol that it does not like where it is.
//
// # What is accepted
//
// RFC 1951 says in §3.2.7 that a distance code may consist of one code of one
// bit, or of none. It does not say what becomes of other codes that leave bit
// sequences unused. Here, as in compress/flate, any of the three codes of a
// block may consist of a single code of one bit, and no other may be
// incomplete; a distance code or a code length code may be empty. A bit
// sequence without a meaning is an error where it is met.
//
// Against compress/flate there are these differences:
//   - A literal/length code without the end-of-block symbol is refused with the
//     header of its block, since such a block cannot end.
//   - A distance beyond the window given to [Decoder.Reset] is refused.
//   - The stream goes on after a final block, and the bits between it and the
//     next byte must be zero.
package inflate
