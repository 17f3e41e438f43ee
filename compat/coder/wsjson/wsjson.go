// Package wsjson is [github.com/hawser-ws/websocket/coder/wsjson] under the path of
// github.com/coder/websocket/wsjson.
package wsjson

import (
	"context"

	coder "github.com/hawser-ws/websocket/coder"
	"github.com/hawser-ws/websocket/coder/wsjson"
)

// Read reads the next message as JSON into v.
func Read(ctx context.Context, c *coder.Conn, v any) error { return wsjson.Read(ctx, c, v) }

// Write writes v as a text message of JSON.
func Write(ctx context.Context, c *coder.Conn, v any) error { return wsjson.Write(ctx, c, v) }
