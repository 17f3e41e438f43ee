package websocket

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/dial"
	"github.com/hawser-ws/websocket/internal/transport"
)

// DialOptions are the options of [Dial]. Nil means the defaults.
type DialOptions struct {
	// HTTPClient, if not nil, sends the request. Its Transport must return a writable body
	// with a 101, as [http.Transport] does. Its Timeout bounds the handshake only. The
	// client then decides how to reach the server: TLSConfig, DialContext, Proxy,
	// ProxyHeader, Jar and MaxRedirects must be zero. It also bounds the response's head
	// itself. Nil: Dial connects without an http.Client.
	HTTPClient *http.Client

	// HTTPHeader is sent with the request. Fields that the handshake writes itself are
	// left out, so a proxy may pass on the header that it has received: Upgrade, Connection,
	// Content-Length, Transfer-Encoding, and Sec-WebSocket-Accept, -Extensions, -Key, -Protocol
	// and -Version. A Host field is the same as the option Host. When a redirect leads to
	// another origin, Authorization and Cookie are no longer sent. Other secrets cannot be
	// recognised, and are sent there, too. Nil: no additional fields.
	HTTPHeader http.Header

	// Host is the Host header for the origin of the URL. Certificates are checked against
	// the URL nevertheless. Empty: the host of the URL.
	Host string

	// Subprotocols are offered in this order of preference. Empty names and repetitions
	// are left out. Empty: none.
	Subprotocols []string

	// CompressionMode is what to offer. Default: CompressionDisabled.
	CompressionMode CompressionMode
	// Compression refines CompressionMode.
	Compression CompressionOptions

	// TLSConfig is used for wss and for https proxies. In its NextProtos h2 is left
	// out, unless there is a pool for HTTP/2. Nil: the zero configuration, with the ALPN name http/1.1.
	TLSConfig *tls.Config

	// DialContext connects to the server, or to the proxy if there is one. It must return
	// when its context ends. Use it
	//
	//   - to connect to a Unix socket, whatever the address (and switch off Proxy);
	//   - to block addresses that the caller must not reach, including those of redirects:
	//     the Control function of a [net.Dialer] sees every address after it was resolved
	//     and before anything is sent there.
	//
	// Nil: a zero [net.Dialer].
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// Proxy returns the URL of the proxy for a request, or nil for none. The scheme of the
	// request's URL is http for ws and https for wss. Proxies may be http, https (both by
	// CONNECT, always), socks5 and socks5h (both let the proxy resolve the name), with user
	// and password in their URL. Nil: the environment decides, by HTTP_PROXY for ws,
	// HTTPS_PROXY for wss, and NO_PROXY; localhost never has a proxy. A function that
	// returns nil, nil switches proxies off.
	Proxy func(*http.Request) (*url.URL, error)

	// ProxyHeader is sent with CONNECT. Nil: no additional fields.
	ProxyHeader http.Header

	// Jar holds the cookies to send. It receives those of every response, including
	// redirects and refusals. Nil: no cookies.
	Jar http.CookieJar

	// MaxRedirects is how many redirects are followed. A redirect from wss to ws is never
	// followed. Zero: 10. Negative: none.
	MaxRedirects int

	// HTTP2 has the connections of HTTP/2 that the WebSocket may be a stream of (RFC 8441).
	// Nil: a connection of HTTP/1.1 for each WebSocket.
	HTTP2 *HTTP2Pool

	// HTTP3 opens the WebSocket as a stream of HTTP/3 (RFC 9220), with TLSConfig. Use the Pool
	// of package [github.com/hawser-ws/websocket/http3], or its Dial. There is no way back to
	// HTTP/1.1: the URL must be wss, and the server must offer WebSockets over HTTP/3. It
	// connects by UDP: HTTPClient, DialContext, Proxy, ProxyHeader and HTTP2 must be zero. Nil:
	// a connection of TCP.
	HTTP3 StreamDialer

	// These fields are documented in [ConnOptions].
	CompressionThreshold int
	OnPingReceived       func(ctx context.Context, payload []byte) bool
	OnPongReceived       func(ctx context.Context, payload []byte)
	Limits               Limits
	Timeouts             Timeouts
	KeepAlive            KeepAlive
	Trace                *Trace
}

// Dial connects to a server and performs the opening handshake as the client (RFC 6455
// §4.1). The scheme of the URL is ws or wss; http and https mean the same. A user and
// password in it become basic authentication, unless HTTPHeader has an Authorization. opts
// may be nil.
//
// ctx and [Timeouts.Handshake] bound the handshake. Once Dial has returned, ctx has no
// effect on the connection.
//
// The response is the last one that the server sent, or nil if there was none. If the server
// refused, its body holds at most 1 KiB of the answer. It need not be closed.
//
// DialOptions.Trace sees the connection after the handshake. To trace the handshake itself,
// use [net/http/httptrace] in ctx.
//
// Incorrect options fail with a [*UsageError] before anything is sent. Every other error is
// a [*HandshakeError].
func Dial(ctx context.Context, u string, opts *DialOptions) (*Conn, *http.Response, error) {
	if ctx == nil {
		return nil, nil, &UsageError{Method: "Dial", Problem: "no context"}
	}
	var o DialOptions
	if opts != nil {
		o = *opts
	}
	options, err := o.handshake()
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
	if c := overStream(&result); c != nil {
		c.open(RoleClient, o.settings(), agreed)
		return c, result.Response, nil
	}
	return newConn(result.Stream, RoleClient, o.settings(), agreed), result.Response, nil
}

// overStream returns a Conn over a stream of a connection that others use as well, nil if the
// connection is the WebSocket's own.
func overStream(result *dial.Result) *Conn {
	switch {
	case result.HTTP2 != nil:
		return &Conn{transport: result.HTTP2}
	case result.Shared != nil:
		return &Conn{transport: transport.NewShared(result.Shared)}
	}
	return nil
}

// StreamDialer opens streams by extended CONNECT (RFC 8441 §4, RFC 9220 §3) over a version of
// HTTP that this package does not speak itself: see [DialOptions.HTTP3]. All methods may be
// called from any goroutine.
type StreamDialer interface {
	// DialStream sends the request r and waits for the response, which it returns with any status.
	// The method of r is CONNECT, and its Proto is the value of :protocol. Its URL has the scheme
	// https or http, the address to connect to with its port, and the path; its Host is
	// :authority. The names in its header are in canonical form: lower-case them to send them. The
	// header of the response may have headerBytes bytes. The end of r.Context() ends the call, and
	// nothing after that. config is [DialOptions.TLSConfig]; it may be nil.
	//
	// If the status is 2xx the stream carries the WebSocket. Its deadlines must interrupt reads
	// and writes without losing anything; CloseWrite, if it has that, ends its direction; Close
	// ends both at once. Otherwise the stream is nil, and the body of the response is closed when
	// its beginning was read.
	DialStream(r *http.Request, config *tls.Config, headerBytes int) (stream net.Conn, resp *http.Response, err error)
}

// HTTP2Pool has connections of HTTP/2 that WebSockets share (RFC 8441): Dials with the same
// pool, to the same server, by the same proxy, with the same user and ProxyHeader there, and with
// the same TLSConfig: the same pointer, so do not make one for each Dial. A Dial over a connection
// that is there costs one round trip. DialContext and the limit of a response's head are those of
// the first, who makes the connection. The zero value is ready; set the fields before use. All
// methods may be called from any goroutine.
//
// The connection is made with the ALPN names h2 and http/1.1. If the server chooses HTTP/1.1,
// or does not offer WebSockets over HTTP/2, the WebSocket is opened over HTTP/1.1; the pool
// remembers that for ten minutes. A request that a server says it has not looked at, because it
// goes away or has too many streams, is sent again on another connection. A connection whose server
// has answered nothing for five seconds, not even a PING, gets no more requests until it does.
type HTTP2Pool struct {
	// MaxStreams is how many WebSockets a connection may have. Zero: as many as the server
	// allows.
	MaxStreams int
	// MaxConns is how many connections there may be to a server, beside those that go away or are
	// silent. If all are full, Dial fails with [ErrPoolFull]. Zero: no limit.
	MaxConns int
	// IdleTimeout is how long a connection stays that has no WebSocket. Zero: 90 seconds.
	// Negative: for ever.
	IdleTimeout time.Duration
	// Require makes Dial fail with [ErrNoHTTP2] where only HTTP/1.1 is left: also for every ws URL,
	// unless PriorKnowledge is set. False: it goes over HTTP/1.1 then.
	Require bool
	// PriorKnowledge has ws URLs, too, go over HTTP/2. Without TLS nobody can ask the server, so Dial
	// fails with [ErrNoHTTP2] if it speaks only HTTP/1.1. False: ws goes over HTTP/1.1. For wss it
	// has no effect: the server is asked by ALPN.
	PriorKnowledge bool

	pool atomic.Pointer[dial.Pool]
}

// Close ends all connections of the pool at once, with their WebSockets, and waits for that. A
// Dial that is under way fails; one that begins later makes a new connection.
func (p *HTTP2Pool) Close() {
	if pool := p.pool.Swap(nil); pool != nil {
		pool.Close()
	}
}

// dialPool returns the pool itself, made by the first who asks for it; nil for nil.
func (p *HTTP2Pool) dialPool() *dial.Pool {
	if p == nil {
		return nil
	}
	if pool := p.pool.Load(); pool != nil {
		return pool
	}
	p.pool.CompareAndSwap(nil, &dial.Pool{
		MaxStreams: p.MaxStreams, MaxConns: p.MaxConns, IdleTimeout: p.IdleTimeout,
		Require: p.Require, PriorKnowledge: p.PriorKnowledge,
	})
	return p.dialPool()
}

// handshake returns the options that apply up to the end of the handshake.
func (o *DialOptions) handshake() (*dial.Options, error) {
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
		HTTP2:        o.HTTP2.dialPool(),
		HTTP3:        o.HTTP3,
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

func (o *DialOptions) settings() settings {
	return settings{
		o.CompressionThreshold, o.Compression.Level, o.OnPingReceived, o.OnPongReceived,
		o.Limits, o.Timeouts, o.KeepAlive, o.Trace,
	}
}

// failedDial translates an error of package dial. The error holds the response.
func failedDial(err error) (*Conn, *http.Response, error) {
	failed, ok := errors.AsType[*dial.Error](err)
	if !ok { // a *dial.Misuse
		return nil, nil, &UsageError{Method: "Dial", Problem: err.Error()}
	}
	public := &HandshakeError{URL: failed.URL, Response: failed.Response, Err: failed.Err}
	if p, ok := errors.AsType[*dial.ProxyError](failed.Err); ok {
		public.Err = &ProxyError{Proxy: p.Proxy, Response: p.Response, Err: p.Err}
	}
	return nil, public.Response, public
}
