package micro

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
)

// hijacked is the http.ResponseWriter of a request received on nc. Its buffers are like those
// of net/http.
type hijacked struct {
	nc     net.Conn
	header http.Header
}

func (w *hijacked) Header() http.Header         { return w.header }
func (w *hijacked) Write(p []byte) (int, error) { return w.nc.Write(p) }
func (w *hijacked) WriteHeader(int)             {}

func (w *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.nc, bufio.NewReadWriter(bufio.NewReaderSize(w.nc, 4<<10), bufio.NewWriterSize(w.nc, 4<<10)), nil
}

// handshake returns a WebSocket request, and the writer for its response.
func handshake(nc net.Conn) (http.ResponseWriter, *http.Request) {
	r := httptest.NewRequest(http.MethodGet, "http://example.com/", nil)
	for name, value := range map[string]string{
		"Connection":            "Upgrade",
		"Upgrade":               "websocket",
		"Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key":     "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		r.Header.Set(name, value)
	}
	return &hijacked{nc: nc, header: make(http.Header)}, r
}
