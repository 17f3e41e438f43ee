// Package trace finds the WebSocket conversations in a packet capture and takes them
// apart: opening handshake, frames, messages, closing handshake, and what in them breaks
// a rule.
//
//	capture      packets            which TCP segments are in the file
//	reassembly   segments           bytes in their order, and holes
//	tlsrecord    records            plaintext, if there are secrets
//	http1        heads              where the Upgrade is
//	trace        frames, messages   judged by handshake, frame and conn
//	             media              what ICE opened, and the SDP that it was named in
//	spool        records            what is known, until it is printed
//	show         text, TSV, JSON, HTML
//
// [Read] goes through a capture once. It judges by the packages that our own server
// and client judge by, but does not stop where those fail a connection: a frame that
// breaks a rule is told with the section that says so, and as long as its header
// says where the next one begins, that one is read as well.
//
// # In the middle
//
// A capture may begin when a connection is under way, or have a hole. Then a frame
// boundary has to be proven, or the direction is told as not synchronised. What
// proves one is a chain of frames:
//
//   - It begins with a segment, since most frames are written by themselves, and
//     follows from frame to frame to the end of what there is. Everything on its way
//     is right: opcodes, reserved bits, lengths in the fewest bytes, the order of
//     fragments, UTF-8, close codes, DEFLATE; nothing follows a Close frame; and the
//     frames are masked all or none. One fault refutes the chain.
//   - Each frame counts in bits, as improbable as it is that bytes which are none
//     pass for it: 5 for the header, 6 if it ends where a segment ends, up to 16 for
//     masked text that is UTF-8, 24 for text that is JSON, 16 for what inflates, 5 or 12
//     for a close code.
//   - Header and end count once for each way that a header is written. What repeats
//     itself proves nothing: zeros are a chain of empty continuations, and records of
//     one length are in many protocols.
//   - The client's direction is proven by three frames and 48 bits. Its masks are what
//     no other protocol has. With that, 16 bits do for the server's direction, and the
//     other way round.
//   - The server's direction by itself takes 72 bits that its payloads bring, such as
//     three messages of JSON: frames without a mask are a length and its bytes, as in
//     many protocols.
//   - Where two chains without a common boundary would both do, neither does.
//   - The beginning of a chain has to be proven by itself, since a chain that begins
//     anywhere may fall in with the true one: the frames up to the end of the first
//     segment take 11 bits, those up to the end of a later one 16. What is short of
//     that is passed over.
//   - After a hole in a conversation whose handshake was seen, 32 bits do: role and
//     extension are known.
//
// One thing can pass for what it is not: a message without a mask that holds frames of
// another WebSocket, one after the other up to its end, when the capture begins in it.
//
// Compressed messages after such a place are read as long as they do not refer to what
// is not there; DEFLATE says when they do, so that nothing is guessed.
//
// # The end
//
// A side is said not to have sent a Close frame only if TCP has ended and everything that it
// sent could be read up to there. Nothing follows a Close frame, so what counts is what comes
// after the last frame that was read. That something is missing there is seen by the sequence
// number of a FIN or RST, or by an acknowledgement of what the capture does not have. Where it
// is, where TLS is not decrypted to its end, and where no frame boundary can be proven, the
// outcome is not known. Where TCP goes on beyond the capture, it is open.
//
// # Memory
//
// It is bounded, whatever the capture: by [Limits]. Bytes that wait for a hole to be
// filled or a boundary to be proven, heads and windows of compression count; when
// they are too many, the connection that was silent for longest is told as it is and
// given up. Of payload only the beginning of a message is kept. What is to be
// printed goes to a temporary file when it gets long. Of a conversation that is over
// memory has its number and its place in there, 16 bytes.
package trace
