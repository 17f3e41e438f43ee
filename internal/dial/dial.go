package dial

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/h2/session"
)

// Options say how to connect; nil means the defaults. The fields that DialOptions of the root has too
// mean the same here.
type Options struct {
	HTTPClient   *http.Client
	HTTPHeader   http.Header
	Host         string
	Subprotocols []string
	Deflate      *handshake.Deflate // to offer; nil for no compression

	// UpgradeList is [handshake.Offer.UpgradeList]. LooseSubprotocols lets names of
	// subprotocols be more than tokens: see [handshake.CheckLooseSubprotocols].
	UpgradeList, LooseSubprotocols bool

	Timeout     time.Duration // for the whole of Dial; zero leaves it to the context
	HeaderBytes int           // of the response's head; zero or less means DefaultHeaderBytes

	TLSConfig    *tls.Config
	DialContext  func(ctx context.Context, network, addr string) (net.Conn, error)
	Proxy        func(*http.Request) (*url.URL, error)
	ProxyHeader  http.Header
	Jar          http.CookieJar
	MaxRedirects int

	// HTTP2 has connections of HTTP/2 that Dials share. Nil: HTTP/1.1, each a connection.
	HTTP2 *Pool
	// HTTP3 opens streams of HTTP/3. Nil: see HTTP2.
	HTTP3 StreamDialer

	// DialTLSContext connects to a wss server without a proxy before it, or to an https
	// proxy, and does the TLS handshake with it. Nil: DialContext connects, and Dial does
	// the TLS handshake.
	DialTLSContext func(ctx context.Context, network, addr string) (net.Conn, error)
}

const (
	// DefaultMaxRedirects is as many as net/http follows.
	DefaultMaxRedirects = 10
	// DefaultHeaderBytes bounds the head of a response and of those before it. A
	// response has little to say, but cookies and policies of a front end may come with
	// it: four times what a server takes in a request.
	DefaultHeaderBytes = 64 << 10
)

// Result is what a handshake led to.
type Result struct {
	Stream   io.ReadWriteCloser  // carries frames from here on; nil if one of the next is not
	HTTP2    *session.Stream     // the same, over HTTP/2
	Shared   net.Conn            // the same, a stream of Options.HTTP3
	Buffered []byte              // what the server sent behind its response
	Response *http.Response      // with an empty body
	Agreed   handshake.Agreement // subprotocol and terms of compression
}

// Dial connects to the server that a URL names and does the opening handshake. When it
// has returned, the end of ctx does nothing to the stream.
//
// It fails with a [*Misuse] before anything is sent, and afterwards with an [*Error].
func Dial(ctx context.Context, u string, opts *Options) (Result, error) {
	d, err := newDialer(opts)
	if err != nil {
		return Result{}, err
	}
	t, err := parseTarget(u)
	if err != nil {
		return Result{}, misuse(err.Error())
	}
	if d.opts.HTTPClient != nil {
		return d.viaHTTPClient(ctx, t)
	}
	ctx, cancel := d.withTimeout(ctx)
	defer cancel()
	return d.follow(ctx, t)
}

// dialer is one call of Dial.
type dialer struct {
	opts         *Options
	host         string // in place of the URL's; empty for none
	header       fields // what is still to be sent of HTTPHeader
	proxyHeader  fields
	subprotocols []string // to be offered
	redirects    int      // followed so far
	alpn         alpn     // of the connection that is made next
}

// alpn is what a connection to the server offers.
type alpn uint8

const (
	offerHTTP1 alpn = iota
	offerHTTP2      // and HTTP/1.1
)

// newDialer checks the options before anything is sent.
func newDialer(opts *Options) (*dialer, error) {
	if opts == nil {
		opts = &Options{}
	}
	d := &dialer{opts: opts}
	if err := d.checkStreams(); err != nil {
		return nil, err
	}
	if err := d.checkClient(); err != nil {
		return nil, err
	}
	if err := d.checkRequest(); err != nil {
		return nil, err
	}
	return d, nil
}
