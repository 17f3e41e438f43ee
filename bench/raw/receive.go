package raw

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Message is a message from a server.
type Message struct {
	Opcode     byte
	Compressed bool
	Frames     int
	Size       int    // on the wire, including headers
	Payload    []byte // as received; valid until the next Receive
}

// Receive reads the next message. Without keep it skips the payload.
func (c *Conn) Receive(keep bool) (Message, error) {
	var m Message
	c.payload = c.payload[:0]
	for {
		first, n, header, err := c.frameHeader()
		if err != nil {
			return m, err
		}
		opcode := first & opcodes
		if opcode >= Close {
			if opcode == Close {
				return m, c.closed(n)
			}
			if _, err := c.br.Discard(n); err != nil { // pings are not answered
				return m, err
			}
			continue
		}
		switch {
		case (m.Frames == 0) != (opcode != Continuation):
			return m, fmt.Errorf("frame %d of a message has opcode %d", m.Frames+1, opcode)
		case first&rsv1 != 0 && (m.Frames > 0 || !c.Terms.Deflate), first&rsv23 != 0:
			return m, fmt.Errorf("frame %d of a message begins with %#x", m.Frames+1, first)
		case m.Frames == 0:
			m.Opcode, m.Compressed = opcode, first&rsv1 != 0
		}
		m.Frames++
		m.Size += header + n
		if err := c.take(n, keep); err != nil {
			return m, err
		}
		if first&fin != 0 {
			m.Payload = c.payload
			return m, nil
		}
	}
}

// frameHeader reads a header. It returns the first byte, the payload's length and the header's
// length.
func (c *Conn) frameHeader() (first byte, payload, header int, err error) {
	p, err := c.br.Peek(2)
	if err != nil {
		return 0, 0, 0, err
	}
	if p[1]&masked != 0 {
		return 0, 0, 0, errors.New("a frame of the server is masked")
	}
	header = 2
	switch p[1] {
	case 126:
		header = 4
	case 127:
		header = 10
	}
	if p, err = c.br.Peek(header); err != nil {
		return 0, 0, 0, err
	}
	first, payload = p[0], int(p[1])
	switch header {
	case 4:
		payload = int(binary.BigEndian.Uint16(p[2:]))
	case 10:
		length := binary.BigEndian.Uint64(p[2:])
		if length > 1<<30 {
			return 0, 0, 0, fmt.Errorf("a frame of %d bytes", length)
		}
		payload = int(length)
	}
	_, err = c.br.Discard(header)
	return first, payload, header, err
}

// take reads n bytes of payload, or skips them.
func (c *Conn) take(n int, keep bool) error {
	if !keep {
		_, err := c.br.Discard(n)
		return err
	}
	start := len(c.payload)
	c.payload = append(c.payload, make([]byte, n)...)
	_, err := io.ReadFull(c.br, c.payload[start:])
	return err
}

// closed returns the content of a Close frame of n bytes as an error.
func (c *Conn) closed(n int) error {
	if err := c.take(n, true); err != nil {
		return err
	}
	if n < 2 {
		return errors.New("the server closes the connection")
	}
	return fmt.Errorf("the server closes the connection with %d %q", binary.BigEndian.Uint16(c.payload), c.payload[2:])
}
