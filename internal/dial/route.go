package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"slices"
	"time"
)

// route is the way to the server while the handshake lasts. The end of the context
// closes it.
type route struct {
	conn  net.Conn    // to speak on
	raw   net.Conn    // what was dialed: without it nothing goes
	early []byte      // was read already, comes before what conn reads
	stop  func() bool // ends the watch over the context
}

// close never waits, as a closing alert of TLS might.
func (r *route) close() {
	r.stop()
	_ = r.raw.Close()
}

// release takes the route from the context. It fails if the context was faster.
func (r *route) release() bool { return r.stop() }

// withTimeout adds the timeout to the context.
func (d *dialer) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := d.opts.Timeout
	if timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, timeout, tookLonger(timeout))
}

// tookLonger is the error of a handshake that exceeds its timeout. It matches
// context.DeadlineExceeded and is a net.Error as that is.
type tookLonger time.Duration

func (t tookLonger) Error() string {
	return fmt.Sprintf("%v: longer than the handshake timeout of %v", context.DeadlineExceeded, time.Duration(t))
}

func (t tookLonger) Unwrap() error   { return context.DeadlineExceeded }
func (t tookLonger) Timeout() bool   { return true }
func (t tookLonger) Temporary() bool { return true }

// clientTrace returns the hooks in the context; never nil.
func clientTrace(ctx context.Context) *httptrace.ClientTrace {
	if trace := httptrace.ContextClientTrace(ctx); trace != nil {
		return trace
	}
	return &httptrace.ClientTrace{}
}

// way is where a route is to lead, and by what. The application is asked for the proxy once for
// each request: it may have another answer the next time.
type way struct {
	*target
	proxy *proxyHop // nil if the route is direct
	// refusing are sessions that have refused the request: it is sent again elsewhere.
	refusing []*pooled
}

// connect makes the route to the server, through the proxy if there is one, with
// TLS if it is wss.
func (d *dialer) connect(ctx context.Context, w *way) (*route, error) {
	trace := clientTrace(ctx)
	if trace.GetConn != nil {
		trace.GetConn(w.addr)
	}
	r, err := d.connectOrTunnel(ctx, w)
	if err != nil {
		return nil, err
	}
	if trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: r.conn})
	}
	return r, nil
}

// connectOrTunnel connects to the server itself, or through the proxy that leads there.
func (d *dialer) connectOrTunnel(ctx context.Context, w *way) (*route, error) {
	switch {
	case w.proxy != nil:
		return d.reachThrough(ctx, w.proxy, w.target)
	case w.secure():
		return d.dialTLS(ctx, w.addr, d.targetTLS(), w.name)
	}
	return d.dial(ctx, w.addr)
}

// dial opens a connection.
func (d *dialer) dial(ctx context.Context, addr string) (*route, error) {
	if d.opts.DialContext == nil {
		return dialBy(ctx, new(net.Dialer).DialContext, addr)
	}
	return dialBy(ctx, d.opts.DialContext, addr)
}

// dialTLS opens a connection and does the TLS handshake with the server or proxy of that
// name.
func (d *dialer) dialTLS(ctx context.Context, addr string, config *tls.Config, name string) (*route, error) {
	if d.opts.DialTLSContext != nil {
		return dialBy(ctx, d.opts.DialTLSContext, addr)
	}
	r, err := d.dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	return r.secured(ctx, config, name)
}

// dialBy opens a connection and puts it under the context.
func dialBy(ctx context.Context, dial func(context.Context, string, string) (net.Conn, error), addr string) (*route, error) {
	conn, err := dial(ctx, "tcp", addr)
	if err != nil {
		return nil, withContextCause(ctx, "connecting", err)
	}
	if conn == nil {
		return nil, at("connecting", errors.New("the dial function returned no connection and no error"))
	}
	r := &route{conn: conn, raw: conn}
	if secure, ok := conn.(*tls.Conn); ok {
		r.raw = secure.NetConn()
	}
	r.stop = context.AfterFunc(ctx, func() { _ = r.raw.Close() })
	return r, nil
}

// secured is r with TLS. If that fails, r is closed.
func (r *route) secured(ctx context.Context, config *tls.Config, name string) (*route, error) {
	if err := r.secure(ctx, config, name); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// secure does the TLS handshake with the server of that name. config is its own.
func (r *route) secure(ctx context.Context, config *tls.Config, name string) error {
	if config.ServerName == "" {
		config.ServerName = name
	}
	inner := r.conn
	if len(r.early) > 0 {
		inner = &prefixed{Conn: inner, early: r.early}
		r.early = nil
	}
	trace := clientTrace(ctx)
	if trace.TLSHandshakeStart != nil {
		trace.TLSHandshakeStart()
	}
	conn := tls.Client(inner, config)
	err := conn.HandshakeContext(ctx)
	if trace.TLSHandshakeDone != nil {
		trace.TLSHandshakeDone(conn.ConnectionState(), err)
	}
	if err != nil {
		return withContextCause(ctx, "TLS", err)
	}
	r.conn = conn
	return nil
}

// targetTLS is the configuration for the server.
func (d *dialer) targetTLS() *tls.Config {
	config := http1Only(d.opts.TLSConfig)
	if d.alpn == offerHTTP2 {
		config.NextProtos = append([]string{"h2"}, config.NextProtos...)
	}
	return config
}

// proxyTLS is the configuration for the proxy itself. It leaves out what names the
// server.
func (d *dialer) proxyTLS() *tls.Config {
	config := http1Only(d.opts.TLSConfig)
	config.ServerName = ""
	config.EncryptedClientHelloConfigList = nil
	return config
}

// http1Only is a copy of config for HTTP/1.1. A configuration that was in use with HTTP/2 offers
// that, too.
func http1Only(config *tls.Config) *tls.Config {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	config.NextProtos = slices.DeleteFunc(slices.Clone(config.NextProtos), func(name string) bool { return name == "h2" })
	if len(config.NextProtos) == 0 {
		config.NextProtos = []string{"http/1.1"}
	}
	return config
}

// prefixed is a connection behind what was already read from it.
type prefixed struct {
	net.Conn
	early []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.early) == 0 {
		return p.Conn.Read(b)
	}
	n := copy(b, p.early)
	p.early = p.early[n:]
	return n, nil
}
