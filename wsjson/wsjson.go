// Package wsjson reads and writes JSON messages, one JSON value per message.
//
//	var v struct{ Name string }
//	err := wsjson.Read(ctx, c, &v)
//	err = wsjson.Write(ctx, c, v)
//
// All other methods of the connection remain usable, and messages of other kinds may come in
// between.
package wsjson

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"github.com/hawser-ws/websocket"
)

// Read reads the next message, text or binary, as JSON into v, by the rules of
// [json.Unmarshal].
//
// A message that is not JSON, or does not fit v, closes the connection with
// StatusInvalidFramePayloadData; ctx bounds that as well. Other errors are those of
// [websocket.Conn.Read]. If ctx is cancelled the connection remains usable, and the next Read
// gets the whole message. If v is not a pointer, Read returns an error without reading
// anything.
func Read(ctx context.Context, c *websocket.Conn, v any) error {
	if rv := reflect.ValueOf(v); rv.Kind() != reflect.Pointer || rv.IsNil() {
		return fmt.Errorf("wsjson: %w", &json.InvalidUnmarshalError{Type: reflect.TypeOf(v)})
	}
	buf := messages.Get().(*[]byte)
	_, p, err := c.ReadInto(ctx, (*buf)[:0])
	if err == nil {
		if err = json.Unmarshal(p, v); err != nil {
			_ = c.CloseContext(ctx, websocket.StatusInvalidFramePayloadData, "not the JSON expected")
			err = fmt.Errorf("wsjson: message refused: %w", err)
		}
	}
	if cap(p) <= maxKept {
		*buf = p[:0]
	}
	messages.Put(buf)
	return err
}

// Write writes v as a JSON text message, by the rules of [json.Marshal]. The message ends with
// a newline, as the values of a [json.Encoder] do.
//
// If v cannot be encoded, nothing is sent and the connection remains usable. Other errors are
// those of [websocket.Conn.Write].
func Write(ctx context.Context, c *websocket.Conn, v any) error {
	e := encoders.Get().(*encoder)
	err := e.json.Encode(v)
	if err != nil {
		err = fmt.Errorf("wsjson: %w", err)
	} else {
		err = c.Write(ctx, websocket.MessageText, e.buf.Bytes())
	}
	if e.buf.Cap() <= maxKept {
		e.buf.Reset()
		encoders.Put(e)
	}
	return err
}

// maxKept is the largest buffer that returns to the pool, in bytes. A rare huge message must
// not stay in memory forever.
const maxKept = 64 << 10

var (
	messages = sync.Pool{New: func() any { return new([]byte) }}
	encoders = sync.Pool{New: func() any {
		e := new(encoder)
		e.json = json.NewEncoder(&e.buf)
		return e
	}}
)

// encoder is an encoder with the buffer that it writes to. It can be used again after an error:
// only a failed write would be permanent, and writes to a buffer do not fail.
type encoder struct {
	buf  bytes.Buffer
	json *json.Encoder
}
