package servers

import (
	"context"
	"io"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

// coderLib has no choice of level, nor of windows.
type coderLib struct{}

func (coderLib) Module() string { return "github.com/coder/websocket" }

func (coderLib) Echo(l net.Listener, s Settings) error {
	opts := &websocket.AcceptOptions{}
	switch s.Mode {
	case NoTakeover:
		opts.CompressionMode = websocket.CompressionNoContextTakeover
	case Takeover:
		opts.CompressionMode = websocket.CompressionContextTakeover
	}
	return serveHTTP(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, opts)
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(1 << 20) // its default is less than our larger message
		for echoCoder(context.Background(), c) == nil {
		}
	}))
}

func echoCoder(ctx context.Context, c *websocket.Conn) error {
	typ, r, err := c.Reader(ctx)
	if err != nil {
		return err
	}
	w, err := c.Writer(ctx, typ)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, r); err != nil {
		return err
	}
	return w.Close()
}
