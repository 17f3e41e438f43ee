package conn

import (
	"math"
	"slices"
)

// How much memory a message may be given before its bytes have arrived is decided here, once
// for every shell that puts received payload in memory.

const (
	// MaxPrealloc is how far a destination may grow ahead of the bytes that have arrived, in
	// bytes. It may double if that is more. Nothing else is allocated on the word of a header.
	MaxPrealloc = 64 << 10
	// DirectReadMin is how many bytes of a payload must be missing for them to be read
	// straight into their destination, and not through a read buffer.
	DirectReadMin = 8 << 10
)

// Grow makes room for at least n more bytes in dst. If it must allocate, it makes room for the
// rest of the frame, left bytes, as far as [MaxPrealloc] allows: a message of one frame is
// allocated once.
func Grow(dst []byte, n int, left uint64) []byte {
	if cap(dst)-len(dst) < n {
		dst = slices.Grow(dst, int(min(left, uint64(max(MaxPrealloc, n, len(dst))))))
	}
	return dst
}

const (
	// outputSize holds the largest window and as much new output.
	outputSize = 2 << 15
	// inflateRoom is the least room in bytes that is made for output. The inner loop of
	// the decoder needs some to be fast.
	inflateRoom = 1 << 10
	// expansion is the factor by which compressed text is expected to grow.
	expansion = 4
)

// GrowInflated makes room in dst, which is full, for more output of [Decoder.Inflate]. dst
// ends with the have bytes that there are of the message; arrived bytes of it are still
// compressed; limit is the one of its size, as in [Limits].
//
// It makes room for as much again, or for four times what has arrived, whichever is more: text
// such as JSON comes to about that. So all memory allocated for a message, and all copying,
// stays within four times its size, however well it is compressed. Nothing is allocated on the
// word of the peer.
//
// The room ends at most inflateRoom bytes above the limit of the message: the decoder needs
// some room to be fast, and output beyond the limit shows that the message exceeds it.
func GrowInflated(dst []byte, have, arrived int, limit int64) []byte {
	// What the caller had in its buffer is copied each time as well.
	n := max(inflateRoom, expansion*arrived, have, len(dst)/4)
	if limit >= max(1, int64(have)) {
		// Room that comes close to the limit is extended to it, so that dst is not moved
		// once more for a few bytes.
		if left := int(min(limit-int64(have), int64(math.MaxInt-inflateRoom))); n > left-inflateRoom {
			n = left + inflateRoom
		}
	}
	// Not by append, which makes more room than it is asked for.
	return append(make([]byte, 0, len(dst)+n), dst...)
}

// InflateBuffer is the output of a compressed message for a shell that takes it piece by piece.
// What was taken stays for as long as the message may refer back to it. The zero value is
// ready.
type InflateBuffer struct {
	// Bytes is what [Decoder.Inflate] appends to, after MakeRoom.
	Bytes []byte
	taken int // Bytes[:taken]
}

// Reset forgets the message, and keeps the memory.
func (o *InflateBuffer) Reset() { o.Bytes, o.taken = o.Bytes[:0], 0 }

// Empty reports whether everything was taken.
func (o *InflateBuffer) Empty() bool { return o.taken == len(o.Bytes) }

// Take moves output to p. It returns how many bytes that is.
func (o *InflateBuffer) Take(p []byte) int {
	n := copy(p, o.Bytes[o.taken:])
	o.taken += n
	return n
}

// MakeRoom makes room for output, if there is too little and everything was taken. It drops
// what is beyond the reach of the window, which is in bytes.
func (o *InflateBuffer) MakeRoom(window int) {
	if o.Bytes == nil {
		o.Bytes = make([]byte, 0, outputSize)
	}
	if cap(o.Bytes)-len(o.Bytes) < inflateRoom {
		o.Bytes = o.Bytes[:copy(o.Bytes, o.Bytes[len(o.Bytes)-window:])]
		o.taken = len(o.Bytes)
	}
}

// Adopt continues a message of which p has been taken already.
func (o *InflateBuffer) Adopt(p []byte) {
	o.MakeRoom(0)
	o.Bytes = append(o.Bytes, p[max(0, len(p)-outputSize/2):]...)
	o.taken = len(o.Bytes)
}
