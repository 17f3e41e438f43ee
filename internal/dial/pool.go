package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/h2/session"
)

// Pool has connections of HTTP/2 that Dials share (RFC 8441), by origin. It learns which origins
// do not offer that.
//
//	find ──▶ a session with a free slot
//	  │ none
//	  ├────▶ somebody connects to the origin already: wait, and find again
//	  ├────▶ the origin had no HTTP/2, or not for WebSockets: HTTP/1.1
//	  ▼
//	connect, with ALPN
//	  ├─ h2 ─────────▶ settings ──▶ a session
//	  │                   └ without extended CONNECT: HTTP/1.1, by another connection
//	  └─ http/1.1 ───▶ HTTP/1.1 on this connection
type Pool struct {
	// These are documented in HTTP2Pool of the root.
	MaxStreams     int
	MaxConns       int
	IdleTimeout    time.Duration
	Require        bool
	PriorKnowledge bool

	mu      sync.Mutex
	phase   poolPhase
	origins map[originKey]*origin
	http1   []http1Origin  // the oldest first
	running sync.WaitGroup // sessions
}

// poolPhase says whether Close was called.
type poolPhase uint8

const (
	poolOpen poolPhase = iota
	poolClosed
)

// originKey is what connections have to have in common to be shared.
type originKey struct {
	scheme, addr, proxy string
	tls                 *tls.Config
}

// origin is what the pool knows of one. All under Pool.mu.
type origin struct {
	sessions   []*pooled
	connecting chan struct{} // closed when the connection that is being made is there, or is not
	fresh      *pooled       // is being made: its first slot is for who makes it
	http1Until time.Time     // until then HTTP/2 is not tried
}

// forgettable reports whether there is nothing to be known of the origin.
func (o *origin) forgettable() bool {
	return len(o.sessions) == 0 && o.connecting == nil && !time.Now().Before(o.http1Until)
}

// pooled is a session in the pool.
type pooled struct {
	*session.Session
	tls *tls.ConnectionState // nil: not over TLS
}

const (
	// http1Memory is how long an origin without extended CONNECT is remembered.
	http1Memory = 10 * time.Minute
	// defaultPoolIdle is how long a connection stays that has no streams.
	defaultPoolIdle = 90 * time.Second
	// streamWindow is how much of a WebSocket may wait here to be read: 64 KiB, as on a server,
	// would bound what comes over a long way.
	streamWindow = 256 << 10
	// maxTries is how often a request is sent that servers have not looked at.
	maxTries = 4
	// maxHTTP1 is how many origins that have no HTTP/2 are remembered. A program that has a TLSConfig
	// of its own for each Dial has as many.
	maxHTTP1 = 1024
)

// ErrNoHTTP2 is the error of a Dial that must go over HTTP/2, to a server that does not speak it
// or has no WebSockets over it.
var ErrNoHTTP2 = errors.New("no WebSocket over HTTP/2")

// ErrPoolFull is the error of a Dial whose pool may not make another connection to the server.
var ErrPoolFull = errors.New("the pool is full: each of its MaxConns connections to the server has as many WebSockets " +
	"as MaxStreams or the server allows; close some, or raise MaxConns")

var errClosed = fmt.Errorf("the pool was closed: %w", net.ErrClosed)

// speaks reports whether the pool, which may be nil, is for targets of this scheme.
func (p *Pool) speaks(t *target) bool {
	return p != nil && (t.secure() || p.PriorKnowledge || p.Require)
}

// find returns a session with a free slot that is not one of avoid. Without one, and if the origin
// is to be tried, made is not nil: the caller makes a connection, and calls made when its request
// is on the way there, or when there is no connection. If both are nil HTTP/1.1 is left.
func (p *Pool) find(ctx context.Context, key originKey, avoid []*pooled) (s *pooled, made func(), err error) {
	for {
		s, made, wait, err := p.look(key, avoid)
		if wait == nil {
			return s, made, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, nil, withContextCause(ctx, "waiting for a connection that is being made", ctx.Err())
		}
	}
}

// look is find without waiting. wait is closed when it is worth looking again.
func (p *Pool) look(key originKey, avoid []*pooled) (s *pooled, made func(), wait <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase == poolClosed {
		return nil, nil, nil, errClosed
	}
	o := p.origin(key)
	full := 0 // others go away, or are silent: they do not count
	for _, s := range o.sessions {
		if s == o.fresh {
			continue
		}
		switch err := s.CanOpen(); {
		case err == nil && !slices.Contains(avoid, s):
			return s, nil, nil, nil
		case err == nil || errors.Is(err, h2.ErrTooManyStreams):
			full++
		}
	}
	switch {
	case o.connecting != nil:
		return nil, nil, o.connecting, nil
	case time.Now().Before(o.http1Until):
		return nil, nil, nil, nil
	case p.MaxConns > 0 && full >= p.MaxConns:
		return nil, nil, nil, ErrPoolFull
	}
	o.connecting = make(chan struct{})
	return nil, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		close(o.connecting)
		o.connecting, o.fresh = nil, nil
		p.forget(key, o)
	}, nil, nil
}

// origin returns what is known of an origin. Under mu.
func (p *Pool) origin(key originKey) *origin {
	o := p.origins[key]
	if o == nil {
		o = &origin{}
		if p.origins == nil {
			p.origins = make(map[originKey]*origin)
		}
		p.origins[key] = o
	}
	return o
}

// forget drops an origin if nothing is known of it. Under mu.
func (p *Pool) forget(key originKey, o *origin) {
	if o.forgettable() {
		delete(p.origins, key)
	}
}

// add makes a session of a route whose server has chosen HTTP/2, and waits for its settings. The
// session is the pool's if it may be used, and closed otherwise.
func (p *Pool) add(ctx context.Context, key originKey, r *route, headBytes int64) (*pooled, error) {
	if !r.release() {
		return nil, withContextCause(ctx, "", context.Canceled)
	}
	s := &pooled{Session: session.New(r.conn, session.Config{
		Role: h2.Client, MaxOpen: p.MaxStreams, IdleTimeout: p.idleTimeout(), HTTP2: h2.Config{StreamWindow: streamWindow, HeadBytes: uint32(min(headBytes, math.MaxUint32))},
	})}
	if conn, ok := r.conn.(*tls.Conn); ok {
		state := conn.ConnectionState()
		s.tls = &state
	}
	if !p.run(key, s) {
		_ = r.raw.Close()
		return nil, errClosed
	}
	err := s.Ready(ctx)
	if not, ok := errors.AsType[*session.NotHTTP2Error](err); ok && ctx.Err() == nil {
		s.Close()
		return nil, fmt.Errorf("%w: %w", ErrNoHTTP2, not)
	}
	if err != nil {
		s.Close()
		return nil, withContextCause(ctx, "waiting for the settings of HTTP/2", err)
	}
	return s, nil
}

// run runs a session of the pool. It reports false if the pool was closed.
func (p *Pool) run(key originKey, s *pooled) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase == poolClosed {
		return false
	}
	o := p.origins[key]
	o.sessions, o.fresh = append(o.sessions, s), s
	p.running.Go(func() {
		_ = s.Run()
		p.remove(key, s)
	})
	return true
}

func (p *Pool) idleTimeout() time.Duration {
	if p.IdleTimeout == 0 {
		return defaultPoolIdle
	}
	return max(p.IdleTimeout, 0)
}

// remove forgets a session that has ended.
func (p *Pool) remove(key originKey, s *pooled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.origins[key]
	o.sessions = slices.DeleteFunc(o.sessions, func(other *pooled) bool { return other == s })
	p.forget(key, o)
}

// rememberHTTP1 notes that an origin has no HTTP/2 for WebSockets.
func (p *Pool) rememberHTTP1(key originKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	o := p.origins[key]
	o.http1Until = now.Add(http1Memory)
	p.http1 = append(p.http1, http1Origin{key, o.http1Until})
	for oldest := p.http1[0]; len(p.http1) > maxHTTP1 || !now.Before(oldest.until); oldest = p.http1[0] {
		p.http1 = p.http1[1:]
		if o := p.origins[oldest.key]; o != nil && o.http1Until.Equal(oldest.until) {
			o.http1Until = time.Time{}
			p.forget(oldest.key, o)
		}
	}
}

// forgetHTTP1 notes that an origin is to be asked for HTTP/2 again.
func (p *Pool) forgetHTTP1(key originKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.origins[key]; o != nil {
		o.http1Until = time.Time{}
		p.forget(key, o)
	}
}

// http1Origin is an origin that has no HTTP/2, and until when that is remembered.
type http1Origin struct {
	key   originKey
	until time.Time
}

// Close ends all connections, with their streams, and waits for that. A Dial that is under way
// fails.
func (p *Pool) Close() {
	p.mu.Lock()
	p.phase = poolClosed
	for _, o := range p.origins {
		for _, s := range o.sessions {
			s.Close()
		}
	}
	p.mu.Unlock()
	p.running.Wait()
}

// required is the error of an origin that leaves only HTTP/1.1.
func required(why string) error { return fmt.Errorf("%w: %s", ErrNoHTTP2, why) }
