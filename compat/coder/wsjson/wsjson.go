// Package wsjson is github.com/coder/websocket/wsjson, implemented by
// github.com/hawser-ws/websocket.
package wsjson

import (
	"context"

	"github.com/hawser-ws/websocket/coder"
	"github.com/hawser-ws/websocket/coder/wsjson"
)

// Read reads the next message as JSON into v.
func Read(ctx context.Context, c *websocket.Conn, v any) error { return wsjson.Read(ctx, c, v) }

// Write writes v as a text message of JSON.
func Write(ctx context.Context, c *websocket.Conn, v any) error { return wsjson.Write(ctx, c, v) }
