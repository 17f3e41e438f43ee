package reassembly

import (
	"bytes"
	"slices"
	"time"
)

// How much a [Stream] holds beyond a hole before it gives the hole up, and for how many
// segments it waits for a late SYN.
const (
	MaxHeld   = 1 << 20
	MaxPieces = 512
	maxEarly  = 32
)

// Chunk is a run of bytes of a stream from one packet, or a hole.
type Chunk struct {
	Data   []byte // valid during the call
	Lost   int64  // length of a hole; Data is empty then
	Offset int64  // of its first byte in the stream
	Packet int    // number of the packet; for a hole, of the packet after it
	Time   time.Time
	Start  bool // a segment began here
	Last   bool // a hole at the end of the stream
}

// Counts describe the segments of a stream, in bytes unless noted.
type Counts struct {
	Segments   int   `json:"segments"`             // with payload
	Delivered  int64 `json:"octets"`               // in order
	Lost       int64 `json:"lost,omitempty"`       // in holes
	Repeated   int64 `json:"repeated,omitempty"`   // received before: retransmitted or captured twice
	Conflicts  int64 `json:"conflicts,omitempty"`  // repeated, but with other content
	OutOfOrder int   `json:"outOfOrder,omitempty"` // segments that arrived before an earlier one
}

// A Stream is one direction of a connection. Create it with [New].
type Stream struct {
	deliver  func(Chunk)
	anchored bool
	base     uint32 // sequence number of offset 0
	next     int64  // offset of the next byte to deliver
	finAt    int64  // offset of the FIN, or -1
	reached  reached
	held     []piece
	heldSize int
	counts   Counts
}

// piece is a waiting segment, without bytes received before it. Nil Data with a size stands for
// bytes that the capture does not have.
type piece struct {
	offset int64
	size   int64
	data   []byte
	packet int
	time   time.Time
	start  bool
}

func (p *piece) end() int64 { return p.offset + p.size }

// New returns a stream that calls deliver for its bytes in order.
func New(deliver func(Chunk)) *Stream { return &Stream{deliver: deliver, finAt: -1} }

// Counts returns the figures so far.
func (s *Stream) Counts() Counts { return s.counts }

// Held returns how many bytes wait beyond a hole.
func (s *Stream) Held() int { return s.heldSize }

// Begin sets the sequence number of the first byte, from a SYN or from the ACK of one. Only the
// first call counts, and only before anything was delivered.
func (s *Stream) Begin(seq uint32) {
	if s.anchored {
		return
	}
	if len(s.held) == 0 && s.finAt < 0 {
		s.base = seq
	}
	move := int64(int32(seq - s.base))
	s.base, s.anchored = seq, true
	s.move(move)
	held := s.held
	s.held, s.heldSize = nil, 0
	for _, p := range held {
		s.insert(p)
	}
	s.drain()
}

// Anchored reports whether the beginning of the stream is known.
func (s *Stream) Anchored() bool { return s.anchored }

// Finished reports whether everything up to the FIN has been delivered.
func (s *Stream) Finished() bool { return s.finAt >= 0 && s.next >= s.finAt }

// Segment processes a segment. missing is the number of bytes after data that were not
// captured. data is copied if it has to wait.
func (s *Stream) Segment(seq uint32, data []byte, missing int, fin bool, packet int, at time.Time) {
	if !s.anchored && len(s.held) == 0 && s.finAt < 0 {
		s.base = seq
	}
	offset := s.offset(seq)
	end := offset + int64(len(data)) + int64(missing)
	if fin && s.finAt < 0 && end-s.next < maxReach {
		s.finAt, s.reached = end, reached{end + 1, packet, at}
	}
	if end > offset {
		s.counts.Segments++
		if len(s.held) > 0 && s.held[len(s.held)-1].offset > offset {
			s.counts.OutOfOrder++
		}
		if len(data) > 0 {
			s.insert(piece{offset, int64(len(data)), data, packet, at, true})
		}
		if missing > 0 {
			s.insert(piece{offset + int64(len(data)), int64(missing), nil, packet, at, len(data) == 0})
		}
	}
	if !s.anchored && len(s.held) >= maxEarly {
		s.anchor()
	}
	s.drain()
	for s.anchored && (s.heldSize > MaxHeld || len(s.held) > MaxPieces) {
		s.giveUp()
	}
}

// anchor makes the earliest byte received the beginning of the stream.
func (s *Stream) anchor() {
	move := int64(0)
	if len(s.held) > 0 {
		move = s.held[0].offset
	}
	s.base += uint32(move)
	s.move(move)
	s.anchored = true
}

// move reduces all offsets by n.
func (s *Stream) move(n int64) {
	if s.finAt >= 0 {
		s.finAt = max(0, s.finAt-n)
	}
	s.reached.offset -= n
	for i := range s.held {
		s.held[i].offset -= n
	}
}

// Flush delivers the waiting bytes. Holes before them are lost, and so are bytes missing before
// the FIN or before the place that the sender is known to have reached.
func (s *Stream) Flush() {
	if !s.anchored {
		s.anchor()
	}
	s.drain()
	for len(s.held) > 0 {
		s.giveUp()
	}
	if n := s.end() - s.next; n > 0 {
		s.hole(Chunk{Lost: n, Packet: s.reached.packet, Time: s.reached.time, Last: true})
	}
}

// giveUp reports the hole before the first piece as lost.
func (s *Stream) giveUp() {
	first := &s.held[0]
	s.hole(Chunk{Lost: first.offset - s.next, Packet: first.packet, Time: first.time})
	s.drain()
}

func (s *Stream) hole(c Chunk) {
	s.counts.Lost += c.Lost
	c.Offset = s.next
	s.next += c.Lost
	s.deliver(c)
}

// drain delivers the pieces that no hole precedes.
func (s *Stream) drain() {
	if !s.anchored {
		return
	}
	n := 0
	for n < len(s.held) && s.held[n].offset <= s.next {
		p := &s.held[n]
		n++
		s.heldSize -= len(p.data)
		s.hand(*p)
	}
	s.held = slices.Delete(s.held, 0, n)
}

// hand delivers the next piece.
func (s *Stream) hand(p piece) {
	if p.data == nil {
		s.hole(Chunk{Lost: p.size, Packet: p.packet, Time: p.time})
		return
	}
	s.next += p.size
	s.counts.Delivered += p.size
	s.deliver(Chunk{Data: p.data, Offset: p.offset, Packet: p.packet, Time: p.time, Start: p.start})
}

// cut removes the first n bytes.
func (p *piece) cut(n int64) {
	p.offset += n
	p.size -= n
	p.start = false
	if p.data != nil {
		p.data = p.data[n:]
	}
}

// insert stores the bytes of p that were not received before.
func (s *Stream) insert(p piece) {
	if s.anchored && p.offset < s.next {
		n := min(s.next-p.offset, p.size)
		if p.data != nil {
			s.counts.Repeated += n
		}
		p.cut(n)
	}
	// The common case needs no copy.
	if s.anchored && p.size > 0 && p.offset == s.next && (len(s.held) == 0 || s.held[0].offset >= p.end()) {
		s.hand(p)
		return
	}
	i, _ := slices.BinarySearchFunc(s.held, p.offset, func(q piece, at int64) int {
		if q.end() <= at {
			return -1
		}
		return 1
	})
	// s.held[i] is the first piece that ends beyond the beginning of p.
	for ; p.size > 0; i++ {
		if i == len(s.held) || s.held[i].offset >= p.end() {
			s.hold(i, p)
			return
		}
		q := &s.held[i]
		if before := q.offset - p.offset; before > 0 {
			part := p
			part.size = before
			if part.data != nil {
				part.data = part.data[:before]
			}
			s.hold(i, part)
			p.cut(before)
			i++
			q = &s.held[i]
		}
		at := p.offset - q.offset
		n := min(q.size-at, p.size)
		if p.data != nil {
			s.counts.Repeated += n
			if q.data != nil && !bytes.Equal(p.data[:n], q.data[at:at+n]) {
				s.counts.Conflicts += n
			}
		}
		p.cut(n)
	}
}

// hold stores a copy of p at index i.
func (s *Stream) hold(i int, p piece) {
	p.data = bytes.Clone(p.data)
	s.heldSize += len(p.data)
	s.held = slices.Insert(s.held, i, p)
}
