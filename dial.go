package websocket

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/dial"
)

// DialOptions are the options of [Dial]. Nil means the defaults.
type DialOptions struct {
	// HTTPClient sends the request, if it is there; its Transport must give a
	// writable body with a 101, as [http.Transport] does. Its Timeout bounds the
	// handshake only. How to reach the server is then for the client to say:
	// TLSConfig, DialContext, Proxy, ProxyHeader, Jar and MaxRedirects must be
	// zero, and it bounds the response's head itself. Nil: Dial connects by itself, and
	// [http.DefaultClient] has no part in it.
	HTTPClient *http.Client

	// HTTPHeader is sent with the request. Fields that the handshake writes
	// itself are refused; Host is as the option Host. When a redirect leads to
	// another origin, Authorization and Cookie are left out from there on; other
	// secrets are not known as such and go along. Nil: nothing more is sent.
	HTTPHeader http.Header

	// Host is the Host header to send to the origin of the URL, where it is to
	// differ from the URL's. Certificates are checked against the URL all the
	// same. Empty: the host of the URL.
	Host string

	// Subprotocols are offered in this order of preference. None when empty.
	Subprotocols []string

	// CompressionMode is what to offer. Zero: no compression.
	CompressionMode CompressionMode
	// Compression refines CompressionMode.
	Compression CompressionOptions

	// TLSConfig is for wss, and for proxies reached by https. NextProtos is always
	// http/1.1. Nil: the zero configuration.
	TLSConfig *tls.Config

	// DialContext makes the connection to the server, or to the proxy where there
	// is one. It must return when its context ends. Here is the place
	//
	//   - to connect to a Unix socket, whatever the address (and switch off Proxy);
	//   - to keep off addresses that are not for the caller to reach, of redirects
	//     as well: the Control function of a [net.Dialer] sees every address after
	//     it was resolved and before anything is sent there.
	//
	// Nil: a zero [net.Dialer].
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// Proxy returns the proxy for a request, nil for none. The scheme of the
	// request's URL is http for ws and https for wss. Proxies may be http, https
	// (always by CONNECT), socks5 and socks5h (both let the proxy resolve the
	// name), with user and password in their URL. Nil: what the environment says
	// in HTTP_PROXY for ws, HTTPS_PROXY for wss and NO_PROXY; never for localhost.
	// A function that returns nil, nil switches proxies off.
	Proxy func(*http.Request) (*url.URL, error)

	// ProxyHeader is sent with CONNECT. Nil: nothing more is sent.
	ProxyHeader http.Header

	// Jar holds the cookies to send, and is given those of every response, also
	// of redirects and refusals. Nil: none are sent or kept.
	Jar http.CookieJar

	// MaxRedirects is how many redirects are followed; never from wss to ws.
	// Zero: 10. Negative: none.
	MaxRedirects int

	// These fields are documented in [ConnOptions].
	CompressionThreshold int
	OnPingReceived       func(ctx context.Context, payload []byte) bool
	OnPongReceived       func(ctx context.Context, payload []byte)
	Limits               Limits
	Timeouts             Timeouts
	KeepAlive            KeepAlive
	Trace                *Trace
}

// Dial connects to a server and does the opening handshake. The URL is ws or wss;
// http and https mean the same. User and password in it become basic
// authentication, unless HTTPHeader has an Authorization.
//
// ctx and [Timeouts.Handshake] bound the handshake. When Dial has returned, the
// end of ctx does nothing to the connection.
//
// The response is the last one that the server gave, nil if there was none. Its
// body holds at most 1 KiB of the answer of a server that refused; it need not
// be closed.
//
// DialOptions.Trace sees the connection after the handshake. To trace the handshake itself,
// use [net/http/httptrace] in ctx.
//
// A call that makes no sense fails with a [*UsageError] before anything is sent.
// Every other failure is a [*HandshakeError].
func Dial(ctx context.Context, u string, opts *DialOptions) (*Conn, *http.Response, error) {
	if ctx == nil {
		return nil, nil, &UsageError{Method: "Dial", Problem: "no context"}
	}
	var o DialOptions
	if opts != nil {
		o = *opts
	}
	options, err := o.dialing()
	if err != nil {
		return nil, nil, err
	}
	result, err := dial.Dial(ctx, u, options)
	if err != nil {
		return failedDial(err)
	}
	agreed := agreement{subprotocol: result.Agreed.Subprotocol, buffered: result.Buffered}
	if result.Agreed.Deflated {
		agreed.deflate = &result.Agreed.Deflate
	}
	return newConn(result.Stream, RoleClient, o.settings(), agreed), result.Response, nil
}

// dialing are the options up to the end of the handshake.
func (o *DialOptions) dialing() (*dial.Options, error) {
	options := &dial.Options{
		HTTPClient:   o.HTTPClient,
		HTTPHeader:   o.HTTPHeader,
		Host:         o.Host,
		Subprotocols: o.Subprotocols,
		Timeout:      orDefault(o.Timeouts.Handshake, defaultHandshakeTimeout),
		HeaderBytes:  o.Limits.HeaderBytes,
		TLSConfig:    o.TLSConfig,
		DialContext:  o.DialContext,
		Proxy:        o.Proxy,
		ProxyHeader:  o.ProxyHeader,
		Jar:          o.Jar,
		MaxRedirects: o.MaxRedirects,
	}
	ours, theirs, ok, err := o.Compression.wanted("Dial", o.CompressionMode)
	if err != nil {
		return nil, err
	}
	if ok {
		options.Deflate = &handshake.Deflate{Server: theirs, Client: ours}
	}
	return options, nil
}
