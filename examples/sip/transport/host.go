package transport

import (
	"crypto/rand"
	"strings"
)

// InvalidHost returns a random name that leads nowhere. A WebSocket client cannot
// listen, so there is no address of its own to put into Via and Contact (RFC 7118
// appendix B.1; .invalid is reserved by RFC 2606). What is sent to it goes over the
// connection that it made.
func InvalidHost() string {
	return strings.ToLower(rand.Text()[:16]) + ".invalid"
}
