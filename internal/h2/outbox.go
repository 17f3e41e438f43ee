package h2

const (
	// dataLimit is how many bytes may wait in the buffer before no further DATA is framed: what
	// waits there cannot be taken back, and other streams' frames stand behind it. Frames
	// without flow control are added above it.
	dataLimit = 32 << 10
	// minRoom is the room below which no piece of a larger chunk is framed.
	minRoom = 512
	// sharedPiece is the largest piece while other streams wait for their turns.
	sharedPiece = 4 << 10
)

// Chunk is DATA of one stream that waits for its turn and its windows. The exported fields are
// set by whoever sends it.
type Chunk struct {
	// Head and Tail are sent in this order. At least one of them is not empty. They stay
	// unchanged until the chunk comes from Done, is taken back, or its stream is over.
	Head, Tail []byte
	// Owner belongs to the shell. This package does not look at it.
	Owner any

	source
	stream *Stream // nil once nothing more happens to it
	next   *Chunk  // of the same stream
	sent   int
}

// Size is how many bytes the chunk has.
func (c *Chunk) Size() int { return len(c.Head) + len(c.Tail) }

// Framed is how many of them are in a frame. They will be on the wire unless the connection
// breaks, and cannot be taken back.
func (c *Chunk) Framed() int { return c.framed }

// Sent is how many of them are on the wire.
func (c *Chunk) Sent() int { return c.sent }

// source is where the payload of DATA frames comes from.
type source struct {
	head, tail []byte
	framed     int // bytes that were taken
}

func (s *source) left() int { return len(s.head) + len(s.tail) - s.framed }

// appendTo takes the next n bytes.
func (s *source) appendTo(dst []byte, n int) []byte {
	at := s.framed
	s.framed += n
	if at < len(s.head) {
		part := s.head[at:min(at+n, len(s.head))]
		dst, at, n = append(dst, part...), len(s.head), n-len(part)
	}
	at -= len(s.head)
	return append(dst, s.tail[at:at+n]...)
}

// piece is the part of a chunk that is in one frame in the buffer.
type piece struct {
	chunk  *Chunk // nil: nobody waits for it any more
	end    uint64 // offset of its last byte
	size   int
	onWire int
}

// outbox is what is framed and not on the wire, in the order of the stream.
type outbox struct {
	buf   []byte // pending: buf[start:]
	start int

	// Offsets count bytes since the connection began.
	encoded, sent uint64

	pieces []piece // pieces[first:] are not all on the wire
	first  int
	done   []*Chunk
}

// pending is how many bytes wait to be written.
func (o *outbox) pending() int { return len(o.buf) - o.start }

// room is how many of left bytes fit into the next DATA frame.
func (o *outbox) room(left int) int {
	room := dataLimit - o.pending() - FrameHeaderSize
	if room < min(left, minRoom) {
		return 0
	}
	return min(room, left)
}

// frame appends a whole frame.
func (o *outbox) frame(h FrameHeader, payload []byte) {
	h.Length = uint32(len(payload))
	o.buf = append(AppendFrameHeader(o.buf, h), payload...)
	o.encoded += FrameHeaderSize + uint64(len(payload))
}

// dataHeader appends the header of a DATA frame of n bytes, which the caller appends.
func (o *outbox) dataHeader(stream uint32, n int) {
	o.buf = AppendFrameHeader(o.buf, FrameHeader{Length: uint32(n), Type: TypeData, Stream: stream})
	o.encoded += FrameHeaderSize + uint64(n)
}

// track notes that the last n bytes are a piece of c.
func (o *outbox) track(c *Chunk, n int) {
	if o.first > 0 && len(o.pieces) == cap(o.pieces) {
		n := copy(o.pieces, o.pieces[o.first:])
		clear(o.pieces[n:]) // they would keep their chunks
		o.pieces, o.first = o.pieces[:n], 0
	}
	o.pieces = append(o.pieces, piece{chunk: c, end: o.encoded, size: n})
}

// advance notes that the first n bytes of what is pending are on the wire.
func (o *outbox) advance(n int) {
	if len(o.done) == 0 {
		clear(o.done[:cap(o.done)])
	}
	o.sent += uint64(n)
	switch o.start += n; {
	case o.start == len(o.buf):
		o.buf, o.start = o.buf[:0], 0
	case o.start >= dataLimit:
		o.buf = o.buf[:copy(o.buf, o.buf[o.start:])]
		o.start = 0
	}
	for ; o.first < len(o.pieces); o.first++ {
		p := &o.pieces[o.first]
		if begin := p.end - uint64(p.size); o.sent > begin {
			onWire := int(min(o.sent, p.end) - begin)
			p.count(onWire - p.onWire)
			p.onWire = onWire
		}
		if o.sent < p.end {
			return
		}
		if c := p.chunk; c != nil && c.sent == c.Size() {
			c.stream = nil
			o.done = append(o.done, c)
		}
		p.chunk = nil
	}
	o.pieces, o.first = o.pieces[:0], 0
}

func (p *piece) count(n int) {
	if p.chunk != nil {
		p.chunk.sent += n
	}
}

// retract leaves the pieces of c to themselves: nobody waits for them any more.
func (o *outbox) retract(c *Chunk) {
	for i := range o.pieces[o.first:] {
		if p := &o.pieces[o.first+i]; p.chunk == c {
			p.chunk = nil
		}
	}
}

// forget is retract for all chunks of st.
func (o *outbox) forget(st *Stream) {
	for i := range o.pieces[o.first:] {
		if c := o.pieces[o.first+i].chunk; c != nil && c.stream == st {
			o.retract(c)
			c.stream = nil
		}
	}
}
