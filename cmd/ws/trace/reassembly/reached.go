package reassembly

import "time"

// reached is how far the sender is known to have come, whether the capture has what it sent
// or not.
type reached struct {
	offset int64 // a FIN counts as one
	packet int   // that says so
	time   time.Time
}

// maxReach is how far ahead of what has come a sender can be: TCP has no larger window
// (RFC 7323 §2.3). What says more is damaged.
const maxReach = 1 << 30

// Reached tells that the sender has sent everything before seq, of which a FIN counts as one:
// the receiver has acknowledged it, or the sender itself goes on from there.
func (s *Stream) Reached(seq uint32, packet int, at time.Time) {
	if !s.anchored && len(s.held) == 0 {
		return // it is not known from where to count
	}
	offset := s.offset(seq)
	if offset > s.reached.offset && offset-s.next < maxReach {
		s.reached = reached{offset, packet, at}
	}
}

// offset is where seq is in the stream: next to what is delivered next.
func (s *Stream) offset(seq uint32) int64 {
	return s.next + int64(int32(seq-s.base-uint32(s.next)))
}

// AcksFIN reports whether an acknowledgement of seq covers a FIN of this stream, or what can
// only be one: something behind all that has come. It is for a stream that has been flushed.
func (s *Stream) AcksFIN(seq uint32) bool {
	return s.anchored && s.offset(seq) > s.next && s.offset(seq)-s.next < maxReach
}

// end is where the stream ends. Without a FIN, the last that the sender is known to have
// sent may be one that the capture lost.
func (s *Stream) end() int64 {
	if s.finAt >= 0 {
		return s.finAt
	}
	return s.reached.offset - 1
}
