package reassembly

import "time"

// reached is how much the sender has certainly sent, whether the capture has it or not.
type reached struct {
	offset int64 // everything before it was sent; a FIN counts as one byte
	packet int   // the packet that shows it
	time   time.Time
}

// maxReach limits how far a sender can be ahead of the delivered bytes, since TCP has no larger
// window (RFC 7323 §2.3). A packet that says more is damaged.
const maxReach = 1 << 30

// Reached records that the sender has sent everything before seq, where a FIN counts as one
// byte. Either the receiver has acknowledged it, or the sender continues at seq.
func (s *Stream) Reached(seq uint32, packet int, at time.Time) {
	if !s.anchored && len(s.held) == 0 {
		return // the beginning is unknown
	}
	offset := s.offset(seq)
	if offset > s.reached.offset && offset-s.next < maxReach {
		s.reached = reached{offset, packet, at}
	}
}

// offset returns the offset of seq in the stream. Sequence numbers wrap around, so it is the
// offset closest to the next byte to be delivered.
func (s *Stream) offset(seq uint32) int64 {
	return s.next + int64(int32(seq-s.base-uint32(s.next)))
}

// AcksFIN reports whether an acknowledgement of seq covers a FIN of this stream. After
// [Stream.Flush], an acknowledgement beyond the end can only be that of a FIN, even if the
// capture does not have it.
func (s *Stream) AcksFIN(seq uint32) bool {
	return s.anchored && s.offset(seq) > s.next && s.offset(seq)-s.next < maxReach
}

// end returns where the stream ends. Without a FIN in the capture, the last byte that the
// sender is known to have sent may be a FIN, so it does not count.
func (s *Stream) end() int64 {
	if s.finAt >= 0 {
		return s.finAt
	}
	return s.reached.offset - 1
}
