package dial

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
)

// userAgent is sent unless HTTPHeader has one, which may be empty for none: some front
// ends refuse requests without.
const userAgent = "hawser-websocket"

// checkRequest judges what the caller wants in the request.
func (d *dialer) checkRequest() error {
	d.subprotocols = uniqueNames(d.opts.Subprotocols)
	check := handshake.CheckSubprotocols
	if d.opts.LooseSubprotocols {
		check = handshake.CheckLooseSubprotocols
	}
	if err := check(d.subprotocols); err != nil {
		return misuse(err.Error())
	}
	f, err := checkedFields("HTTPHeader", withoutReserved(d.opts.HTTPHeader))
	if err != nil {
		return err
	}
	d.host = d.opts.Host
	if hosts := f.values("Host"); d.host == "" && len(hosts) > 0 {
		if len(hosts) > 1 {
			return misuse("HTTPHeader has more than one Host")
		}
		d.host = hosts[0]
	}
	d.header = f.drop("Host")
	if d.proxyHeader, err = checkedFields("ProxyHeader", d.opts.ProxyHeader); err != nil {
		return err
	}
	if len(d.proxyHeader.values("Host")) > 0 {
		return misuse("ProxyHeader has Host, which is the server's address")
	}
	if d.host == "" {
		return nil
	}
	host, port, err := splitHost(d.host)
	if err != nil {
		return misuse("Host: " + err.Error())
	}
	host, _, _ = strings.Cut(host, "%")
	if d.host = bracketed(host); port != "" {
		d.host += ":" + port
	}
	return nil
}

// uniqueNames returns list without empty names and repetitions. RFC 6455 §4.1, item 10, forbids
// both in an offer, but lists are joined of several, or split from an empty string.
func uniqueNames(list []string) []string {
	var unique []string
	for _, s := range list {
		if s != "" && !slices.Contains(unique, s) {
			unique = append(unique, s)
		}
	}
	return unique
}

// request is what one handshake sends.
type request struct {
	offer handshake.Offer
	http  *http.Request
	lines fields // of http.Header, in the order in which they are sent
}

// offer draws a fresh key. RFC 6455 §4.1, item 7: for each connection.
func (d *dialer) offer() handshake.Offer {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	return handshake.Offer{
		Key: handshake.NewKey(random), Subprotocols: d.subprotocols, Deflate: d.opts.Deflate, UpgradeList: d.opts.UpgradeList,
	}
}

// request is what both ways to send it have in common.
func (d *dialer) request(ctx context.Context, t *target) *request {
	offer := d.offer()
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
	return &request{offer, req.WithContext(ctx), f}
}

// ownRequest adds what net/http would.
func (d *dialer) ownRequest(ctx context.Context, t *target) *request {
	req := d.request(ctx, t)
	switch agents := req.lines.values("User-Agent"); {
	case len(agents) == 0:
		req.lines.add("User-Agent", userAgent)
	case len(agents) == 1 && agents[0] == "": // as with net/http: none
		req.lines = req.lines.drop("User-Agent")
	}
	if t.user != nil && len(req.lines.values("Authorization")) == 0 {
		req.lines.add("Authorization", basicAuth(t.user))
	}
	if d.opts.Jar != nil {
		req.lines = withCookies(req.lines, d.opts.Jar.Cookies(t.url))
	}
	req.http.Header = req.lines.header()
	return req
}

// withCookies makes one line of the cookies in f and more (RFC 6265 §5.4).
func withCookies(f fields, more []*http.Cookie) fields {
	cookies := http.Request{Header: http.Header{}}
	if own := f.values("Cookie"); len(own) > 0 {
		cookies.Header.Set("Cookie", strings.Join(own, "; "))
	}
	for _, cookie := range more {
		cookies.AddCookie(cookie)
	}
	f = f.drop("Cookie")
	if line := cookies.Header.Get("Cookie"); line != "" {
		f.add("Cookie", line)
	}
	return f
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
func send(w io.Writer, req *request, trace *httptrace.ClientTrace) error {
	head := appendRequest(nil, "GET "+req.http.URL.RequestURI(), req.http.Host, req.lines)
	_, err := w.Write(head)
	if err == nil && trace.WroteHeaderField != nil {
		trace.WroteHeaderField("Host", []string{req.http.Host})
		for _, field := range req.lines {
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
