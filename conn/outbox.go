package conn

import "github.com/hawser-ws/websocket/frame"

const (
	// OutboxSize is how many bytes an [Outbox] collects: a frame of a few KiB with
	// its header, or as many small ones as one read brings requests for.
	OutboxSize = 32 << 10
	// MaxCopiedPayload is the largest payload that a server copies behind its header.
	// It leaves in one plain write. A larger one leaves by writev from where it is.
	MaxCopiedPayload = 4 << 10
	// minFrameRoom is the room below which no further frame is begun. Any control
	// frame fits.
	minFrameRoom = frame.MaxHeaderSize + frame.MaxControlPayload
	// holdLimit is how full the buffer may be when a frame is held. There is room
	// for one more that is copied.
	holdLimit = OutboxSize - 2*MaxCopiedPayload
)

// Outbox is what is encoded and not yet on the wire: frames in, bytes out. It knows
// of every frame whether none, some or all of it is on the wire, and so which frames
// can still be taken back. Package documentation draws it.
//
// It holds a large buffer, so a shell lends one to a connection while something is on
// its way. The zero value is ready for Init. Calls must not overlap.
type Outbox struct {
	buf [OutboxSize]byte
	pending
	tailKey frame.Key // masks the tail (client)
	role    Role
	message uint32 // its first fragment is encoded and its last is not; 0: none

	// Offsets count the bytes since o was made, over all streams.
	encoded   uint64 // up to here frames are encoded
	sent      uint64 // up to here they are on the wire
	committed uint64 // frames that begin below cannot be taken back
	held      uint64 // up to here bytes wait for more to leave with them; at or below sent: none do

	frames []*OutFrame // frames[first:] are encoded, in order, and somebody waits for them
	first  int
}

// pending is where the bytes are that are encoded and not on the wire.
type pending struct {
	start, end int    // in buf[start:end]
	tail       []byte // and behind them the rest of the last payload
}

// Init makes an empty Outbox that of a connection. message is what Message returned when
// the connection used an Outbox last, 0 if it never did.
func (o *Outbox) Init(role Role, message uint32) { o.role, o.message = role, message }

// Reset lets another connection use o, after Init. o must be empty. Offsets are not set
// back: each message would pay for it.
func (o *Outbox) Reset() {
	if all := o.frames[:cap(o.frames)]; len(all) > 0 && all[0] != nil {
		clear(all)
		o.frames, o.first = o.frames[:0], 0
	}
}

// Message returns the number of the fragmented message that is under way, 0 if none is.
func (o *Outbox) Message() uint32 { return o.message }

// Admits reports whether f may be encoded next. RFC 6455 §5.4: the fragments of one
// message are not interleaved with another message. Control frames may go between.
func (o *Outbox) Admits(f *OutFrame) bool {
	return o.message == 0 || o.message == f.Message || f.Header.Opcode.IsControl()
}

// HasRoom reports whether another frame may be encoded now: there is room, and all of
// the last one is in the buffer.
func (o *Outbox) HasRoom() bool { return len(o.tail) == 0 && OutboxSize-o.end >= minFrameRoom }

// Fits reports whether a whole frame with n bytes of payload fits in the buffer, behind
// what is there.
func (o *Outbox) Fits(n int) bool {
	return len(o.tail) == 0 && OutboxSize-o.end >= frame.MaxHeaderSize+n
}

// Append encodes f behind the frames before it, which is its place in the stream. The
// key masks it if this is a client. It needs HasRoom and Admits.
func (o *Outbox) Append(f *OutFrame, key frame.Key) {
	h := &f.Header
	h.Length, h.Masked, h.Key = uint64(len(f.Payload)), o.role.Masks(), key
	f.begin, f.before = o.encoded, o.message
	if f.Framed != nil {
		o.put(f.Framed)
	} else {
		o.putHeader(*h)
		o.put(f.Payload)
	}
	f.end = o.encoded
	o.track(f)
	switch {
	case h.Opcode == frame.Close:
		// RFC 6455 §5.5.1: nothing follows our Close frame. The state of the connection
		// says so from here on, and does not go back.
		o.committed = f.end
	case f.Message == 0:
	case h.FIN:
		o.message = 0
	default:
		o.message = f.Message
	}
}

// AppendSingle encodes a message of one small frame for which nobody waits yet, if
// nothing stands before it but what is held. It returns the size of the frame, 0 if it
// was not encoded. Hold or Claim come next, or Advance with all of it.
func (o *Outbox) AppendSingle(op frame.Opcode, payload []byte, key frame.Key) (size int) {
	if o.message != 0 || len(payload) > MaxCopiedPayload || OutboxSize-o.end < frame.MaxHeaderSize+len(payload) ||
		o.encoded != o.sent && !o.Holding() {
		return 0
	}
	end := len(frame.AppendWhole(o.buf[:o.end], op, payload, o.role.Masks(), key))
	size = end - o.end
	o.end = end
	o.encoded += uint64(size)
	return size
}

// Claim makes the last size bytes, which are a message that AppendSingle has encoded,
// the frame f of a caller that waits. Some of them may be on the wire.
func (o *Outbox) Claim(f *OutFrame, size int) {
	f.begin, f.end, f.before = o.encoded-uint64(size), o.encoded, o.message
	o.track(f)
}

// AppendPong encodes a pong, for which nobody waits and which is not taken back. It
// needs HasRoom, and returns the header.
func (o *Outbox) AppendPong(payload []byte, key frame.Key) frame.Header {
	h := frame.Header{Opcode: frame.Pong, FIN: true, Length: uint64(len(payload)), Masked: o.role.Masks(), Key: key}
	o.putHeader(h)
	o.put(payload)
	o.committed = o.encoded
	return h
}

// AppendRest takes the rest of a frame whose beginning is on the wire already. It is
// sent from where it is, so it must not be masked here. Nothing else may be unsent.
func (o *Outbox) AppendRest(rest []byte) {
	o.tail = rest
	o.encoded += uint64(len(rest))
	o.committed = o.encoded
}

// track adds f to the frames that somebody waits for.
func (o *Outbox) track(f *OutFrame) {
	if o.first > 0 {
		o.frames = append(o.frames[:0], o.frames[o.first:]...)
		o.first = 0
	}
	o.frames = append(o.frames, f)
}

func (o *Outbox) putHeader(h frame.Header) {
	size := len(frame.AppendHeader(o.buf[o.end:o.end], h))
	o.end += size
	o.encoded += uint64(size)
	o.tailKey = h.Key
}

// put puts a payload, or a whole frame, into the buffer, or leaves it as the tail.
func (o *Outbox) put(p []byte) {
	o.encoded += uint64(len(p))
	switch {
	case o.role.Masks():
		o.tail = p
		o.maskTail()
	case len(p) <= min(MaxCopiedPayload, OutboxSize-o.end):
		o.end += copy(o.buf[o.end:], p)
	default:
		o.tail = p
	}
}

// maskTail masks into the buffer as much of the tail as fits.
func (o *Outbox) maskTail() {
	n := min(len(o.tail), OutboxSize-o.end)
	// RFC 6455 §5.3; the caller's payload is not modified.
	o.tailKey = frame.MaskCopy(o.buf[o.end:o.end+n], o.tail[:n], o.tailKey)
	o.end += n
	if o.tail = o.tail[n:]; len(o.tail) == 0 {
		o.tail = nil
	}
}

// Borrows reports whether the rest of a payload is still where its caller has it: the caller
// must not change it.
func (o *Outbox) Borrows() bool { return len(o.tail) > 0 }

// Unsent reports whether something is encoded and not on the wire.
func (o *Outbox) Unsent() bool { return o.encoded != o.sent }

// Pending returns what is to be written next: head and then tail, neither of them, one
// or both. A client's tail is not among it: it is masked into the buffer first, a part
// at a time.
func (o *Outbox) Pending() (head, tail []byte) {
	head = o.buf[o.start:o.end]
	if !o.role.Masks() {
		tail = o.tail
	}
	return head, tail
}

// Advance notes that the first n bytes of Pending are on the wire. After a write,
// also one of nothing, nothing is held any more.
func (o *Outbox) Advance(n int) {
	if o.sent += uint64(n); o.sent == o.encoded { // nearly always
		o.pending = pending{}
		return
	}
	o.advanceWithin(n)
}

// advanceWithin is Advance where something is left.
func (o *Outbox) advanceWithin(n int) {
	o.held = 0
	inHead := min(n, o.end-o.start)
	o.start += inHead
	o.tail = o.tail[n-inHead:]
	if o.start == o.end {
		o.start, o.end = 0, 0
	}
	switch {
	case len(o.tail) == 0:
		o.tail = nil
	case o.role.Masks():
		o.maskTail()
	}
}

// Offsets returns how many bytes were put on the wire since o was made, and how many will
// have been when all that is encoded now is sent. Only differences mean anything.
func (o *Outbox) Offsets() (sent, encoded uint64) { return o.sent, o.encoded }
