package traffic

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"

	"github.com/hawser-ws/websocket/bench/raw"
)

// A Checker compares answers with what was asked. Any answer can be checked on its
// own: with context takeover the server's window holds the messages before it,
// which are known.
type Checker struct {
	script *Script
	in     io.ReadCloser
	out    bytes.Buffer
}

// NewChecker returns one, for one goroutine.
func NewChecker(s *Script) *Checker {
	return &Checker{script: s, in: flate.NewReader(nil)}
}

// The end of a message that the sender left out, and a last block, so that the
// stream has an end (RFC 7692 §7.2.2).
var tail = []byte{0, 0, 0xFF, 0xFF, 1, 0, 0, 0xFF, 0xFF}

// Check finds the answer to the i-th message of a connection wrong, or returns nil.
func (c *Checker) Check(i int, m raw.Message) error {
	if m.Opcode != raw.Text {
		return fmt.Errorf("answer %d has opcode %d", i, m.Opcode)
	}
	got := m.Payload
	if m.Compressed {
		var err error
		if got, err = c.inflate(i, m.Payload); err != nil {
			return fmt.Errorf("answer %d does not decompress: %w", i, err)
		}
	}
	if want := c.script.Message(i); !bytes.Equal(got, want) {
		return fmt.Errorf("answer %d, of %d bytes, is not the message of %d bytes that was sent", i, len(got), len(want))
	}
	return nil
}

func (c *Checker) inflate(i int, payload []byte) ([]byte, error) {
	var dictionary []byte
	if server := c.script.terms.Server; !server.NoTakeover {
		dictionary = c.script.before(i, server.Bits)
	}
	stream := io.MultiReader(bytes.NewReader(payload), bytes.NewReader(tail))
	if err := c.in.(flate.Resetter).Reset(stream, dictionary); err != nil {
		return nil, err
	}
	c.out.Reset()
	_, err := c.out.ReadFrom(c.in)
	return c.out.Bytes(), err
}
