package servers

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/coder/websocket"
)

// coderLib offers no choice of level or windows.
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
		c.SetReadLimit(1 << 20) // the default is less than our larger messages
		for echoCoder(context.Background(), c) == nil {
		}
	}))
}

// coderBuffers hold a message while it is echoed. Copied directly from Reader to Writer, it
// would be sent in many small frames.
var coderBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func echoCoder(ctx context.Context, c *websocket.Conn) error {
	typ, r, err := c.Reader(ctx)
	if err != nil {
		return err
	}
	b := coderBuffers.Get().(*bytes.Buffer)
	defer coderBuffers.Put(b)
	b.Reset()
	if _, err := b.ReadFrom(r); err != nil {
		return err
	}
	return c.Write(ctx, typ, b.Bytes())
}
