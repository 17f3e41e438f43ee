package servers

import (
	"context"
	"net"

	"github.com/hawser-ws/websocket"
)

type hawserLib struct{}

func (hawserLib) Module() string { return "github.com/hawser-ws/websocket" }

func (hawserLib) Echo(l net.Listener, s Settings) error {
	return serveHTTP(l, websocket.Handler(echoHawser, hawserOptions(s)))
}

func hawserOptions(s Settings) *websocket.AcceptOptions {
	bits := max(s.Bits, 9) // the smallest window it has
	opts := &websocket.AcceptOptions{
		Compression: websocket.CompressionOptions{
			SendWindowBits:    bits,
			ReceiveWindowBits: bits,
			Level:             s.Level,
		},
	}
	switch s.Mode {
	case NoTakeover:
		opts.CompressionMode = websocket.CompressionNoContextTakeover
	case Takeover:
		opts.CompressionMode = websocket.CompressionContextTakeover
	}
	return opts
}

func echoHawser(ctx context.Context, c *websocket.Conn) error {
	for msg, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := c.Write(ctx, msg.Type, msg.Data); err != nil {
			return err
		}
	}
	return nil
}
