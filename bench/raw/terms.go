// Package raw is a WebSocket client that costs little. It sends frames prepared in advance, and
// reads answers without decoding them. It is written for this module only, so that no library
// under test is on both ends.
package raw

import (
	"fmt"
	"strconv"
	"strings"
)

// Terms are the parameters of permessage-deflate (RFC 7692 §7.1) that a handshake requests or
// agrees on. The zero value means no compression.
type Terms struct {
	Deflate        bool
	Server, Client Side // how each end compresses what it sends
}

// Side is one direction.
type Side struct {
	NoTakeover bool
	Bits       int // of the window, 8 to 15
}

// Offer returns the value of Sec-WebSocket-Extensions that requests these terms. At 15 bits it
// is that of browsers.
func (t Terms) Offer() string {
	if !t.Deflate {
		return ""
	}
	offer := "permessage-deflate"
	if t.Server.NoTakeover {
		offer += "; server_no_context_takeover"
	}
	if t.Client.NoTakeover {
		offer += "; client_no_context_takeover"
	}
	if t.Server.Bits < 15 {
		offer += fmt.Sprintf("; server_max_window_bits=%d", t.Server.Bits)
	}
	offer += "; client_max_window_bits"
	if t.Client.Bits < 15 {
		offer += fmt.Sprintf("=%d", t.Client.Bits)
	}
	return offer
}

// ParseTerms parses a server's Sec-WebSocket-Extensions.
func ParseTerms(header string) (Terms, error) {
	if header == "" {
		return Terms{}, nil
	}
	fields := strings.Split(header, ";")
	if name := strings.TrimSpace(fields[0]); name != "permessage-deflate" {
		return Terms{}, fmt.Errorf("the server answers with the extension %q", name)
	}
	t := Terms{Deflate: true, Server: Side{Bits: 15}, Client: Side{Bits: 15}}
	for _, field := range fields[1:] {
		name, value, has := strings.Cut(strings.TrimSpace(field), "=")
		bits, err := strconv.Atoi(strings.Trim(value, `"`))
		good := has && err == nil && bits >= 8 && bits <= 15
		switch name {
		case "server_no_context_takeover":
			t.Server.NoTakeover, good = true, !has
		case "client_no_context_takeover":
			t.Client.NoTakeover, good = true, !has
		case "server_max_window_bits":
			t.Server.Bits = bits
		case "client_max_window_bits":
			t.Client.Bits = bits
		default:
			good = false
		}
		if !good {
			return Terms{}, fmt.Errorf("the server answers with the parameter %q", field)
		}
	}
	return t, nil
}

// String formats the terms: how the server sends, then how the client does, if that differs.
func (t Terms) String() string {
	switch {
	case !t.Deflate:
		return "no compression"
	case t.Server == t.Client:
		return t.Server.String()
	}
	return fmt.Sprintf("server %v, client %v", t.Server, t.Client)
}

func (s Side) String() string {
	if s.NoTakeover {
		return fmt.Sprintf("no takeover, %d bits", s.Bits)
	}
	return fmt.Sprintf("takeover, %d bits", s.Bits)
}
