package trace

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
)

// content is what is kept of a payload, or of what a message says: digest, length and
// beginning.
type content struct {
	hash   hash.Hash
	size   uint64
	sample []byte
}

func newContent() content { return content{hash: sha256.New()} }

func (c *content) weight() int { return cap(c.sample) }

func (c *content) reset() {
	c.hash.Reset()
	c.size, c.sample = 0, c.sample[:0]
}

// add takes the next piece.
func (c *content) add(p []byte) {
	c.hash.Write(p)
	c.size += uint64(len(p))
	c.sample = sample(c.sample, p)
}

// digest is the SHA-256 of all of it.
func (c *content) digest() string { return hex.EncodeToString(c.hash.Sum(nil)) }

// sample appends p to dst as far as a sample goes.
func sample(dst, p []byte) []byte {
	return append(dst, p[:min(len(p), payload.MaxSample-len(dst))]...)
}
