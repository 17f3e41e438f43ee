package interop

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
)

// deflating is a configuration of permessage-deflate: what each end asks for. A
// MaxWindowBits of zero is not asked for.
type deflating struct {
	ours, theirs handshake.Deflate
	instead      *handshake.Deflate // what a peer agrees to that cannot do as asked
}

// agreed is what the two must come to: the strictest of both.
func (d deflating) agreed() handshake.Deflate {
	if d.instead != nil {
		return plainTerms(*d.instead)
	}
	return handshake.Deflate{
		Server: stricter(d.ours.Server, d.theirs.Server),
		Client: stricter(d.ours.Client, d.theirs.Client),
	}
}

func stricter(a, b handshake.DeflateSide) handshake.DeflateSide {
	return handshake.DeflateSide{
		NoContextTakeover: a.NoContextTakeover || b.NoContextTakeover,
		MaxWindowBits:     min(cmp.Or(a.MaxWindowBits, 15), cmp.Or(b.MaxWindowBits, 15)),
	}
}

// String names the subtest.
func (d deflating) String() string {
	var s []string
	for _, end := range []struct {
		name string
		asks handshake.Deflate
	}{{"we ask", d.ours}, {"peer asks", d.theirs}} {
		if end.asks != (handshake.Deflate{}) {
			s = append(s, end.name+" "+offer(end.asks))
		}
	}
	return cmp.Or(strings.Join(s, "; "), "nobody asks")
}

// parameters are terms by the names that RFC 7692 gives them.
func parameters(d handshake.Deflate) map[string]any {
	p := map[string]any{}
	for end, side := range map[string]handshake.DeflateSide{"server": d.Server, "client": d.Client} {
		if side.NoContextTakeover {
			p[end+"_no_context_takeover"] = true
		}
		if side.MaxWindowBits != 0 {
			p[end+"_max_window_bits"] = side.MaxWindowBits
		}
	}
	return p
}

// asJSON is terms as the scripts take them.
func asJSON(d handshake.Deflate) string {
	b, err := json.Marshal(parameters(d))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// offer is terms for people to read.
func offer(d handshake.Deflate) string {
	return "server " + sideText(d.Server) + ", client " + sideText(d.Client)
}

func sideText(s handshake.DeflateSide) string {
	text := "any"
	if s.MaxWindowBits != 0 {
		text = strconv.Itoa(s.MaxWindowBits)
	}
	if s.NoContextTakeover {
		text += " no takeover"
	}
	return text
}

// termsIn reads the terms in the Sec-WebSocket-Extensions field of a response.
func termsIn(field string) (d handshake.Deflate, err error) {
	d.Server.MaxWindowBits, d.Client.MaxWindowBits = 15, 15
	params := strings.Split(field, ";")
	if strings.TrimSpace(params[0]) != "permessage-deflate" {
		return d, fmt.Errorf("the response has the extensions %q", field)
	}
	for _, p := range params[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		switch name {
		case "server_no_context_takeover":
			d.Server.NoContextTakeover = true
		case "client_no_context_takeover":
			d.Client.NoContextTakeover = true
		case "server_max_window_bits":
			d.Server.MaxWindowBits, err = strconv.Atoi(value)
		case "client_max_window_bits":
			d.Client.MaxWindowBits, err = strconv.Atoi(value)
		default:
			err = fmt.Errorf("no such parameter: %q", name)
		}
		if err != nil {
			return d, fmt.Errorf("the response has the extensions %q: %w", field, err)
		}
	}
	return d, nil
}

// plainTerms writes out the window that goes without saying.
func plainTerms(d handshake.Deflate) handshake.Deflate {
	return handshake.Deflate{Server: stricter(d.Server, d.Server), Client: stricter(d.Client, d.Client)}
}
