package websocket

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

// link is the way to the server while the handshake lasts. The end of the context
// closes it.
type link struct {
	conn  net.Conn    // to speak on
	raw   net.Conn    // what was dialed: without it nothing goes
	early []byte      // was read already, comes before what conn reads
	stop  func() bool // ends the watch over the context
}

// close never waits, as a closing alert of TLS might.
func (l *link) close() {
	l.stop()
	_ = l.raw.Close()
}

// release takes the link from the context. It fails if the context was faster.
func (l *link) release() bool { return l.stop() }

// bound adds the handshake timeout to the context.
func (d *dialing) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := orDefault(d.opts.Timeouts.Handshake, defaultHandshakeTimeout)
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

// connect makes the link to the server, through the proxy if there is one, with
// TLS if it is wss.
func (d *dialing) connect(ctx context.Context, t *target, req *http.Request) (*link, error) {
	trace := clientTrace(ctx)
	if trace.GetConn != nil {
		trace.GetConn(t.addr)
	}
	l, err := d.reach(ctx, t, req)
	if err != nil {
		return nil, err
	}
	if t.secure() {
		if err := l.secure(ctx, d.opts.TLSConfig, t.name); err != nil {
			l.close()
			return nil, err
		}
	}
	if trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: l.conn})
	}
	return l, nil
}

// dial opens a connection and puts it under the context.
func (d *dialing) dial(ctx context.Context, addr string) (*link, error) {
	dial := d.opts.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", addr)
	if err != nil {
		return nil, because(ctx, "connecting", err)
	}
	if conn == nil {
		return nil, errors.New("connecting: DialContext returned no connection and no error")
	}
	l := &link{conn: conn, raw: conn}
	l.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	return l, nil
}

// secure does the TLS handshake with the server of that name.
func (l *link) secure(ctx context.Context, config *tls.Config, name string) error {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	// We speak HTTP/1.1 only, and a configuration that was in use with HTTP/2 may
	// say otherwise.
	config.NextProtos = []string{"http/1.1"}
	if config.ServerName == "" {
		config.ServerName = name
	}
	inner := l.conn
	if len(l.early) > 0 {
		inner = &prefixed{Conn: inner, early: l.early}
		l.early = nil
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
		return because(ctx, "TLS", err)
	}
	l.conn = conn
	return nil
}

// proxyTLS is the configuration for the proxy itself: what names the server is
// none of its business.
func (d *dialing) proxyTLS() *tls.Config {
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
