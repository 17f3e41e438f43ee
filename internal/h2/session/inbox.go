package session

import "github.com/hawser-ws/websocket/internal/poolcheck"

// inbox is what has come on a stream and was not read: at most the window of the stream. It
// has no memory while it is empty. All under Session.mu.
type inbox struct {
	last *block // of a ring: its next is the first; nil: empty
	size int
}

// block is a piece of an inbox: data[start:end]. With its links it has 4 KiB.
type block struct {
	next       *block
	start, end int32
	data       [4<<10 - 16]byte
}

var blocks = poolcheck.NewPool("inbox blocks", func() any { return new(block) })

// append adds a copy of p.
func (in *inbox) append(p []byte) {
	in.size += len(p)
	for len(p) > 0 {
		b := in.last
		if b == nil || int(b.end) == len(b.data) {
			b = blocks.Get().(*block)
			if in.last == nil {
				b.next = b
			} else {
				b.next, in.last.next = in.last.next, b
			}
			in.last = b
		}
		n := copy(b.data[b.end:], p)
		b.end += int32(n)
		p = p[n:]
	}
}

// read moves as much as there is to p.
func (in *inbox) read(p []byte) (n int) {
	for n < len(p) && in.last != nil {
		b := in.last.next
		m := copy(p[n:], b.data[b.start:b.end])
		n += m
		if b.start += int32(m); b.start == b.end {
			in.drop()
		}
	}
	in.size -= n
	return n
}

// drop gives the first block back.
func (in *inbox) drop() {
	b := in.last.next
	if in.last.next = b.next; in.last == b {
		in.last = nil
	}
	b.next, b.start, b.end = nil, 0, 0
	blocks.Put(b)
}

// discard drops everything.
func (in *inbox) discard() {
	for in.last != nil {
		in.drop()
	}
	in.size = 0
}
