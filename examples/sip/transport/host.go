package transport

import (
	"crypto/rand"
	"strings"
)

// InvalidHost returns a random name that does not resolve. A WebSocket client cannot listen, so
// it has no address of its own for Via and Contact (RFC 7118 appendix B.1; .invalid is reserved
// by RFC 2606). Messages to it use the connection that it has made.
func InvalidHost() string {
	return strings.ToLower(rand.Text()[:16]) + ".invalid"
}
