package websocket

import (
	"crypto/rand"
	"encoding/binary"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/ledger"
)

// keyBlock is random octets from which masking keys are taken, each once.
type keyBlock struct {
	random [1024]byte
	used   int
}

// keyBlocks spreads the cost of the system's random source over 256 keys. A block
// that the garbage collector takes is lost, never used twice.
var keyBlocks = ledger.NewPool("blocks of masking keys", func() any { return &keyBlock{used: len(keyBlock{}.random)} })

// newMaskKey returns a masking key. RFC 6455 §5.3: fresh for every frame, from a
// strong source of entropy, and not to be predicted from the keys before it.
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
