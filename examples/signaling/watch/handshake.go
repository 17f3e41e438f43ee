package watch

import (
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket"
)

// hidden are the fields whose values are not shown.
var hidden = map[string]bool{"Authorization": true, "Proxy-Authorization": true, "Cookie": true}

// requestLines returns the head of a request. net/http does not preserve order and spelling of
// the fields, so they are in alphabetical order, after Host.
func requestLines(r *http.Request) []string {
	lines := []string{r.Method + " " + r.RequestURI + " " + r.Proto, "Host: " + r.Host}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			if hidden[name] {
				value = "…"
			}
			lines = append(lines, name+": "+value)
		}
	}
	return lines
}

// guid is the constant of RFC 6455 §1.3.
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// responseLines returns the head of the response that opened a connection: the fields required
// by RFC 6455 §4.2.2, since we set no others, and the agreed parameters. (If a client spells
// out a window of 15 bits, the real response does too, and this does not.)
func responseLines(key string, c *websocket.Conn) []string {
	sum := sha1.Sum([]byte(strings.TrimSpace(key) + guid))
	lines := []string{
		"HTTP/1.1 101 Switching Protocols",
		"Upgrade: websocket",
		"Connection: Upgrade",
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]),
	}
	if p := c.Subprotocol(); p != "" {
		lines = append(lines, "Sec-WebSocket-Protocol: "+p)
	}
	if terms, ok := c.Compression(); ok {
		lines = append(lines, "Sec-WebSocket-Extensions: "+terms.String())
	}
	return lines
}
