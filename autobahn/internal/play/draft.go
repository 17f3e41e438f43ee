package play

import (
	"net/url"
	"slices"

	"golang.org/x/net/http2/hpack"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
)

// A Draft is a request or a response before it is encoded.
type Draft struct {
	Line   string // the first line; empty over HTTP/2, where Fields begin with pseudo-header fields
	Scheme string // http, or https over TLS; only in a request
	Fields []Field
	Tail   []byte   // bytes that follow in the same write
	Form   mux.Form // over HTTP/2
}

// UsualRequest returns the usual request.
func UsualRequest(target *url.URL, key string, offer *Negotiation) *Draft {
	scheme := "http"
	if target.Scheme == "wss" {
		scheme = "https"
	}
	d := &Draft{Line: "GET " + target.RequestURI() + " HTTP/1.1", Scheme: scheme, Fields: []Field{
		{"Host", target.Host},
		{"User-Agent", "hawser-conform"},
		{"Upgrade", "websocket"},
		{"Connection", "Upgrade"},
		{"Sec-WebSocket-Key", key},
		{"Sec-WebSocket-Version", "13"},
	}}
	if offer != nil {
		d.Add("Sec-WebSocket-Extensions", offer.Offer())
	}
	return d
}

// usualConnect returns the usual request of HTTP/2 (RFC 8441 section 5).
func usualConnect(target *url.URL, offer *Negotiation) *Draft {
	scheme := "http"
	if target.Scheme == "wss" {
		scheme = "https"
	}
	d := &Draft{Scheme: scheme, Fields: []Field{
		{":method", "CONNECT"},
		{":protocol", "websocket"},
		{":scheme", scheme},
		{":path", target.RequestURI()},
		{":authority", target.Host},
		{"user-agent", "hawser-conform"},
		{"sec-websocket-version", "13"},
	}}
	if offer != nil {
		d.Add("sec-websocket-extensions", offer.Offer())
	}
	return d
}

// usualStatus returns the usual response of HTTP/2.
func usualStatus() *Draft {
	return &Draft{Fields: []Field{{":status", "200"}, {"server", "hawser-conform"}}}
}

// usualAnswer returns the usual response.
func usualAnswer(accept string) *Draft {
	return &Draft{Line: "HTTP/1.1 101 Switching Protocols", Fields: []Field{
		{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", accept},
	}}
}

// Add appends a field, even if there is one of that name.
func (d *Draft) Add(name, value string) {
	d.Fields = append(d.Fields, Field{name, value})
}

func (d *Draft) Get(name string) string {
	for _, f := range d.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Remove removes a field.
func (d *Draft) Remove(name string) {
	d.Fields = slices.DeleteFunc(d.Fields, func(f Field) bool { return f.Name == name })
}

// Set sets the value of a field, in place if it exists.
func (d *Draft) Set(name, value string) {
	for i := range d.Fields {
		if d.Fields[i].Name == name {
			d.Fields[i].Value = value
			return
		}
	}
	d.Add(name, value)
}

// block returns the fields as HTTP/2 has them.
func (d *Draft) block() (fields []hpack.HeaderField) {
	for _, f := range d.Fields {
		fields = append(fields, hpack.HeaderField{Name: f.Name, Value: f.Value})
	}
	return fields
}

// Encode returns the bytes of HTTP/1.1. Over HTTP/2 it is how reports show the fields.
func (d *Draft) Encode() []byte {
	var out []byte
	if d.Line != "" {
		out = []byte(d.Line + "\r\n")
	}
	for _, f := range d.Fields {
		out = append(out, f.Name+": "+f.Value+"\r\n"...)
	}
	out = append(out, "\r\n"...)
	return append(out, d.Tail...)
}
