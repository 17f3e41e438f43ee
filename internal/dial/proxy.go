package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"
	"golang.org/x/net/proxy"
)

// reachThrough connects to the server through a proxy, with TLS to the server if it is wss.
func (d *dialer) reachThrough(ctx context.Context, p *proxyHop, t *target) (*route, error) {
	fail := func(resp *http.Response, err error) (*route, error) {
		return nil, &ProxyError{Proxy: p.String(), Response: resp, Err: err}
	}
	r, err := d.reachProxy(ctx, p)
	if err != nil {
		return fail(nil, err)
	}
	var resp *http.Response
	switch p.scheme {
	case "http", "https":
		resp, err = d.openTunnel(ctx, r, p, t)
	default:
		err = socks(ctx, r, p, t)
	}
	if err != nil {
		r.close()
		return fail(resp, err)
	}
	if t.secure() {
		return r.secured(ctx, d.targetTLS(), t.name)
	}
	return r, nil
}

// reachProxy connects to the proxy itself.
func (d *dialer) reachProxy(ctx context.Context, p *proxyHop) (*route, error) {
	if p.scheme == "https" {
		return d.dialTLS(ctx, p.addr, d.proxyTLS(), p.name)
	}
	return d.dial(ctx, p.addr)
}

// proxyFor returns nil if the route is direct.
func (d *dialer) proxyFor(req *http.Request) (*proxyHop, error) {
	var u *url.URL
	var err error
	if d.opts.Proxy != nil {
		u, err = d.opts.Proxy(req)
	} else {
		u, err = httpproxy.FromEnvironment().ProxyFunc()(req.URL)
	}
	if u == nil || err != nil {
		return nil, err
	}
	return newProxyHop(u)
}

// proxyHop is a proxy on the route.
type proxyHop struct {
	scheme string
	name   string // as target.name
	addr   string // to dial
	user   *url.Userinfo
}

var proxyPorts = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}

func newProxyHop(u *url.URL) (*proxyHop, error) {
	port, known := proxyPorts[u.Scheme]
	if !known {
		return nil, fmt.Errorf("its scheme is %q, not http, https, socks5 or socks5h", u.Scheme)
	}
	host, own, err := splitHost(u.Host)
	if err != nil {
		return nil, err
	}
	if own != "" {
		port = own
	}
	return &proxyHop{scheme: u.Scheme, name: certificateName(host), addr: net.JoinHostPort(host, port), user: u.User}, nil
}

// String is the URL without user and password.
func (p *proxyHop) String() string { return p.scheme + "://" + p.addr }

// openTunnel asks an HTTP proxy for a tunnel (RFC 9110 §9.3.6). What the server
// behind it has said already stays in the route. A response comes back with an
// error only.
func (d *dialer) openTunnel(ctx context.Context, r *route, p *proxyHop, t *target) (*http.Response, error) {
	f := slices.Clone(d.proxyHeader)
	if len(f.values("User-Agent")) == 0 {
		f.add("User-Agent", userAgent)
	}
	if p.user != nil && len(f.values("Proxy-Authorization")) == 0 {
		f.add("Proxy-Authorization", basicAuth(p.user))
	}
	to := t.proxyAddr()
	if _, err := r.conn.Write(appendRequest(nil, "CONNECT "+to, to, f)); err != nil {
		return nil, withContextCause(ctx, "sending CONNECT", err)
	}
	reader := newResponseReader(r, d.headLimit(), &httptrace.ClientTrace{})
	resp, err := reader.read(&http.Request{Method: http.MethodConnect})
	if err != nil {
		return nil, withContextCause(ctx, "reading the response to CONNECT", err)
	}
	if resp.StatusCode/100 != 2 {
		excerpt(resp, func() { _ = r.raw.Close() })
		return resp, errors.New(answered(resp))
	}
	r.early = reader.rest()
	return nil, nil
}

// socks asks a SOCKS proxy for a connection (RFC 1928, RFC 1929).
func socks(ctx context.Context, r *route, p *proxyHop, t *target) error {
	var auth *proxy.Auth
	if p.user != nil {
		auth = &proxy.Auth{User: p.user.Username()}
		auth.Password, _ = p.user.Password()
	}
	conn := &socksConn{Conn: r.conn}
	dialer, err := proxy.SOCKS5("tcp", p.addr, auth, dialed{conn})
	if err != nil {
		return err
	}
	// What comes back is r.conn in a wrapper. We keep r.conn itself, so that the caller
	// sees the socket. The context closes r.conn; a deadline besides would sometimes be
	// faster, and its error tells less.
	_, err = dialer.(proxy.ContextDialer).DialContext(context.WithoutCancel(ctx), "tcp", t.proxyAddr())
	if err == nil {
		return nil
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && strings.HasPrefix(op.Op, "socks") {
		err = op.Err // what is around it, we say ourselves
	}
	return withContextCause(ctx, conn.step, err)
}

// The steps of a SOCKS proxy, as [StepError] has them.
const (
	SOCKSGreeting       = "SOCKS greeting"
	SOCKSAuthentication = "SOCKS authentication"
	SOCKSConnect        = "SOCKS connect"
)

// socksConn is a connection to a SOCKS proxy that knows which of our requests was the last.
type socksConn struct {
	net.Conn
	step string
}

func (c *socksConn) Write(p []byte) (int, error) {
	const authentication = 1 // RFC 1929 §2: its version; that of all others is 5 (RFC 1928)
	switch {
	case len(p) > 0 && p[0] == authentication:
		c.step = SOCKSAuthentication
	case c.step == "":
		c.step = SOCKSGreeting
	default:
		c.step = SOCKSConnect
	}
	return c.Conn.Write(p)
}

// dialed gives package proxy a connection that we have made.
type dialed struct{ conn net.Conn }

func (d dialed) Dial(string, string) (net.Conn, error) { return d.conn, nil }

func (d dialed) DialContext(context.Context, string, string) (net.Conn, error) { return d.conn, nil }
