// Package trace finds the WebSocket conversations in a packet capture. For each it decodes the
// opening handshake, the frames, the messages and the closing handshake, and reports every
// broken rule.
//
//	capture      packets            TCP segments and UDP datagrams in the file
//	reassembly   segments           bytes in order, and holes
//	tlsrecord    records            plaintext, if the secrets are known
//	http1        heads              where the Upgrade is
//	http2        frames, heads      streams, and on which of them a WebSocket is
//	trace        frames, messages   judged by handshake, frame and conn
//	             media              flows opened by ICE, and the SDP that announced them
//	spool        records            results, until they are printed
//	show         text, TSV, JSON, HTML
//
// [Read] makes one pass over a capture. It judges with the same packages as our server and
// client, but it does not stop where they would fail the connection. A frame that breaks a rule
// is reported with the section that says so. Decoding continues for as long as the header tells
// where the next frame begins.
//
// # HTTP/2
//
// A connection with HTTP/2 is a conversation of the kind [HTTP2], which tells the settings, the
// other requests and GOAWAY. Each stream that asks for a WebSocket (RFC 8441) is a conversation
// of its own. What reads a connection reads a stream as well:
//
//	connection ─▶ exchange ─▶ multiplex ─▶ half, half   frames, field lists
//	                               └─────▶ stream ─▶ exchange ─▶ receiver, receiver
//
// A stream ends by END_STREAM in both directions, by RST_STREAM, or with its connection.
//
// If the beginning is missing, or a hole covers the beginning of a frame, frames of HTTP/2 are
// searched for as package http2 describes. Two things are then unknown.
//
//   - How much each stream has lost. So each is searched for a WebSocket frame again, with the
//     proof that is required after a hole.
//   - The table of HPACK. Fields that refer to a part of it which is missing are "?", and nobody
//     is blamed for such a head. A head that shows :protocol or a field of the WebSocket handshake
//     opens a conversation. Where that is unknown, or a stream has no head in the capture, its
//     DATA must prove that they are frames, as a connection must. With the head in the capture,
//     32 bits of the client are enough, since the place is known.
//
// At most 4096 streams of a connection are followed at a time. The oldest is given up first.
//
// # Starting in the middle
//
// A capture may begin in the middle of a connection, or have a hole. Then a frame boundary must
// be proven; until it is, the direction counts as not synchronised. The proof is a chain of
// frames:
//
//   - The chain begins at the start of a segment, since most frames are written by themselves.
//     It follows from frame to frame up to the end of the available bytes. Everything in it
//     must be valid: opcodes, reserved bits, shortest length encoding, order of fragments,
//     UTF-8, close codes, DEFLATE. Nothing may follow a Close frame. Either all frames are
//     masked or none. One fault refutes the chain.
//   - Each frame adds bits of evidence, according to how improbable it is that other bytes look
//     like it: 5 for the header, 6 if it ends at the end of a segment, up to 16 for masked text
//     that is UTF-8, 24 for text that is JSON, 16 for a payload that inflates, 5 or 12 for a
//     close code.
//   - A header and the end of its frame add their bits once for each distinct header, masking
//     key aside. Repetition proves nothing: zeros are a chain of empty continuations, and many
//     protocols have records of constant length.
//   - Three frames and 48 bits prove the client's direction, because no other protocol has its
//     masks. Once one direction is proven, 16 bits prove the other.
//   - To be proven alone, the server's direction needs 72 bits from payloads, such as three
//     JSON messages. Unmasked frames are a length followed by bytes, as in many protocols.
//   - If two chains without a common boundary would both be proven, neither is.
//   - The beginning of a chain needs a proof of its own, since a chain that begins anywhere may
//     run into the true one. The frames up to the end of the first segment need 11 bits, those
//     up to the end of a later segment 16. Frames before that are skipped.
//   - After a hole in a conversation whose handshake was seen, 32 bits are enough: role and
//     extension are known.
//
// One false positive remains possible: the capture begins inside an unmasked message that
// itself contains frames of another WebSocket, one after the other up to its end.
//
// Compressed messages after such a place are decoded until one refers to data that is not in
// the capture. DEFLATE shows when that happens, so nothing is guessed.
//
// # The end
//
// A side is reported as having sent no Close frame only if TCP has ended and everything it sent
// up to there could be read. Nothing follows a Close frame, so only the bytes after the last
// frame that was read matter. The sequence number of a FIN or RST shows that some of them are
// missing, and so does an acknowledgement of bytes that the capture lacks. The outcome is
// unknown if bytes are missing there, if TLS is not decrypted to its end, or if no frame
// boundary can be proven. It is open if TCP continues beyond the capture.
//
// # Memory
//
// [Limits] bound the memory, whatever the capture. They count bytes that wait for a hole to be
// filled or a boundary to be proven, heads, and compression windows. When the limit is reached,
// the connection that has been silent for longest is reported as it is and no longer followed.
// Of a message's payload only the beginning is kept. Results move to a temporary file when they
// grow long. Of a finished conversation, 16 bytes stay in memory: its number and its place in
// that file.
package trace
