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

	// CompressionThreshold is the size in bytes from which on a message is
	// compressed. Zero: 512 for CompressionNoContextTakeover, 128 for
	// CompressionContextTakeover. A negative one compresses all.
	CompressionThreshold int
	// Compression refines CompressionMode.
	Compression CompressionOptions

	// OnPingReceived is called when a ping arrives, on the goroutine that reads and with
	// the context of that read. If it returns false no pong is sent. The payload is valid
	// during the call. Nil: every ping is answered.
	//
	// The read goes on when it returns, so calls on one connection come one after another.
	// It may write and close; [Conn.Close] does not wait for the peer there. A read or
	// [Conn.Ping] in it fails at once with a [*UsageError].
	OnPingReceived func(ctx context.Context, payload []byte) bool

	// OnPongReceived is called when a pong arrives, as OnPingReceived is, and may do the
	// same. Nil: nothing is called.
	OnPongReceived func(ctx context.Context, payload []byte)

	// Limits, Timeouts and KeepAlive have defaults of their own. A negative
	// Timeouts.Handshake leaves the handshake to the context alone.
	Limits    Limits
	Timeouts  Timeouts
	KeepAlive KeepAlive

	// Trace is called at what happens on the connection. Nil: nothing is. The
	// handshake is traced by [net/http/httptrace], in the context.
	Trace *Trace

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
	c := NewConn(result.Stream, RoleClient, o.connection(&result))
	return c, result.Response, nil
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

// connection are the options of the Conn, after the handshake.
func (o *DialOptions) connection(result *dial.Result) *ConnOptions {
	options := &ConnOptions{
		Subprotocol:          result.Agreed.Subprotocol,
		Buffered:             result.Buffered,
		CompressionThreshold: o.CompressionThreshold,
		CompressionLevel:     o.Compression.Level,
		Limits:               o.Limits,
		Timeouts:             o.Timeouts,
		KeepAlive:            o.KeepAlive,
		Trace:                o.Trace,
		OnPingReceived:       o.OnPingReceived,
		OnPongReceived:       o.OnPongReceived,
	}
	if result.Agreed.Deflated {
		options.Deflate = &result.Agreed.Deflate
	}
	return options
}
