// Package deflate compresses into DEFLATE blocks (RFC 1951), for the messages of permessage-deflate (RFC 7692).
//
//	bytes -> match finder -> sequences -> block -> bits
//
//	greedy.go, chains.go   find earlier copies of what comes next: one probe, or chains of them
//	match.go               how hard they look, the hash, and how long a match is
//	sequence.go            what they found, four bytes apiece: some literals, then a length and a distance
//	block.go, header.go    the cheapest of the three kinds of block, and the description of its codes
//	huffman.go             the codes: shortest total length, none longer than allowed
//	bits.go                codes as bytes, written eight at a time
//
// It exists because a WebSocket endpoint asks for what general encoders do not offer. A peer may demand a window of any
// size from 256 bytes up, and decodes with exactly that much memory. Messages are short, yet each must profit from
// those before it. And the bytes before a message are kept by the connection, while the large tables serve whichever
// connection writes at the moment: they must be made ready for another stream in microseconds.
//
// The package is pure: no I/O, no goroutines, no clock, no randomness. The same calls give the same bytes.
package deflate
