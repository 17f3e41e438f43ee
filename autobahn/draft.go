package autobahn

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A draft is a request or a response before it is encoded.
type draft struct {
	line   string // the first line
	scheme string // http, or https over TLS; only in a request
	fields []field
	tail   []byte // bytes that follow in the same write
}

// newRequest returns the usual request.
func newRequest(target *url.URL, key string, offer *negotiation) *draft {
	scheme := "http"
	if target.Scheme == "wss" {
		scheme = "https"
	}
	d := &draft{line: "GET " + target.RequestURI() + " HTTP/1.1", scheme: scheme, fields: []field{
		{"Host", target.Host},
		{"User-Agent", "hawser-conform"},
		{"Upgrade", "websocket"},
		{"Connection", "Upgrade"},
		{"Sec-WebSocket-Key", key},
		{"Sec-WebSocket-Version", "13"},
	}}
	if offer != nil {
		d.add("Sec-WebSocket-Extensions", offer.offer())
	}
	return d
}

// usualAnswer returns the usual response.
func usualAnswer(accept string) *draft {
	return &draft{line: "HTTP/1.1 101 Switching Protocols", fields: []field{
		{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", accept},
	}}
}

// add appends a field, even if there is one of that name.
func (d *draft) add(name, value string) {
	d.fields = append(d.fields, field{name, value})
}

func (d *draft) get(name string) string {
	for _, f := range d.fields {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// remove removes a field.
func (d *draft) remove(name string) {
	d.fields = slices.DeleteFunc(d.fields, func(f field) bool { return f.name == name })
}

// set sets the value of a field, in place if it exists.
func (d *draft) set(name, value string) {
	for i := range d.fields {
		if d.fields[i].name == name {
			d.fields[i].value = value
			return
		}
	}
	d.add(name, value)
}

func (d *draft) encode() []byte {
	out := []byte(d.line + "\r\n")
	for _, f := range d.fields {
		out = append(out, f.name+": "+f.value+"\r\n"...)
	}
	out = append(out, "\r\n"...)
	return append(out, d.tail...)
}

// extraFields returns the fields that a caller adds to every request, in the order of their names.
func extraFields(header http.Header, subprotocols []string) (list []field, err error) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		own := strings.EqualFold(name, "Host") || strings.HasPrefix(strings.ToLower(name), "sec-websocket-") ||
			slices.ContainsFunc([]string{"Upgrade", "Connection", "Content-Length", "Transfer-Encoding"}, func(own string) bool {
				return strings.EqualFold(name, own)
			})
		if own {
			return nil, fmt.Errorf("autobahn: the header has %s, which the suite writes itself", name)
		}
		for _, value := range header[name] {
			if !isToken(name) || strings.ContainsAny(value, "\r\n\x00") {
				return nil, fmt.Errorf("autobahn: the header field %q cannot be sent with the value %q", name, value)
			}
			list = append(list, field{name, value})
		}
	}
	for _, p := range subprotocols {
		if !isToken(p) {
			return nil, fmt.Errorf("autobahn: the subprotocol %q is not a token (RFC 6455 section 4.1)", p)
		}
	}
	if len(subprotocols) > 0 {
		list = append(list, field{"Sec-WebSocket-Protocol", strings.Join(subprotocols, ", ")})
	}
	return list, nil
}

// dress adds the fields of a caller to the request.
func (d *draft) dress(extra []field) {
	for _, f := range extra {
		if strings.EqualFold(f.name, "User-Agent") {
			d.remove("User-Agent")
		}
	}
	d.fields = append(d.fields, extra...)
}

// logRequest records a request. The values that a caller added may be secret, and reports are
// published.
func (s *session) logRequest(d *draft, out []byte) {
	shown := *d
	shown.fields = slices.Clone(d.fields)
	for i, f := range shown.fields {
		for _, e := range s.extra {
			public := slices.Contains([]string{"Origin", "User-Agent", "Sec-WebSocket-Protocol"}, e.name)
			if e.name == f.name && !public {
				shown.fields[i].value = "(not shown)"
			}
		}
	}
	text := shown.encode()
	s.result.HTTPRequest = string(text)
	s.result.TxOctetStats[len(out)]++
	s.log(Entry{Kind: logTxOctets, Length: len(out), Data: text})
}
