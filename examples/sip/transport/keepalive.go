package transport

import "bytes"

var (
	ping = []byte("\r\n\r\n")
	pong = []byte("\r\n")
)

// Keepalive reports whether a WebSocket message is no SIP message but a keepalive
// of RFC 5626 §3.5.1, which some clients send beside WebSocket's own pings (RFC
// 7118 §6), and returns what to answer: nothing to the answer.
func Keepalive(p []byte) (answer []byte, ok bool) {
	switch {
	case bytes.Equal(p, ping):
		return pong, true
	case bytes.Equal(p, pong):
		return nil, true
	}
	return nil, false
}
