package servers

import (
	"bytes"
	"net"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

// gorillaLib has neither context takeover nor a choice of windows. Its documentation recommends
// a pooled write buffer of message size for many connections. The message is read into a buffer
// from another pool.
type gorillaLib struct{}

func (gorillaLib) Module() string { return "github.com/gorilla/websocket" }

const gorillaWriteBuffer = 32 << 10

func (gorillaLib) Echo(l net.Listener, s Settings) error {
	upgrader := websocket.Upgrader{
		EnableCompression: s.Mode != None,
		WriteBufferPool:   new(sync.Pool),
		WriteBufferSize:   gorillaWriteBuffer,
	}
	return serveHTTP(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		if s.Level != 0 && c.SetCompressionLevel(s.Level) != nil {
			return
		}
		for echoGorilla(c) == nil {
		}
	}))
}

// gorillaBuffers hold a message while it is echoed.
var gorillaBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func echoGorilla(c *websocket.Conn) error {
	typ, r, err := c.NextReader()
	if err != nil {
		return err
	}
	b := gorillaBuffers.Get().(*bytes.Buffer)
	defer gorillaBuffers.Put(b)
	b.Reset()
	if _, err := b.ReadFrom(r); err != nil {
		return err
	}
	return c.WriteMessage(typ, b.Bytes())
}
