package traffic

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"

	"github.com/hawser-ws/websocket/bench/raw"
)

// A Checker compares answers with messages. It can check any single answer: with context
// takeover, the messages in the server's window are known.
type Checker struct {
	script *Script
	in     io.ReadCloser
	out    bytes.Buffer
}

// NewChecker returns a Checker for use by one goroutine.
func NewChecker(s *Script) *Checker {
	return &Checker{script: s, in: flate.NewReader(nil)}
}

// tail is the end of a message that the sender omits, and a final block that ends the stream
// (RFC 7692 §7.2.2).
var tail = []byte{0, 0, 0xFF, 0xFF, 1, 0, 0, 0xFF, 0xFF}

// Check returns an error if m is not the right answer to message i of a connection.
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
