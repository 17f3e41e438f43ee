package websocket

import (
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/ledger"
)

// Sizes of the buffers that connections borrow, in bytes.
const (
	// readSize is what one read from the network may bring: many small frames at
	// once, sixteen of 1 KiB among them, or the beginning of a large one whose rest goes
	// straight to its destination.
	readSize = 32 << 10
	// largeReadSize is what one read may bring where messages do not fit in readSize: a
	// message of 64 KiB at once.
	largeReadSize = 128 << 10
	// smallReadSize is what one read brings on a stream that needs memory in order to
	// wait, so that an idle connection holds it.
	smallReadSize = 4 << 10
	// sendSize holds a frame of a few KiB with its header, or as many small ones that
	// leave together as one read brings.
	sendSize = 32 << 10
	// writeSize is what a Writer collects for a fragment.
	writeSize = 16 << 10
	// messageSize is the largest buffer that goes back to the pool of message
	// buffers: a rare huge message must not stay in memory for ever. A message of
	// 64 KiB may have come to fill half of it, as it was inflated.
	messageSize = 128 << 10
)

// Buffers are lent for as long as there is something in them. An idle connection
// holds none.
var (
	readBuffers    = ledger.Pool{New: func() any { p := make([]byte, readSize); return &p }}
	largeBuffers   = ledger.Pool{New: func() any { p := make([]byte, largeReadSize); return &p }}
	smallBuffers   = ledger.Pool{New: func() any { p := make([]byte, smallReadSize); return &p }}
	writeBuffers   = ledger.Pool{New: func() any { return new([writeSize]byte) }}
	messageBuffers = ledger.Pool{New: func() any { return &messageBuffer{Message{Data: make([]byte, 0, 1<<10)}} }}
)

// messageBuffer holds a message while the body of a loop runs, or its payload while
// it is compressed and sent.
type messageBuffer struct{ message Message }

// giveBack keeps what the memory has grown to, unless that is too large. Whoever
// borrows it next finds in it what it held.
func (b *messageBuffer) giveBack() {
	if cap(b.message.Data) > messageSize {
		b.message.Data = nil
	}
	messageBuffers.Put(b)
}

// readBuffer holds what has come from the network and was not yet consumed:
// data[start:end]. It has no memory while it is empty, unless it is kept.
type readBuffer struct {
	data       *[]byte
	start, end int
	lent       bool // some of what was consumed is in use: data stays as it is
	kept       bool // data, which is small, stays although it is empty
	large      bool // what is borrowed is
}

// bytes returns what is there.
func (b *readBuffer) bytes() []byte {
	if b.data == nil {
		return nil
	}
	return (*b.data)[b.start:b.end]
}

func (b *readBuffer) buffered() int { return b.end - b.start }

// consume drops the first n octets.
func (b *readBuffer) consume(n int) { b.start += n }

// full reports whether what is there fills the buffer.
func (b *readBuffer) full() bool { return b.data != nil && b.buffered() == len(*b.data) }

// room returns space for more, borrowing memory when there is none. It is empty
// only if the buffer is full.
func (b *readBuffer) room() []byte {
	switch {
	case b.data == nil:
		b.data = b.borrow()
		b.start, b.end = 0, 0
	case b.lent:
		fresh := b.borrow()
		if len(*fresh) < b.buffered() {
			returnBuffer(fresh)
			fresh = largeBuffers.Get().(*[]byte)
		}
		b.start, b.end = 0, copy(*fresh, b.bytes())
		b.data, b.lent = fresh, false // whoever has borrowed the other one returns it
	case b.start == b.end:
		if b.kept && len(*b.data) != smallReadSize { // from before it was known that it is kept
			b.giveBack()
			b.data = b.borrow()
		}
		b.start, b.end = 0, 0
	case b.end == len(*b.data):
		b.end = copy(*b.data, b.bytes())
		b.start = 0
	}
	return (*b.data)[b.end:]
}

func (b *readBuffer) borrow() *[]byte {
	switch {
	case b.kept:
		return smallBuffers.Get().(*[]byte)
	case b.large:
		return largeBuffers.Get().(*[]byte)
	}
	return readBuffers.Get().(*[]byte)
}

// added tells that n octets were put into room.
func (b *readBuffer) added(n int) { b.end += n }

// release gives the memory back if nothing is in it.
func (b *readBuffer) release() {
	if b.start == b.end && !b.kept {
		b.giveBack()
	}
}

//go:noinline
func (b *readBuffer) giveBack() {
	if b.data != nil && !b.lent {
		returnBuffer(b.data)
		b.data = nil
	}
}

func returnBuffer(p *[]byte) {
	switch len(*p) {
	case readSize:
		readBuffers.Put(p)
	case largeReadSize:
		largeBuffers.Put(p)
	default:
		smallBuffers.Put(p)
	}
}

// came says how large a message was that has come, for what is borrowed next.
func (b *readBuffer) came(n int) { b.large = n > readSize/2 && n <= largeReadSize-frame.MaxHeaderSize }

// keep is for a transport that needs memory in order to wait: what it would borrow
// again at once is not given back, and is small.
func (b *readBuffer) keep() { b.kept = true }

// lend keeps what was consumed as it is until settle is called.
func (b *readBuffer) lend() *[]byte {
	b.lent = true
	return b.data
}

// settle ends what lend began, and returned.
func (b *readBuffer) settle(lent *[]byte) {
	if b.data == lent {
		b.lent = false
		return
	}
	returnBuffer(lent) // room or discard has left it to us
}

// shrink moves what is there to a small buffer, if it leaves room in one: for a wait
// that may be long although something has come.
func (b *readBuffer) shrink() {
	if b.data == nil || b.lent || len(*b.data) == smallReadSize || b.buffered() >= smallReadSize {
		return
	}
	small := smallBuffers.Get().(*[]byte)
	n := copy(*small, b.bytes())
	returnBuffer(b.data)
	b.data, b.start, b.end = small, 0, n
}

// discard drops everything and gives the memory back.
func (b *readBuffer) discard() {
	b.start, b.kept = b.end, false
	if b.lent {
		b.data, b.lent = nil, false
	}
	b.release()
}

// preload puts what was read before the connection was made in front of what is
// still to come: octets glued to the opening handshake are not lost.
func (c *Conn) preload(p []byte) {
	if len(p) > readSize {
		c.transport = &preloaded{transport: c.transport, p: p}
		return
	}
	if len(p) > 0 {
		c.in.buf.added(copy(c.in.buf.room(), p))
	}
}

// preloaded is a transport behind more octets than a read buffer holds.
type preloaded struct {
	transport
	p []byte
}

func (t *preloaded) fill(b *readBuffer) (int, error) {
	if len(t.p) == 0 {
		return t.transport.fill(b)
	}
	n, err := t.read(b.room())
	b.added(n)
	return n, err
}

func (t *preloaded) read(p []byte) (int, error) {
	if len(t.p) == 0 {
		return t.transport.read(p)
	}
	n := copy(p, t.p)
	if t.p = t.p[n:]; len(t.p) == 0 {
		t.p = nil // it is not needed as long as the connection lives
	}
	return n, nil
}
