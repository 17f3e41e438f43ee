package websocket

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/dial"
	"github.com/hawser-ws/websocket/internal/h2"
)

// The figures of SECURITY.md are those of the code.
func TestSecurityTable(t *testing.T) {
	page, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	said := make(map[string]string)
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, "|"); len(cells) == 5 {
			said[strings.TrimSpace(cells[1])] = strings.TrimSpace(cells[2])
		}
	}
	if len(said) < 20 {
		t.Fatalf("%d rows", len(said))
	}
	kib := func(n int) string {
		if n >= 1<<20 {
			return fmt.Sprintf("%d MiB", n>>20)
		}
		return fmt.Sprintf("%d KiB", n>>10)
	}
	count := func(n int) string {
		if n >= 1000 {
			return fmt.Sprintf("%d,%03d", n/1000, n%1000)
		}
		return fmt.Sprint(n)
	}
	span := func(d time.Duration) string {
		if d < time.Second {
			return fmt.Sprintf("%d ms", d.Milliseconds())
		}
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	for row, is := range map[string]string{
		"size of a message, decompressed":                               kib(defaultMessageLimit),
		"fragments in a message, including empty ones":                  count(defaultFragments),
		"head of a request":                                             kib(handshake.DefaultHeaderBytes),
		"fields in a request":                                           count(handshake.DefaultFields),
		"head of a response, including informational responses":         kib(dial.DefaultHeaderBytes),
		"informational responses before a response":                     count(dial.MaxInformational),
		"bytes read from the body of a refusal":                         kib(dial.ExcerptSize),
		"redirects followed, never from wss to ws":                      count(dial.DefaultMaxRedirects),
		"time for the opening handshake":                                span(defaultHandshakeTimeout),
		"time for the closing handshake, including the end of TCP":      span(defaultCloseTimeout),
		"pongs that wait to be sent":                                    count(conn.MaxPongs),
		"time that a reply waits for others":                            span(replyWait),
		"bytes of a large message that the peer must take in that time": kib(streamPart),
		"WebSockets on a connection of `ServeHTTP2`":                    count(h2.DefaultMaxStreams),
		"bytes of such a WebSocket that wait to be read":                kib(h2.DefaultStreamWindow + 1),
		"head of a request to `ServeHTTP2`, unpacked":                   kib(h2.DefaultHeadBytes),
		"time for the first settings of an HTTP/2 peer":                 span(h2.DefaultSettingsTimeout),
		"time without WebSockets after which `ServeHTTP2` returns":      span(http2IdleTimeout),
		"memory ahead of the received part of a message":                kib(conn.MaxPrealloc) + ", or as much again",

		"bytes that wait on a `Loop` until the peer reads; meanwhile nothing is read from it": kib(conn.OutboxSize),
		"messages of one connection that a `Loop` delivers before others have their turn":     count(maxPerTurn),
	} {
		if said[row] != is {
			t.Errorf("SECURITY.md: %s: %q, the code says %s", row, said[row], is)
		}
	}
	// No bound unless somebody sets one.
	stream, _ := net.Pipe()
	c := NewConn(stream, RoleServer, nil)
	defer c.CloseNow()
	if c.out.pace != nil || c.keepAlive() != nil || c.deflate != nil {
		t.Error("a write timeout, keepalive or compression without being asked for")
	}
	for row, field := range map[string]string{
		"size of a frame, as on the wire": "`Limits.Frame`", "time for a write to the network": "`Timeouts.Write`",
		"silence of the peer": "`KeepAlive`",
	} {
		if _, ok := said[row]; !ok || !strings.Contains(string(page), field) {
			t.Errorf("SECURITY.md does not say how %s is set", row)
		}
	}
}
