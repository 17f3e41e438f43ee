package transport

import "bytes"

var (
	ping = []byte("\r\n\r\n")
	pong = []byte("\r\n")
)

// Keepalive reports whether a WebSocket message is a keepalive of RFC 5626 §3.5.1 rather than a
// SIP message. Some clients send them in addition to WebSocket pings (RFC 7118 §6). answer is
// what to reply; it is empty for a reply.
func Keepalive(p []byte) (answer []byte, ok bool) {
	switch {
	case bytes.Equal(p, ping):
		return pong, true
	case bytes.Equal(p, pong):
		return nil, true
	}
	return nil, false
}
