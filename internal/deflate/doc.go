// Package deflate compresses data into DEFLATE blocks (RFC 1951), for the messages of
// permessage-deflate (RFC 7692).
//
//	bytes -> match finder -> sequences -> block -> bits
//
//	greedy.go, chains.go   find earlier copies of the next bytes: with one probe, or along chains
//	match.go               search effort by level, the hash, the length of a match
//	sequence.go            the result, four bytes each: some literals, then a length and a distance
//	block.go, header.go    the cheapest of the three kinds of block, and the header with its codes
//	huffman.go             the codes: shortest total length, none longer than allowed
//	bits.go                codes as bytes, written eight at a time
//
// It exists because general encoders lack what a WebSocket endpoint needs. A peer may demand
// any window from 256 bytes up, and decodes with exactly that much memory. Messages are short,
// but each must benefit from the ones before. And the earlier bytes are kept by the connection,
// while the large tables serve whichever connection is writing: they must be ready for another
// stream within microseconds.
//
// The package is pure: no I/O, no goroutines, no clock, no randomness. The same calls give the
// same bytes.
package deflate
