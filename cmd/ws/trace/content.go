package trace

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
)

// content is what is kept of a payload or of a message: digest, length and beginning.
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

// add processes the next piece.
func (c *content) add(p []byte) {
	c.hash.Write(p)
	c.size += uint64(len(p))
	c.sample = sample(c.sample, p)
}

// digest returns the SHA-256 of all pieces.
func (c *content) digest() string { return hex.EncodeToString(c.hash.Sum(nil)) }

// sample appends as much of p to dst as a sample may hold.
func sample(dst, p []byte) []byte {
	return append(dst, p[:min(len(p), payload.MaxSample-len(dst))]...)
}
