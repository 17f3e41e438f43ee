package reassembly

import "time"

// reached is how much the sender is known to have sent, whether the capture has it or not.
type reached struct {
	offset int64 // everything before it was sent; a FIN counts as one byte
	packet int   // which shows that
	time   time.Time
}

// maxReach is how far a sender can be ahead of what was delivered: TCP has no larger window
// (RFC 7323 §2.3). A packet that says more is damaged.
const maxReach = 1 << 30

// Reached notes that the sender has sent everything before seq, where a FIN counts as one
// byte: the receiver has acknowledged that, or the sender itself continues at seq.
func (s *Stream) Reached(seq uint32, packet int, at time.Time) {
	if !s.anchored && len(s.held) == 0 {
		return // it is not known from where to count
	}
	offset := s.offset(seq)
	if offset > s.reached.offset && offset-s.next < maxReach {
		s.reached = reached{offset, packet, at}
	}
}

// offset is the offset of seq in the stream. Sequence numbers wrap around: it is the one
// closest to what is delivered next.
func (s *Stream) offset(seq uint32) int64 {
	return s.next + int64(int32(seq-s.base-uint32(s.next)))
}

// AcksFIN reports whether an acknowledgement of seq covers a FIN of this stream. After
// [Stream.Flush], what is acknowledged beyond the end can only be a FIN, even if the capture
// does not have it.
func (s *Stream) AcksFIN(seq uint32) bool {
	return s.anchored && s.offset(seq) > s.next && s.offset(seq)-s.next < maxReach
}

// end is where the stream ends. Without a FIN in the capture, the last byte that the sender
// is known to have sent may be a FIN, so it does not count.
func (s *Stream) end() int64 {
	if s.finAt >= 0 {
		return s.finAt
	}
	return s.reached.offset - 1
}
