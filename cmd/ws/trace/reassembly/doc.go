// Package reassembly puts the bytes of one direction of a TCP connection in order,
// as a capture shows them: reordered, retransmitted, doubled, cut short, with holes.
//
// gopacket has two packages for this, and neither would do. What a decoder of a
// protocol asks here is: which packet brought this byte, did a segment begin at it,
// and how much is missing where. tcpassembly tells the time of a byte and not its
// packet. reassembly can, but it takes a direction whose SYN it has not seen to begin
// with the first packet that it is given, so that a capture that is out of order at
// that place loses its first bytes; it bounds its memory in pages for all connections
// together and gives the hole up of whichever connection asks next; segments that a
// snap length has cut it takes for whole, since it is given bytes and no length; and
// both run a time-based flush over all connections, where the only sensible clock is
// the file's own.
//
// A [Stream] holds what lies beyond a hole, up to [MaxHeld] bytes and [MaxPieces]
// segments. Only then, or at the end, the hole is told as lost. Every byte between
// the first that was seen and the last that was sent is delivered once or told lost once,
// and no byte is delivered that was not in the file. The last that was sent is known from
// the FIN or from what was acknowledged, even if the file does not have it. Where segments
// overlap, what came first counts.
package reassembly
