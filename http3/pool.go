package http3

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	h3 "github.com/quic-go/quic-go/http3"

	"github.com/hawser-ws/websocket"
)

// Pool has connections of HTTP/3 that WebSockets share: Dials with the same pool in
// [websocket.DialOptions.HTTP3], to the same server and with the same TLSConfig: the same pointer, so
// do not make one for each Dial. A Dial over a connection that is there costs one round trip. The
// zero value is ready; set the fields before use. All methods may be called from any goroutine.
//
// A request that a server says it has not looked at, because it goes away, is sent again on
// another connection.
type Pool struct {
	// MaxStreams is how many WebSockets a connection may have. Zero: as many as the server
	// allows.
	MaxStreams int
	// MaxConns is how many connections there may be to a server. If all are full, Dial fails with
	// [websocket.ErrPoolFull]. Zero: no limit.
	MaxConns int
	// IdleTimeout is how long a connection stays that has no WebSocket. Zero: 90 seconds.
	// Negative: for ever.
	IdleTimeout time.Duration
	// QUICConfig is that of the connections. Its HandshakeIdleTimeout bounds the wait for a server
	// that does not answer, besides [websocket.Timeouts]; zero means 5 s there. Nil: as [QUICConfig]
	// returns it, but with 256 KiB for each WebSocket.
	QUICConfig *quic.Config

	mu      sync.Mutex
	origins map[originKey]*origin
	life    context.Context // of the connections; nil if there are none
	end     context.CancelFunc
	running *sync.WaitGroup // connections
}

// originKey is what connections have to have in common to be shared.
type originKey struct {
	addr string
	tls  *tls.Config
}

// origin is what the pool knows of one. All under Pool.mu.
type origin struct {
	conns      []*conn
	connecting chan struct{} // closed when the connection that is being made is there, or is not
}

const (
	defaultIdle = 90 * time.Second
	// maxTries is how often a request is sent that servers have not looked at.
	maxTries = 4
)

// DialStream is for [websocket.Dial]: see [websocket.StreamDialer].
func (p *Pool) DialStream(r *http.Request, config *tls.Config, headerBytes int) (net.Conn, *http.Response, error) {
	if p == nil {
		return nil, nil, errors.New("the Pool is nil: leave the option out, or give it an &http3.Pool{}")
	}
	if r.URL.Scheme != "https" {
		return nil, nil, errors.New("there is no HTTP/3 without TLS: the URL must be wss")
	}
	key := originKey{r.URL.Host, config}
	for tries := 1; ; tries++ {
		c, s, err := p.open(r.Context(), key)
		if err != nil {
			return nil, nil, err
		}
		stream, resp, err := c.connect(s, r, headerBytes)
		if err != nil && tries < maxTries && r.Context().Err() == nil && c.untouched(s, err) {
			continue
		}
		return stream, resp, err
	}
}

// Close ends all connections of the pool at once, with their WebSockets, and waits for that. A
// Dial that is under way fails; one that begins later makes a new connection.
func (p *Pool) Close() {
	p.mu.Lock()
	end, running := p.end, p.running
	p.life, p.end, p.running, p.origins = nil, nil, nil, nil
	p.mu.Unlock()
	if end != nil {
		end()
		running.Wait()
	}
}

// open opens a stream on a connection to the origin, which it makes if it has to.
func (p *Pool) open(ctx context.Context, key originKey) (*conn, *quic.Stream, error) {
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.GetConn != nil {
		trace.GetConn(key.addr)
	}
	for {
		p.mu.Lock()
		o := p.origin(key)
		c, s, full := p.free(o)
		switch {
		case s != nil:
			p.mu.Unlock()
			if trace != nil && trace.GotConn != nil {
				trace.GotConn(httptrace.GotConnInfo{Reused: true})
			}
			return c, s, nil
		case o.connecting == nil && p.MaxConns > 0 && full >= p.MaxConns:
			p.mu.Unlock()
			return nil, nil, websocket.ErrPoolFull
		case o.connecting == nil:
			made := make(chan struct{})
			o.connecting = made
			life, running := p.life, p.running
			p.mu.Unlock()
			defer close(made)
			return p.connect(ctx, key, &joined{o, life, running})
		}
		wait := o.connecting
		p.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// origin returns what the pool knows of an origin. It is called under mu.
func (p *Pool) origin(key originKey) *origin {
	if p.life == nil {
		p.life, p.end = context.WithCancel(context.Background())
		p.running, p.origins = new(sync.WaitGroup), make(map[originKey]*origin)
	}
	o := p.origins[key]
	if o == nil {
		o = &origin{}
		p.origins[key] = o
	}
	return o
}

// forget drops an origin if nothing is known of it: a program that has a TLSConfig of its own for
// each Dial has as many. It is called under mu.
func (p *Pool) forget(key originKey, o *origin) {
	if len(o.conns) == 0 && o.connecting == nil && p.origins[key] == o {
		delete(p.origins, key)
	}
}

// free opens a stream on a connection that has a free slot. Without one full tells how many have
// none; others go away. It is called under mu.
func (p *Pool) free(o *origin) (c *conn, s *quic.Stream, full int) {
	for _, c := range o.conns {
		s, err := c.open(p.MaxStreams)
		if err == nil {
			return c, s, 0
		}
		if errors.Is(err, websocket.ErrPoolFull) {
			full++
		}
	}
	return nil, nil, full
}

// joined is an origin between two calls of Close.
type joined struct {
	*origin
	life    context.Context
	running *sync.WaitGroup
}

// connect makes a connection that joins the pool, and opens a stream on it.
func (p *Pool) connect(ctx context.Context, key originKey, o *joined) (c *conn, s *quic.Stream, err error) {
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		o.connecting = nil
		if err == nil {
			s, err = c.open(0)                 // we are the first
			if c.quic.Context().Err() == nil { // else it has left the pool already
				o.conns = append(o.conns, c)
			}
		}
		p.forget(key, o.origin)
		if c != nil {
			c.release()
		}
	}()
	bounded, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(o.life, cancel)()
	q, closeSocket, err := p.dial(bounded, key)
	if err != nil {
		return nil, nil, closedOr(o.life, err)
	}
	if trace := httptrace.ContextClientTrace(ctx); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	c = newConn(q, p.idleTimeout())
	o.running.Go(func() {
		defer context.AfterFunc(o.life, func() { c.fail(h3.ErrCodeNoError) })()
		c.run()
		closeSocket()
		p.mu.Lock()
		defer p.mu.Unlock()
		o.conns = slices.DeleteFunc(o.conns, func(other *conn) bool { return other == c })
		p.forget(key, o.origin)
	})
	if err := c.ready(bounded); err != nil {
		c.fail(h3.ErrCodeNoError)
		return c, nil, closedOr(o.life, err)
	}
	return c, nil, nil
}

// closedOr is err, or why it came about: the pool was closed.
func closedOr(life context.Context, err error) error {
	if life.Err() != nil {
		return fmt.Errorf("the pool was closed: %w", net.ErrClosed)
	}
	return err
}

func (p *Pool) idleTimeout() time.Duration {
	if p.IdleTimeout == 0 {
		return defaultIdle
	}
	return max(p.IdleTimeout, 0)
}

// dial makes a connection of QUIC, on a socket of its own.
func (p *Pool) dial(ctx context.Context, key originKey) (q *quic.Conn, closeSocket func(), err error) {
	host, port, err := net.SplitHostPort(key.addr)
	if err != nil {
		return nil, nil, err
	}
	portNumber, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
	if err != nil {
		return nil, nil, err
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, nil, err
	}
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, nil, err
	}
	transport := &quic.Transport{Conn: socket}
	closeSocket = func() {
		_ = transport.Close()
		_ = socket.Close()
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return a.Unmap().BitLen() - b.Unmap().BitLen() }) // IPv4 first
	for _, addr := range addrs {
		to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr.Unmap(), uint16(portNumber)))
		q, err = transport.Dial(ctx, to, clientTLS(key.tls, host), p.quicConfig())
		if err == nil {
			return q, closeSocket, nil
		}
		if isSilence(err) {
			err = fmt.Errorf("no answer by UDP from %v: %w", to, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	closeSocket()
	return nil, nil, err
}

// isSilence reports whether err is that nothing came back.
func isSilence(err error) bool {
	_, idle := errors.AsType[*quic.IdleTimeoutError](err)
	_, late := errors.AsType[*quic.HandshakeTimeoutError](err)
	return idle || late
}

// clientTLS is the configuration for one server. Its certificate has to name host.
func clientTLS(config *tls.Config, host string) *tls.Config {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	config.NextProtos = []string{h3.NextProtoH3}
	if config.ServerName == "" {
		host, _, _ = strings.Cut(host, "%")
		config.ServerName = strings.TrimSuffix(host, ".")
	}
	return config
}

func (p *Pool) quicConfig() *quic.Config {
	var config *quic.Config
	if p.QUICConfig != nil {
		config = p.QUICConfig.Clone()
	} else {
		config = windows(cmp.Or(p.MaxStreams, defaultStreams), clientWindow)
	}
	config.MaxIncomingStreams = -1 // RFC 9114 §6.1: servers open none
	return config
}
