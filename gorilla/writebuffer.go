package websocket

import "github.com/hawser-ws/websocket/internal/poolcheck"

// BufferPool lends the memory in which a writer of [Conn.NextWriter] collects a frame. A
// *[sync.Pool] is one. What kind of value a pool holds is the business of this package.
type BufferPool interface {
	// Get returns a value of the pool, or nil if it is empty.
	Get() any
	// Put adds a value to the pool.
	Put(any)
}

// writeBuffer is what a pool lends.
type writeBuffer struct{ data []byte }

// maxWriteBuffer is the size in bytes of the largest buffer that goes back to our pool.
const maxWriteBuffer = 128 << 10

var writeBuffers = poolcheck.NewPool("write buffers of the drop-in", func() any { return new(writeBuffer) })

// lend returns an empty buffer.
func (s *sender) lend() *writeBuffer {
	if s.pool == nil {
		return writeBuffers.Get().(*writeBuffer)
	}
	if b, ok := s.pool.Get().(*writeBuffer); ok {
		return b
	}
	return &writeBuffer{make([]byte, 0, s.frameSize)}
}

// giveBack returns a buffer of lend.
func (s *sender) giveBack(b *writeBuffer) {
	if s.pool == nil {
		s.recycle(b)
		return
	}
	if s.empty(b); cap(b.data) > max(maxWriteBuffer, s.frameSize) {
		b.data = nil
	}
	s.pool.Put(b)
}

// recycle returns a buffer to our pool, without its memory if that has grown too large.
func (s *sender) recycle(b *writeBuffer) {
	if s.empty(b); cap(b.data) > maxWriteBuffer {
		b.data = nil
	}
	writeBuffers.Put(b)
}

// empty makes b ready for others. If a write has failed, the stream may still be looking at
// the memory, and it is left behind.
func (s *sender) empty(b *writeBuffer) {
	if b.data = b.data[:0]; s.broken.Load() {
		b.data = nil
	}
}

// Write collects p.
func (b *writeBuffer) Write(p []byte) (int, error) {
	b.data = append(b.data, p...)
	return len(p), nil
}
