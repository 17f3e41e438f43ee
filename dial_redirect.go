package websocket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
)

// follow does one handshake after the other until one is not redirected.
func (d *dialing) follow(ctx context.Context, t *target) (*Conn, *http.Response, error) {
	for hops := 0; ; hops++ {
		c, resp, next, err := d.attempt(ctx, t, hops < d.maxRedirects())
		if next == nil {
			return c, resp, err
		}
		d.leave(t, next)
		t = next
	}
}

// attempt does one handshake. If the answer is a redirect to be followed, next is
// where to.
func (d *dialing) attempt(ctx context.Context, t *target, mayFollow bool) (c *Conn, resp *http.Response, next *target, err error) {
	fail := func(err error) (*Conn, *http.Response, *target, error) {
		return nil, resp, nil, &HandshakeError{URL: t.String(), Response: resp, Err: err}
	}
	offer := d.offer()
	req, f := d.ownRequest(ctx, t, &offer)
	l, err := d.connect(ctx, t, req)
	if err != nil {
		return fail(err)
	}
	trace := clientTrace(ctx)
	if err := send(l, trace, req, f); err != nil {
		l.close()
		return fail(because(ctx, "sending the request", err))
	}
	r := newResponseReader(l, d.headLimit(), trace)
	if resp, err = r.read(req); err != nil {
		l.close()
		return fail(because(ctx, "reading the response", err))
	}
	if conn, ok := l.conn.(*tls.Conn); ok && t.secure() {
		state := conn.ConnectionState()
		resp.TLS = &state
	}
	if cookies := resp.Cookies(); d.opts.Jar != nil && len(cookies) > 0 {
		d.opts.Jar.SetCookies(t.url, cookies)
	}
	agreed, err := judge(&offer, resp)
	if err != nil && d.opts.MaxRedirects >= 0 {
		next, where := redirection(t, resp)
		if next != nil && mayFollow {
			l.close()
			return nil, nil, next, nil
		}
		if next != nil {
			where = fmt.Errorf("%w: %w", refused(resp), tooMany(d.maxRedirects()))
		}
		if where != nil {
			err = where
		}
	}
	if err != nil {
		excerpt(resp, func() { _ = l.raw.Close() })
		l.close()
		return fail(err)
	}
	if !l.release() {
		return fail(because(ctx, "", context.Canceled))
	}
	resp.Body = http.NoBody
	return NewConn(l.conn, RoleClient, d.connection(ConnOptions{
		Subprotocol: agreed.Subprotocol,
		Buffered:    r.rest(),
	})), resp, nil, nil
}

func (d *dialing) maxRedirects() int { return orDefault(d.opts.MaxRedirects, defaultMaxRedirects) }

func tooMany(redirects int) error { return fmt.Errorf("redirected more than %d times", redirects) }

func (d *dialing) headLimit() int64 {
	if d.opts.MaxResponseHeaderBytes > 0 {
		return d.opts.MaxResponseHeaderBytes
	}
	return defaultResponseHeaderBytes
}

// redirection returns where a response leads to, nil if nowhere.
func redirection(t *target, resp *http.Response) (*target, error) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	location := resp.Header.Get("Location")
	if location == "" {
		return nil, nil
	}
	u, err := t.url.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("%w: Location: %w", refused(resp), malformed(location, err))
	}
	next, err := newTarget(u)
	if err != nil {
		return nil, fmt.Errorf("%w: Location: %w", refused(resp), err)
	}
	next.user = nil // the server's idea of who we are is none of ours
	if t.secure() && !next.secure() {
		return nil, fmt.Errorf("%w: %w to %v", refused(resp), errDowngrade, next)
	}
	return next, nil
}

var errDowngrade = errors.New("redirect from wss to ws refused")

// leave forgets, on the way from one hop to the next, what was meant for the
// origin that is left.
func (d *dialing) leave(from, to *target) {
	if from.sameOrigin(to) {
		to.user = from.user
		return
	}
	d.host = ""
	d.header = d.header.drop("Authorization", "Cookie", "Cookie2", "Proxy-Authorization", "WWW-Authenticate")
}
