package websocket

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/dial"
)

// userAgent is what net/http sends, and servers may know.
const userAgent = "Go-http-client/1.1"

// options says to package dial what d and the header mean.
func (d *Dialer) options(requestHeader http.Header) (*dial.Options, error) {
	o := &dial.Options{
		HTTPHeader:        http.Header{"User-Agent": {userAgent}},
		Subprotocols:      elements(d.Subprotocols),
		UpgradeList:       true,
		LooseSubprotocols: true, // Kubernetes
		Timeout:           d.HandshakeTimeout,
		TLSConfig:         d.TLSClientConfig,
		DialContext:       withDeadline(d.plainDial()),
		Proxy:             d.proxy,
		ProxyHeader:       http.Header{"User-Agent": {userAgent}},
		Jar:               d.Jar,
		MaxRedirects:      -1,
	}
	if d.NetDialTLSContext != nil {
		o.DialTLSContext = withDeadline(d.NetDialTLSContext)
	}
	if d.EnableCompression {
		o.Deflate = &noContextTakeover
	}
	return o, addHeader(o, requestHeader)
}

// addHeader puts the caller's header into o.
func addHeader(o *dial.Options, header http.Header) error {
	for name, values := range header {
		switch canonical := textproto.CanonicalMIMEHeaderKey(name); canonical {
		case "Host":
			if len(values) > 0 {
				o.Host = values[0]
			}
		case "Upgrade", "Connection", "Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Extensions":
			return duplicate(name)
		case "Sec-Websocket-Protocol":
			if len(o.Subprotocols) > 0 {
				return duplicate(name)
			}
			o.Subprotocols = elements(values)
		case "Trailer":
			// A proxy has cloned the header of its own request. What else says something of a
			// body, package dial leaves out.
		case "User-Agent":
			if len(values) > 0 {
				o.HTTPHeader["User-Agent"] = []string{fieldValue(values[0])}
			}
		case "Cookie":
			if o.Jar != nil {
				o.Jar = receivingJar{o.Jar}
			}
			fallthrough
		default:
			for _, value := range values {
				o.HTTPHeader[name] = append(o.HTTPHeader[name], fieldValue(value))
			}
		}
	}
	return nil
}

func duplicate(name string) error {
	return errors.New("websocket: duplicate header not allowed: " + name)
}

// elements are those of a list in lines.
func elements(lines []string) (list []string) {
	for _, line := range lines {
		for element := range handshake.Tokens(line) {
			list = append(list, element)
		}
	}
	return list
}

// fieldValue makes a value fit to be sent, as net/http does.
func fieldValue(value string) string { return strings.Trim(oneLine(value), " \t") }

// receivingJar keeps what comes and sends nothing.
type receivingJar struct{ http.CookieJar }

func (receivingJar) Cookies(*url.URL) []*http.Cookie { return nil }

var _ http.CookieJar = receivingJar{new(cookiejar.Jar)}

// dialFunc connects to an address.
type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// proxy asks Proxy, and refuses what is no proxy in the words that programs know.
func (d *Dialer) proxy(r *http.Request) (*url.URL, error) {
	if d.Proxy == nil {
		return nil, nil
	}
	u, err := d.Proxy(r)
	if u == nil || err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return u, nil
	}
	return nil, errors.New("proxy: unknown scheme: " + u.Scheme)
}

// plainDial connects without TLS.
func (d *Dialer) plainDial() dialFunc {
	switch {
	case d.NetDialContext != nil:
		return d.NetDialContext
	case d.NetDial != nil:
		return func(_ context.Context, network, addr string) (net.Conn, error) { return d.NetDial(network, addr) }
	}
	return new(net.Dialer).DialContext
}

// withDeadline gives each connection the deadline of the context: a net.Conn of the
// application's may have no other way to stop waiting. DialContext removes it.
func withDeadline(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := dial(ctx, network, addr)
		if err != nil || nc == nil {
			return nil, err
		}
		if deadline, ok := ctx.Deadline(); ok {
			if err := nc.SetDeadline(deadline); err != nil {
				_ = nc.Close()
				return nil, err
			}
		}
		return nc, nil
	}
}
