// Package inflate is a resumable decoder of DEFLATE (RFC 1951) for the permessage-deflate
// extension (RFC 7692). It is pure: no goroutines, clock, randomness or I/O. It never
// allocates.
//
// The readers of the standard library and its relatives do not fit WebSocket messages. They
// pull from an io.Reader and cannot continue after an interrupted read. They cannot restrict
// back-references to the window that the handshake agreed on (RFC 7692 §7.1.2). And each keeps
// 32 KiB of its own beside the message it has just produced. A [Decoder] is given bytes as they
// arrive and writes into the message itself. It looks back at the message, and at what its user
// kept of earlier ones.
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
// Any state can change to failed, which lasts until [Decoder.Reset]. After a final block the
// state is padding, which skips to a byte boundary; then the next block header follows, because
// in RFC 7692 the stream continues (§7.2.1, §7.2.3.4).
//
// Every state takes its input in pieces of at most 32 bits from a 64-bit buffer, and waits if
// there are fewer. So a stream may be split between any two bytes, and the output may be full
// at any byte.
//
// # Two paths through the symbols
//
// While at least fastInput bytes of input and fastRoom bytes of room are left, fast.go decodes
// without checking either. symbols.go does the rest, one symbol at a time, and handles all
// errors: the fast path stops before a symbol that it cannot handle.
//
// # What is accepted
//
// RFC 1951 §3.2.7 says that a distance code may consist of one code of one bit, or of none. It
// does not say how to treat other codes that leave bit sequences unused. Here, as in
// compress/flate, any of the three codes of a block may consist of a single code of one bit,
// and no other may be incomplete. A distance code or a code length code may be empty. A bit
// sequence without a meaning is an error when it occurs.
//
// There are three differences from compress/flate:
//
//   - A literal/length code without the end-of-block symbol is refused with the header of its block,
//     since such a block cannot end.
//   - A distance beyond the window given to [Decoder.Reset] is refused.
//   - The stream continues after a final block, and the bits up to the next byte must be zero.
package inflate
