package websocket

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
)

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
	return NewConn(l.conn, RoleClient, d.connection(&agreed, ConnOptions{Buffered: r.rest()})), resp, nil, nil
}

func (d *dialing) headLimit() int64 {
	if d.opts.Limits.HeaderBytes > 0 {
		return int64(d.opts.Limits.HeaderBytes)
	}
	return defaultResponseHeaderBytes
}
