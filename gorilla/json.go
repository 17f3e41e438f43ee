package websocket

import (
	"encoding/json"
	"io"

	"github.com/hawser-ws/websocket/frame"
)

// WriteJSON sends v as a text message.
//
// Deprecated: use [Conn.WriteJSON].
func WriteJSON(c *Conn, v any) error { return c.WriteJSON(v) }

// ReadJSON reads the next message into v.
//
// Deprecated: use [Conn.ReadJSON].
func ReadJSON(c *Conn, v any) error { return c.ReadJSON(v) }

// WriteJSON sends v as a text message, as [json.Encoder] encodes it. If v cannot be
// encoded, nothing is sent.
func (c *Conn) WriteJSON(v any) error {
	b := writeBuffers.Get().(*writeBuffer)
	defer c.out.recycle(b)
	if err := json.NewEncoder(b).Encode(v); err != nil {
		return err
	}
	if len(b.data) <= min(c.out.singleSize, c.out.frameSize) {
		if done, err := c.writeSingle(frame.Text, b.data); done {
			return err
		}
	}
	c.out.begin()
	defer c.out.end()
	if _, err := c.next(TextMessage); err != nil {
		return err
	}
	m := c.open(frame.Text)
	if _, err := m.write(b.data); err != nil {
		return err
	}
	return m.close()
}

// ReadJSON reads the next message and stores its first JSON value in v, as [json.Decoder]
// does. What follows in the message is dropped. A message without a value fails with
// [io.ErrUnexpectedEOF].
func (c *Conn) ReadJSON(v any) error {
	_, r, err := c.NextReader()
	if err != nil {
		return err
	}
	if err = json.NewDecoder(r).Decode(v); err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
