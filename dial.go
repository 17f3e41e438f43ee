package websocket

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"

	"github.com/hawser-ws/websocket/handshake"
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

const (
	// As many as net/http follows.
	defaultMaxRedirects = 10
	// A response has little to say, but cookies and policies of a front end may
	// come with it: four times of what a server takes in a request.
	defaultResponseHeaderBytes = 64 << 10
)

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
		return nil, nil, usage("no context")
	}
	d, err := newDialing(opts)
	if err != nil {
		return nil, nil, err
	}
	t, err := parseTarget(u)
	if err != nil {
		return nil, nil, usage(err.Error())
	}
	if d.opts.HTTPClient != nil {
		return d.byClient(ctx, t)
	}
	ctx, cancel := d.bound(ctx)
	defer cancel()
	return d.follow(ctx, t)
}

// dialing is one call of Dial.
type dialing struct {
	opts        DialOptions // a copy
	host        string      // in place of the URL's; empty for none
	header      fields      // of HTTPHeader, what is still to be sent
	proxyHeader fields
	deflate     *handshake.Deflate // what is offered; nil for nothing
}

// newDialing checks the options before anything is sent.
func newDialing(opts *DialOptions) (*dialing, error) {
	d := &dialing{}
	if opts != nil {
		d.opts = *opts
	}
	if err := d.checkClient(); err != nil {
		return nil, err
	}
	if err := d.checkRequest(); err != nil {
		return nil, err
	}
	ours, theirs, ok, err := d.opts.Compression.wanted("Dial", d.opts.CompressionMode)
	if err != nil {
		return nil, err
	}
	if ok {
		d.deflate = &handshake.Deflate{Server: theirs, Client: ours}
	}
	return d, nil
}

// connection makes the options of the Conn, after the handshake.
func (d *dialing) connection(agreed *handshake.Agreement, options ConnOptions) *ConnOptions {
	options.Subprotocol = agreed.Subprotocol
	if agreed.Deflated {
		options.Deflate = &agreed.Deflate
	}
	options.CompressionThreshold = d.opts.CompressionThreshold
	options.CompressionLevel = d.opts.Compression.Level
	options.Limits = d.opts.Limits
	options.Timeouts = d.opts.Timeouts
	options.KeepAlive = d.opts.KeepAlive
	options.Trace = d.opts.Trace
	options.OnPingReceived = d.opts.OnPingReceived
	options.OnPongReceived = d.opts.OnPongReceived
	return &options
}
