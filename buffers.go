package websocket

import "github.com/hawser-ws/websocket/internal/ledger"

// Sizes of the buffers that connections borrow in order to write, in bytes.
const (
	// writeSize is what a Writer collects for a fragment.
	writeSize = 16 << 10
	// messageSize is the largest buffer that goes back to the pool of message
	// buffers: a rare huge message must not stay in memory for ever. A message of
	// 64 KiB may have come to fill half of it, as it was inflated.
	messageSize = 128 << 10
)

var (
	writeBuffers   = ledger.NewPool("Writer buffers", func() any { return new([writeSize]byte) })
	messageBuffers = ledger.NewPool("message buffers", func() any {
		return &messageBuffer{Message{Data: make([]byte, 0, 1<<10)}}
	})
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
