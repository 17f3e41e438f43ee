package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
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

func tookLonger(than time.Duration) error {
	return fmt.Errorf("%w: longer than the handshake timeout of %v", context.DeadlineExceeded, than)
}

// clientTrace returns the hooks in the context; never nil.
func clientTrace(ctx context.Context) *httptrace.ClientTrace {
	if trace := httptrace.ContextClientTrace(ctx); trace != nil {
		return trace
	}
	return &httptrace.ClientTrace{}
}

// connect makes the route to the server, through the proxy if there is one, with
// TLS if it is wss.
func (d *dialer) connect(ctx context.Context, t *target, req *http.Request) (*route, error) {
	trace := clientTrace(ctx)
	if trace.GetConn != nil {
		trace.GetConn(t.addr)
	}
	r, err := d.connectOrTunnel(ctx, t, req)
	if err != nil {
		return nil, err
	}
	if t.secure() {
		if err := r.secure(ctx, d.opts.TLSConfig, t.name); err != nil {
			r.close()
			return nil, err
		}
	}
	if trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: r.conn})
	}
	return r, nil
}

// dial opens a connection and puts it under the context.
func (d *dialer) dial(ctx context.Context, addr string) (*route, error) {
	dial := d.opts.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", addr)
	if err != nil {
		return nil, withContextCause(ctx, "connecting", err)
	}
	if conn == nil {
		return nil, errors.New("connecting: DialContext returned no connection and no error")
	}
	r := &route{conn: conn, raw: conn}
	r.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	return r, nil
}

// secure does the TLS handshake with the server of that name.
func (r *route) secure(ctx context.Context, config *tls.Config, name string) error {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	// exchange speaks HTTP/1.1 only. A configuration that was in use with HTTP/2 may
	// offer that, too.
	config.NextProtos = []string{"http/1.1"}
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

// proxyTLS is the configuration for the proxy itself. It leaves out what names the
// server.
func (d *dialer) proxyTLS() *tls.Config {
	if d.opts.TLSConfig == nil {
		return nil
	}
	config := d.opts.TLSConfig.Clone()
	config.ServerName = ""
	config.EncryptedClientHelloConfigList = nil
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
