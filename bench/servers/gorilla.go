package servers

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"

	gorilla "github.com/gorilla/websocket"

	dropin "github.com/hawser-ws/websocket/gorilla"
)

// gorillaLib has neither context takeover nor a choice of windows. Its documentation recommends
// a pooled write buffer of message size for many connections. The message is read into a buffer
// from another pool.
type gorillaLib struct {
	module string
	// upgrader returns the function that accepts connections, with those settings.
	upgrader func(compress bool) func(http.ResponseWriter, *http.Request) (gorillaConn, error)
}

// gorillaConn is what an echo needs of a connection, of gorilla's or of the drop-in's.
type gorillaConn interface {
	NextReader() (typ int, r io.Reader, err error)
	WriteMessage(typ int, data []byte) error
	SetCompressionLevel(level int) error
	Close() error
}

const gorillaWriteBuffer = 32 << 10

// gorillaItself is github.com/gorilla/websocket.
var gorillaItself = gorillaLib{"github.com/gorilla/websocket", func(compress bool) func(http.ResponseWriter, *http.Request) (gorillaConn, error) {
	u := gorilla.Upgrader{EnableCompression: compress, WriteBufferPool: new(sync.Pool), WriteBufferSize: gorillaWriteBuffer}
	return func(w http.ResponseWriter, r *http.Request) (gorillaConn, error) { return u.Upgrade(w, r, nil) }
}}

// asGorilla is our package with gorilla's API, used by the same program.
var asGorilla = gorillaLib{"github.com/hawser-ws/websocket", func(compress bool) func(http.ResponseWriter, *http.Request) (gorillaConn, error) {
	u := dropin.Upgrader{EnableCompression: compress, WriteBufferPool: new(sync.Pool), WriteBufferSize: gorillaWriteBuffer}
	return func(w http.ResponseWriter, r *http.Request) (gorillaConn, error) { return u.Upgrade(w, r, nil) }
}}

func (g gorillaLib) Module() string { return g.module }

func (g gorillaLib) Echo(l net.Listener, s Settings) error {
	upgrade := g.upgrader(s.Mode != None)
	return serveHTTP(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrade(w, r)
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

func echoGorilla(c gorillaConn) error {
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
