package play

import (
	"net/url"
	"slices"
)

// A Draft is a request or a response before it is encoded.
type Draft struct {
	Line   string // the first line
	Scheme string // http, or https over TLS; only in a request
	Fields []Field
	Tail   []byte // bytes that follow in the same write
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

// UsualAnswer returns the usual response.
func UsualAnswer(accept string) *Draft {
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

func (d *Draft) Encode() []byte {
	out := []byte(d.Line + "\r\n")
	for _, f := range d.Fields {
		out = append(out, f.Name+": "+f.Value+"\r\n"...)
	}
	out = append(out, "\r\n"...)
	return append(out, d.Tail...)
}
