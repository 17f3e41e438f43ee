package scenarios

import (
	"bufio"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

type sink struct{ net.Conn }

func (sink) Write(p []byte) (int, error)      { return len(p), nil }
func (sink) Read(p []byte) (int, error)       { return 0, nil }
func (sink) SetDeadline(time.Time) error      { return nil }
func (sink) SetWriteDeadline(time.Time) error { return nil }

func BenchmarkUpgrade(b *testing.B) {
	h := handshakeHeader()
	h.Set("Origin", "http://example.com")
	h.Set("Sec-Websocket-Extensions", "permessage-deflate; client_max_window_bits")
	h.Set("Sec-Websocket-Protocol", "a, b")
	r := request(h)
	nc := sink{}
	brw := bufio.NewReadWriter(bufio.NewReader(nc), bufio.NewWriter(nc))
	w := &hijackable{httptest.NewRecorder(), nc, brw}
	u := websocket.Upgrader{EnableCompression: true, Subprotocols: []string{"b"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := u.Upgrade(w, r, nil); err != nil {
			b.Fatal(err)
		}
	}
}
