// Package reassembly puts the bytes of one direction of a TCP connection in order, as a capture
// shows them: reordered, retransmitted, doubled, cut short, with holes.
//
// A [Stream] holds the bytes beyond a hole, up to [MaxHeld] bytes and [MaxPieces] segments.
// When a limit is reached, or at the end, it reports the hole as lost. Every byte between the
// first seen and the last sent is delivered once or reported lost once, and no byte is
// delivered that was not in the file. The last byte sent is known from the FIN or from an
// acknowledgement, even if the file does not contain it. Where segments overlap, the earlier
// one counts.
//
// Two packages of gopacket do similar work, and neither fits. A protocol decoder must know
// which packet brought a byte, whether a segment began at it, and how many bytes are missing
// where. Package tcpassembly reports the time of a byte but not its packet. Package reassembly
// has four drawbacks. It takes the first packet of a direction without a SYN for its beginning,
// so a capture that is out of order at that place loses its first bytes. It bounds its memory
// in pages for all connections together, and gives up the hole of whichever connection asks
// next. It is given bytes without a length, so it takes segments cut by a snap length for
// whole. And, like tcpassembly, it needs a flush over all connections by the clock, although
// the only meaningful clock is the file's own.
package reassembly
