package websocket

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/dial"
)

// Dialer has the options of opening handshakes on a client. Its methods may be called
// concurrently; the fields may not be changed meanwhile. A nil Dialer means what
// [DefaultDialer] was when the program started.
type Dialer struct {
	// NetDial connects to the server, or to the proxy if there is one. Nil: a zero
	// [net.Dialer].
	NetDial func(network, addr string) (net.Conn, error)

	// NetDialContext is NetDial with a context, and is called in its place. Nil: NetDial.
	NetDialContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// NetDialTLSContext connects to a wss server without a proxy before it, or to an https
	// proxy, and performs the TLS handshake there itself. TLSClientConfig is not used for
	// that. Nil: NetDialContext connects, and the TLS handshake goes by TLSClientConfig.
	NetDialTLSContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// Proxy returns the URL of the proxy for a request, or nil for none. Its scheme is http,
	// https, socks5 or socks5h. An error ends the handshake. Nil: no proxy.
	Proxy func(*http.Request) (*url.URL, error)

	// TLSClientConfig is for wss and https proxies. In its NextProtos h2 is left out.
	// Nil: the zero configuration, with the ALPN name http/1.1.
	TLSClientConfig *tls.Config

	// HandshakeTimeout bounds the whole handshake, connecting included. Zero: no limit but
	// that of the context.
	HandshakeTimeout time.Duration

	// ReadBufferSize and WriteBufferSize are as those of [Upgrader], but zero is 4,096 bytes.
	ReadBufferSize, WriteBufferSize int

	// WriteBufferPool is as that of [Upgrader].
	WriteBufferPool BufferPool

	// Subprotocols are offered in this order of preference.
	Subprotocols []string

	// EnableCompression offers permessage-deflate (RFC 7692), without context takeover.
	EnableCompression bool

	// Jar holds the cookies to send and receives those of the response. They are not sent
	// if the request header has a Cookie. Nil: no cookies.
	Jar http.CookieJar
}

// DefaultDialer uses the proxy of the environment, and gives a handshake 45 seconds.
var DefaultDialer = &Dialer{
	Proxy:            http.ProxyFromEnvironment,
	HandshakeTimeout: 45 * time.Second,
}

// nilDialer is what a nil *Dialer means.
var nilDialer = *DefaultDialer

// Dial is [Dialer.DialContext] without a context.
func (d *Dialer) Dial(urlStr string, requestHeader http.Header) (*Conn, *http.Response, error) {
	return d.DialContext(context.Background(), urlStr, requestHeader)
}

// DialContext connects to the server that a ws or wss URL names and performs the opening
// handshake. Once it has returned, ctx has no effect on the connection. requestHeader,
// which may be nil, is sent with the request; it may have Origin, Cookie, Host, and in
// place of [Dialer.Subprotocols] Sec-Websocket-Protocol.
//
// If the server answers something else than a WebSocket handshake, the error is
// [ErrBadHandshake], and the response is returned with at most 1 KiB of its body, which
// need not be closed. Redirects are not followed.
func (d *Dialer) DialContext(ctx context.Context, urlStr string, requestHeader http.Header) (*Conn, *http.Response, error) {
	if d == nil {
		d = &nilDialer
	}
	target, err := targetOf(urlStr)
	if err != nil {
		return nil, nil, err
	}
	options, err := d.options(requestHeader)
	if err != nil {
		return nil, nil, err
	}
	result, err := dial.Dial(ctx, target, options)
	if err != nil {
		resp, err := dialError(err)
		return nil, resp, err
	}
	nc := result.Stream.(net.Conn) // without an HTTPClient it always is
	_ = nc.SetDeadline(time.Time{})
	p := connParams{
		role:            conn.Client,
		writeBufferSize: d.WriteBufferSize,
		writePool:       d.WriteBufferPool,
		early:           result.Buffered,
		subprotocol:     result.Agreed.Subprotocol,
	}
	if result.Agreed.Deflated {
		p.deflate = agreedTerms(result.Agreed.Deflate.Client, result.Agreed.Deflate.Server)
	}
	return newConn(nc, p), result.Response, nil
}

// targetOf checks a URL and leaves out its fragment, which is never sent.
func targetOf(urlStr string) (string, error) {
	u, err := url.Parse(urlStr)
	if err != nil {
		return "", err
	}
	if u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" || u.User != nil {
		return "", errMalformedURL
	}
	u.Fragment, u.RawFragment = "", ""
	return u.String(), nil
}

// NewClient performs the opening handshake on a stream that is connected already. If u is
// wss, TLS comes first. requestHeader is as in [Dialer.DialContext].
//
// Deprecated: use [Dialer] with a NetDial that returns netConn.
func NewClient(netConn net.Conn, u *url.URL, requestHeader http.Header, readBufSize, writeBufSize int) (c *Conn, response *http.Response, err error) {
	d := Dialer{
		ReadBufferSize:  readBufSize,
		WriteBufferSize: writeBufSize,
		NetDial:         func(string, string) (net.Conn, error) { return netConn, nil },
	}
	return d.Dial(u.String(), requestHeader)
}
