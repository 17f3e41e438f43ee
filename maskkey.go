package websocket

import (
	"crypto/rand"
	"encoding/binary"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/ledger"
)

// keyBlock holds random bytes. Each is used once, in one masking key.
type keyBlock struct {
	random [1024]byte
	used   int
}

// keyBlocks spreads the cost of the system's random source over 256 keys. If the garbage
// collector takes a block, its remaining bytes are lost; none is used twice.
var keyBlocks = ledger.NewPool("blocks of masking keys", func() any { return &keyBlock{used: len(keyBlock{}.random)} })

// newMaskKey returns a masking key. RFC 6455 §5.3: it is fresh for every frame, comes from a
// strong source of entropy, and cannot be predicted from earlier keys.
func newMaskKey() frame.Key {
	b := keyBlocks.Get().(*keyBlock)
	if b.used == len(b.random) {
		_, _ = rand.Read(b.random[:]) // it never fails: crypto/rand ends the program instead
		b.used = 0
	}
	key := binary.LittleEndian.Uint32(b.random[b.used:])
	b.used += 4
	keyBlocks.Put(b)
	return frame.Key(key)
}
