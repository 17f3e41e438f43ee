package transport

import "github.com/hawser-ws/websocket/internal/poolcheck"

// Sizes of the buffers that connections borrow, in bytes.
const (
	// readSize is what one read from the network may bring: many small frames at once,
	// sixteen of 1 KiB among them, or the beginning of a large one whose rest goes straight
	// to its destination.
	readSize = 32 << 10
	// largeReadSize is what one read may bring where messages do not fit in readSize: a
	// message of 64 KiB at once.
	largeReadSize = 128 << 10
	// smallReadSize is what one read brings on a stream that needs memory in order to
	// wait, so that an idle connection holds it.
	smallReadSize = 4 << 10
	// tinySize holds what a peer may send of a frame and leave there: the header, or a control
	// frame, of 139 bytes at most.
	tinySize = 256
	// maxHeader is the longest header of a frame.
	maxHeader = 14
)

// Buffers are borrowed for as long as there is something in them. An idle connection
// holds none.
var (
	readBuffers  = poolcheck.NewPool("read buffers", func() any { p := make([]byte, readSize); return &p })
	largeBuffers = poolcheck.NewPool("large read buffers", func() any { p := make([]byte, largeReadSize); return &p })
	smallBuffers = poolcheck.NewPool("small read buffers", func() any { p := make([]byte, smallReadSize); return &p })
	tinyBuffers  = poolcheck.NewPool("tiny read buffers", func() any { p := make([]byte, tinySize); return &p })
)

// Buffer holds what has come from the network and was not yet consumed: data[start:end].
// It has no memory while it is empty, unless it is kept. The zero value is empty.
type Buffer struct {
	data       *[]byte
	start, end int32 // no more than largeReadSize
	pinned     bool  // some of what was consumed is in use: data stays as it is
	kept       bool  // data, which is small, stays although it is empty
	large      bool  // what is borrowed next is
}

// Bytes returns what is there.
func (b *Buffer) Bytes() []byte {
	if b.data == nil {
		return nil
	}
	return (*b.data)[b.start:b.end]
}

// Buffered returns how many bytes are there.
func (b *Buffer) Buffered() int { return int(b.end - b.start) }

// Consume drops the first n bytes.
func (b *Buffer) Consume(n int) { b.start += int32(n) }

// Full reports whether what is there fills the buffer.
func (b *Buffer) Full() bool { return b.data != nil && b.Buffered() == len(*b.data) }

// Room returns space for more, borrowing memory if there is none. It is empty only if the
// buffer is full.
func (b *Buffer) Room() []byte {
	switch {
	case b.data == nil:
		b.data = b.borrow()
		b.start, b.end = 0, 0
	case len(*b.data) == tinySize && !b.pinned:
		tiny := b.data
		b.data = b.borrow()
		b.start, b.end = 0, int32(copy(*b.data, (*tiny)[b.start:b.end]))
		giveBack(tiny)
	case b.pinned:
		fresh := b.borrow()
		if len(*fresh) < b.Buffered() {
			giveBack(fresh)
			fresh = largeBuffers.Get().(*[]byte)
		}
		b.start, b.end = 0, int32(copy(*fresh, b.Bytes()))
		b.data, b.pinned = fresh, false // whoever has pinned the other one gives it back
	case b.start == b.end:
		if b.kept && len(*b.data) != smallReadSize { // from before it was known that it is kept
			b.drop()
			b.data = b.borrow()
		}
		b.start, b.end = 0, 0
	case int(b.end) == len(*b.data):
		b.end = int32(copy(*b.data, b.Bytes()))
		b.start = 0
	}
	return (*b.data)[b.end:]
}

// Extend says that n bytes were put into Room.
func (b *Buffer) Extend(n int) { b.end += int32(n) }

// Release gives the memory back if nothing is in it.
func (b *Buffer) Release() {
	if b.start == b.end && !b.kept {
		b.drop()
	}
}

// NoteSize says how large a message was that has come, for what is borrowed next.
func (b *Buffer) NoteSize(n int) { b.large = n > readSize/2 && n <= largeReadSize-maxHeader }

// Pin keeps what was consumed as it is until Unpin is called with the result, also where
// Room and Discard are called meanwhile.
func (b *Buffer) Pin() *[]byte {
	b.pinned = true
	return b.data
}

// Unpin ends what Pin began, and returned.
func (b *Buffer) Unpin(pinned *[]byte) {
	if b.data == pinned {
		b.pinned = false
		return
	}
	giveBack(pinned) // Room or Discard has left it to us
}

// Shrink moves what is there to a small buffer, if it leaves room in one: for a wait that
// may be long although something has come.
func (b *Buffer) Shrink() {
	if b.data != nil && len(*b.data) > smallReadSize {
		b.moveTo(smallBuffers, smallReadSize)
	}
}

// Stow moves what is there to a tiny buffer, if it fits, until Room is called: for a wait on a
// stream that needs no memory in order to wait.
func (b *Buffer) Stow() {
	if b.data != nil && len(*b.data) > tinySize && !b.kept {
		b.moveTo(tinyBuffers, tinySize)
	}
}

func (b *Buffer) moveTo(pool *poolcheck.Pool, size int) {
	if b.pinned || b.Buffered() >= size {
		return
	}
	fresh := pool.Get().(*[]byte)
	n := copy(*fresh, b.Bytes())
	giveBack(b.data)
	b.data, b.start, b.end = fresh, 0, int32(n)
}

// Discard drops everything and gives the memory back.
func (b *Buffer) Discard() {
	b.start, b.kept = b.end, false
	if b.pinned {
		b.data, b.pinned = nil, false
	}
	b.Release()
}

// keep is for a stream that needs memory in order to wait. What it would borrow again at
// once is not given back, and is small.
func (b *Buffer) keep() { b.kept = true }

func (b *Buffer) borrow() *[]byte {
	switch {
	case b.kept:
		return smallBuffers.Get().(*[]byte)
	case b.large:
		return largeBuffers.Get().(*[]byte)
	}
	return readBuffers.Get().(*[]byte)
}

//go:noinline
func (b *Buffer) drop() {
	if b.data != nil && !b.pinned {
		giveBack(b.data)
		b.data = nil
	}
}

func giveBack(p *[]byte) {
	switch len(*p) {
	case readSize:
		readBuffers.Put(p)
	case largeReadSize:
		largeBuffers.Put(p)
	case smallReadSize:
		smallBuffers.Put(p)
	default:
		tinyBuffers.Put(p)
	}
}
