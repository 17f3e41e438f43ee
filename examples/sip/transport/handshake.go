package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket"
)

// Subprotocol is the name of SIP in the opening handshake (RFC 7118 §4.1).
const Subprotocol = "sip"

// ErrSubprotocol is matched by the error of [Dial] if the server accepted the WebSocket but not
// the subprotocol sip.
var ErrSubprotocol = errors.New("the server does not speak SIP over WebSocket: its 101 has no Sec-WebSocket-Protocol: sip")

// Dial connects to a SIP WebSocket server. opts may be nil. Dial sets the subprotocol, and a
// message size limit if there is none.
func Dial(ctx context.Context, u string, opts *websocket.DialOptions) (*websocket.Conn, error) {
	var o websocket.DialOptions
	if opts != nil {
		o = *opts
	}
	o.Subprotocols = []string{Subprotocol}
	if o.Limits.Message == 0 {
		o.Limits.Message = MaxMessage
	}
	c, resp, err := websocket.Dial(ctx, u, &o)
	if err != nil {
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
			return nil, fmt.Errorf("the server refuses the WebSocket with %s: %w", resp.Status, err)
		}
		return nil, err
	}
	// RFC 7118 §4.1: both ends must agree on the subprotocol.
	if c.Subprotocol() != Subprotocol {
		_ = c.Close(websocket.StatusPolicyViolation, "subprotocol sip is needed")
		return nil, ErrSubprotocol
	}
	return c, nil
}

// RequireSubprotocol refuses requests that do not offer the subprotocol sip. next would accept
// them without one.
func RequireSubprotocol(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, value := range r.Header.Values("Sec-WebSocket-Protocol") {
			offered := strings.FieldsFunc(value, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' })
			if slices.Contains(offered, Subprotocol) {
				next.ServeHTTP(w, r)
				return
			}
		}
		http.Error(w, "Sec-WebSocket-Protocol: sip is needed (RFC 7118 section 4.1)", http.StatusBadRequest)
	})
}

// Network returns the transport for the Via of a client connected to u: WS or WSS (RFC 7118
// §5.2.1).
func Network(u string) (string, error) {
	parsed, err := url.Parse(u)
	if err != nil {
		return "", err
	}
	switch parsed.Scheme {
	case "ws":
		return "WS", nil
	case "wss":
		return "WSS", nil
	}
	return "", fmt.Errorf("%q is not a ws or wss URL", u)
}
