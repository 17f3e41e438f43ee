// Package maskkey makes the masking keys of a client's frames.
package maskkey

import (
	"crypto/rand"
	"encoding/binary"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// block holds random bytes. Each is used once, in one masking key.
type block struct {
	random [1024]byte
	used   int
}

// blocks spreads the cost of the system's random source over 256 keys. If the garbage
// collector takes a block, its remaining bytes are lost; none is used twice.
var blocks = poolcheck.NewPool("blocks of masking keys", func() any { return &block{used: len(block{}.random)} })

// New returns a fresh, unpredictable key, as RFC 6455 §5.3 demands for every frame. It may be
// called from any goroutine.
func New() frame.Key {
	b := blocks.Get().(*block)
	if b.used == len(b.random) {
		_, _ = rand.Read(b.random[:]) // it never fails: crypto/rand ends the program instead
		b.used = 0
	}
	key := binary.LittleEndian.Uint32(b.random[b.used:])
	b.used += 4
	blocks.Put(b)
	return frame.Key(key)
}
