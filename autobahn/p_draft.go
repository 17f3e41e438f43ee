package autobahn

import (
	"net/url"
	"slices"
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
