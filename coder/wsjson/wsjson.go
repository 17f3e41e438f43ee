// Package wsjson reads and writes JSON messages: one JSON value a message. It has the API,
// rules and error texts of github.com/coder/websocket/wsjson; see package coder. Several
// goroutines may read and write on one connection.
package wsjson

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"

	websocket "github.com/hawser-ws/websocket/coder"
)

// Read reads the next message as JSON into v. A message that is not the JSON that fits v
// closes the connection with StatusInvalidFramePayloadData.
func Read(ctx context.Context, c *websocket.Conn, v any) error {
	if err := read(ctx, c, v); err != nil {
		return fmt.Errorf("failed to read JSON message: %w", err)
	}
	return nil
}

func read(ctx context.Context, c *websocket.Conn, v any) error {
	_, p, err := c.Read(ctx)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(p, v); err != nil {
		_ = c.Close(websocket.StatusInvalidFramePayloadData, "failed to unmarshal JSON")
		return fmt.Errorf("failed to unmarshal JSON: %w", err)
	}
	return nil
}

// Write writes v as a text message of JSON, with a newline behind it.
func Write(ctx context.Context, c *websocket.Conn, v any) error {
	b := buffers.Get().(*bytes.Buffer)
	defer release(b)
	err := json.NewEncoder(b).Encode(v)
	if err == nil {
		err = c.Write(ctx, websocket.MessageText, b.Bytes())
	}
	if err != nil {
		return fmt.Errorf("failed to write JSON message: failed to marshal JSON: %w", err)
	}
	return nil
}

// maxKept is the largest buffer that goes back to its pool, in bytes: a rare huge message must
// not stay in memory for ever.
const maxKept = 64 << 10

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func release(b *bytes.Buffer) {
	if b.Cap() <= maxKept {
		b.Reset()
		buffers.Put(b)
	}
}
