package http2

import (
	"time"

	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
	"github.com/hawser-ws/websocket/internal/h2"
)

// maxGathered is the largest payload that is kept, in bytes. DATA comes in pieces, and of the
// others only those with fields can be large.
const maxGathered = 64 << 10

// Frame is a frame and its place in the capture.
type Frame struct {
	h2.FrameHeader
	Offset     int64 // of its header in the direction
	Packet     int   // with its first byte
	Time       time.Time
	LastPacket int

	Payload []byte // valid during the call; nil for DATA
	// Missing is set if bytes of the payload are not in the capture, or too many to be kept.
	// Then Payload is nil.
	Missing bool
}

// Sink takes what a [Reader] finds.
type Sink interface {
	// Begin judges a header. Whatever it says, reading goes on.
	Begin(f *Frame)
	// Data takes a piece of a DATA frame, without padding, or a hole in it. c.Start is set for
	// the first.
	Data(f *Frame, c reassembly.Chunk)
	// Torn is called if an unknown number of bytes of DATA is missing on the stream of f.
	Torn(f *Frame)
	// End takes a whole frame; DATA after its pieces.
	End(f *Frame)
}

// phase is what comes next.
type phase uint8

const (
	atHeader  phase = iota
	inFrame         // payload that is gathered
	atPad           // the byte that says how much padding DATA has
	inData          //
	inSkipped       // padding, and payload that nobody needs
)

// Reader splits a direction into frames. The zero value, with To set, is at the beginning of a
// frame.
type Reader struct {
	To Sink

	phase    phase
	head     [h2.FrameHeaderSize]byte
	have     int // bytes of head
	frame    Frame
	left     int // bytes of the payload to come, in inData without padding
	padding  int
	started  bool // a piece of the DATA was delivered
	gathered []byte
}

// Weight is the memory that the reader uses, in bytes.
func (r *Reader) Weight() int { return 512 + cap(r.gathered) }

// Feed processes bytes of a packet.
func (r *Reader) Feed(c reassembly.Chunk) {
	for len(c.Data) > 0 {
		n := r.step(c)
		c.Data, c.Offset = c.Data[n:], c.Offset+int64(n)
	}
}

// step takes some of the bytes, at least one.
func (r *Reader) step(c reassembly.Chunk) (taken int) {
	if r.phase == atHeader {
		return r.header(c)
	}
	r.frame.LastPacket = c.Packet
	if r.phase == atPad {
		r.pad(int(c.Data[0]))
		r.endIfWhole()
		return 1
	}
	n := min(r.left, len(c.Data))
	switch r.phase {
	case inFrame:
		r.gathered = append(r.gathered, c.Data[:n]...)
	case inData:
		r.piece(c, n)
	}
	r.left -= n
	r.endIfWhole()
	return n
}

// header takes bytes of a header, and begins the frame once it is complete.
func (r *Reader) header(c reassembly.Chunk) (taken int) {
	if r.have == 0 {
		r.frame = Frame{Offset: c.Offset, Packet: c.Packet, Time: c.Time}
	}
	taken = copy(r.head[r.have:], c.Data)
	if r.have += taken; r.have < len(r.head) {
		return taken
	}
	r.have = 0
	f := &r.frame
	f.FrameHeader, f.LastPacket = h2.ParseFrameHeader(r.head[:]), c.Packet
	r.left, r.padding, r.started = int(f.Length), 0, false
	switch {
	case f.Type == h2.TypeData && f.Flags.Has(h2.FlagPadded) && r.left > 0:
		r.phase = atPad
	case f.Type == h2.TypeData:
		r.phase = inData
	case r.left > maxGathered || unread(f.Type):
		r.phase, f.Missing = inSkipped, true
	default:
		r.phase = inFrame
	}
	r.To.Begin(f)
	r.endIfWhole()
	return taken
}

// unread reports whether the payload of a frame says nothing here.
func unread(t h2.Type) bool {
	return t == h2.TypePriority || t == h2.TypePriorityUpdate || t == h2.TypePing || t > h2.TypeContinuation
}

// pad takes the length of the padding. If there is less than that, all is padding.
func (r *Reader) pad(n int) {
	r.left--
	r.padding = min(n, r.left)
	r.left -= r.padding
	r.phase = inData
}

// piece delivers n bytes of DATA.
func (r *Reader) piece(c reassembly.Chunk, n int) {
	if n == 0 {
		return
	}
	c.Data, c.Start = c.Data[:n], !r.started
	r.started = true
	r.To.Data(&r.frame, c)
}

// endIfWhole ends the frame if nothing of it is left.
func (r *Reader) endIfWhole() {
	if r.phase == inData && r.left == 0 {
		r.phase, r.left = inSkipped, r.padding
	}
	if r.phase == atPad || r.left > 0 {
		return
	}
	f := &r.frame
	if f.Type != h2.TypeData && !f.Missing {
		f.Payload = r.gathered
	}
	r.phase = atHeader
	r.To.End(f)
	if f.Payload, r.gathered = nil, r.gathered[:0]; cap(r.gathered) > 1<<10 {
		r.gathered = nil
	}
}

// Lost passes a hole. It reports false if the next frame boundary is no longer known; the frame
// under way has ended then.
func (r *Reader) Lost(c reassembly.Chunk) (known bool) {
	if r.phase == atHeader {
		r.have = 0
		return false
	}
	r.frame.LastPacket = c.Packet
	all := int64(r.left)
	if r.phase == inData {
		all += int64(r.padding)
	}
	known = c.Lost <= all
	r.pass(c, int(min(c.Lost, all)))
	return known
}

// pass skips n missing bytes of the frame under way.
func (r *Reader) pass(c reassembly.Chunk, n int) {
	switch r.phase {
	case atPad: // how much of it was padding is not known
		r.To.Torn(&r.frame)
		r.phase = inSkipped
	case inData:
		data := min(n, r.left)
		if data > 0 {
			r.To.Data(&r.frame, reassembly.Chunk{Lost: int64(data), Offset: c.Offset, Packet: c.Packet, Time: c.Time})
		}
		r.started = true
		r.left -= data
		if n -= data; r.left == 0 {
			r.phase, r.left = inSkipped, r.padding
		}
	default:
		r.frame.Missing, r.phase = true, inSkipped
	}
	r.left -= n
	r.endIfWhole()
}
