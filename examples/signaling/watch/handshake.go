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

// hidden are the fields whose values are nobody's business.
var hidden = map[string]bool{"Authorization": true, "Proxy-Authorization": true, "Cookie": true}

// requestLines is the head of a request. In which order the fields came, and how their
// names were written, net/http does not tell: they are in alphabetical order, behind Host.
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

// guid is that of RFC 6455 §1.3.
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// responseLines is the head of the response that opened a connection: the fields that
// RFC 6455 §4.2.2 asks for, since we set no others, with what was agreed on. (Where a
// client spells out a window of 15 bits the wire does so too, and this does not.)
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
