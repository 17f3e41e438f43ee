package websocket

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
)

// userAgent is sent unless HTTPHeader has one: some front ends refuse requests
// without.
const userAgent = "hawser-websocket"

// fields are header lines in the order in which they are sent.
type fields []handshake.Field

func (f *fields) add(name, value string) { *f = append(*f, handshake.Field{Name: name, Value: value}) }

// drop removes the lines of the given names.
func (f fields) drop(names ...string) fields {
	return slices.DeleteFunc(slices.Clone(f), func(line handshake.Field) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, line.Name) })
	})
}

// values returns the lines of one name.
func (f fields) values(name string) (values []string) {
	for _, line := range f {
		if strings.EqualFold(line.Name, name) {
			values = append(values, line.Value)
		}
	}
	return values
}

// header is the same as net/http has it.
func (f fields) header() http.Header {
	h := make(http.Header, len(f))
	for _, line := range f {
		h.Add(line.Name, line.Value)
	}
	return h
}

// checkedFields turns a caller's header into lines, sorted by name, or says what
// cannot be sent. Values may be secret and are not quoted.
func checkedFields(option string, h http.Header) (fields, error) {
	var f fields
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !handshake.ValidFieldName(name) {
			return nil, usage(option + ` has the name "` + printable(name) + `", which is not a token`)
		}
		if strings.EqualFold(name, "Sec-WebSocket-Protocol") {
			return nil, usage(option + " has Sec-WebSocket-Protocol: use Subprotocols")
		}
		if handshake.Reserved(name) {
			return nil, usage(option + " has " + name + ", which the handshake writes itself")
		}
		for _, value := range h[name] {
			if !handshake.ValidFieldValue(value) {
				return nil, usage("the value of " + name + " in " + option + " has a control character")
			}
			f.add(name, value)
		}
	}
	return f, nil
}

// checkRequest judges what the caller wants in the request.
func (d *dialing) checkRequest() error {
	if err := handshake.CheckSubprotocols(d.opts.Subprotocols); err != nil {
		return usage(err.Error())
	}
	f, err := checkedFields("HTTPHeader", d.opts.HTTPHeader)
	if err != nil {
		return err
	}
	d.host = d.opts.Host
	if hosts := f.values("Host"); d.host == "" && len(hosts) > 0 {
		if len(hosts) > 1 {
			return usage("HTTPHeader has more than one Host")
		}
		d.host = hosts[0]
	}
	d.header = f.drop("Host")
	if d.proxyHeader, err = checkedFields("ProxyHeader", d.opts.ProxyHeader); err != nil {
		return err
	}
	if len(d.proxyHeader.values("Host")) > 0 {
		return usage("ProxyHeader has Host, which is the server's address")
	}
	if d.host == "" {
		return nil
	}
	host, port, err := authority(d.host)
	if err != nil {
		return usage("Host: " + err.Error())
	}
	host, _, _ = strings.Cut(host, "%")
	if d.host = bracketed(host); port != "" {
		d.host += ":" + port
	}
	return nil
}

// offer draws a fresh key. RFC 6455 §4.1, item 7: for each connection.
func (d *dialing) offer() handshake.Offer {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	return handshake.Offer{Key: handshake.NewKey(random), Subprotocols: d.opts.Subprotocols, Deflate: d.deflate}
}

// request is what both ways to send it have in common.
func (d *dialing) request(ctx context.Context, t *target, offer *handshake.Offer) (*http.Request, fields) {
	req := &http.Request{
		Method: http.MethodGet, URL: t.url, Host: t.host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if d.host != "" {
		req.Host = d.host
	}
	var f fields
	f.add("Upgrade", "websocket")
	f.add("Connection", "Upgrade")
	f.add("Sec-WebSocket-Key", offer.Key)
	f.add("Sec-WebSocket-Version", handshake.Version)
	if len(offer.Subprotocols) > 0 {
		f.add("Sec-WebSocket-Protocol", strings.Join(offer.Subprotocols, ", "))
	}
	if extensions := offer.ExtensionsValue(); extensions != "" {
		f.add("Sec-WebSocket-Extensions", extensions)
	}
	f = append(f, d.header...)
	req.Header = f.header()
	return req.WithContext(ctx), f
}

// ownRequest adds what net/http would.
func (d *dialing) ownRequest(ctx context.Context, t *target, offer *handshake.Offer) (*http.Request, fields) {
	req, f := d.request(ctx, t, offer)
	if len(f.values("User-Agent")) == 0 {
		f.add("User-Agent", userAgent)
	}
	if t.user != nil && len(f.values("Authorization")) == 0 {
		f.add("Authorization", basicAuth(t.user))
	}
	if d.opts.Jar != nil {
		cookies := http.Request{Header: http.Header{}}
		if own := f.values("Cookie"); len(own) > 0 {
			cookies.Header.Set("Cookie", strings.Join(own, "; "))
		}
		for _, cookie := range d.opts.Jar.Cookies(t.url) {
			cookies.AddCookie(cookie)
		}
		f = f.drop("Cookie")
		if line := cookies.Header.Get("Cookie"); line != "" {
			f.add("Cookie", line)
		}
	}
	req.Header = f.header()
	return req, f
}

// basicAuth is RFC 7617 §2.
func basicAuth(user *url.Userinfo) string {
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}

// appendRequest writes the head of a request.
func appendRequest(dst []byte, line, host string, f fields) []byte {
	dst = append(dst, line+" HTTP/1.1\r\nHost: "+host+"\r\n"...)
	for _, field := range f {
		dst = append(dst, field.Name+": "+field.Value+"\r\n"...)
	}
	return append(dst, "\r\n"...)
}

// send writes the request, in one write.
func send(l *link, trace *httptrace.ClientTrace, req *http.Request, f fields) error {
	head := appendRequest(nil, "GET "+req.URL.RequestURI(), req.Host, f)
	_, err := l.conn.Write(head)
	if err == nil && trace.WroteHeaderField != nil {
		trace.WroteHeaderField("Host", []string{req.Host})
		for _, field := range f {
			trace.WroteHeaderField(textproto.CanonicalMIMEHeaderKey(field.Name), []string{field.Value})
		}
	}
	if err == nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	if trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	}
	return err
}
