package dial

import (
	"context"
	"crypto/tls"
	"net/http"
)

// attempt does one handshake. If the answer is a redirect to be followed, next is
// where it leads.
func (d *dialer) attempt(ctx context.Context, t *target) (result Result, next *target, err error) {
	req := d.ownRequest(ctx, t)
	if d.opts.HTTP3 != nil {
		return d.attemptStream(ctx, t, req)
	}
	p, err := d.proxyFor(req.http)
	switch {
	case err != nil:
		return failed(t, nil, at("choosing the proxy", err))
	case d.opts.HTTP2.speaks(t):
		return d.attemptHTTP2(ctx, &way{target: t, proxy: p}, req)
	}
	r, err := d.connect(ctx, &way{target: t, proxy: p})
	if err != nil {
		return failed(t, nil, err)
	}
	return d.attemptOver(ctx, t, req, r)
}

// failed is what an attempt returns that has failed.
func failed(t *target, resp *http.Response, err error) (Result, *target, error) {
	return Result{}, nil, &Error{URL: t.String(), Response: resp, Err: err}
}

// attemptOver does the handshake of HTTP/1.1 over a route.
func (d *dialer) attemptOver(ctx context.Context, t *target, req *request, r *route) (result Result, next *target, err error) {
	resp, reader, err := d.exchange(ctx, r, req)
	if err != nil {
		r.close()
		return failed(t, nil, err)
	}
	if conn, ok := r.conn.(*tls.Conn); ok && t.secure() {
		state := conn.ConnectionState()
		resp.TLS = &state
	}
	d.keepCookies(resp, t)
	agreed, err := judge(&req.offer, resp)
	if err != nil {
		if next, err = d.redirect(t, resp, err); next != nil {
			r.close()
			return Result{}, next, nil
		}
		excerpt(resp, func() { _ = r.raw.Close() })
		r.close()
		return failed(t, resp, err)
	}
	if !r.release() {
		return failed(t, resp, withContextCause(ctx, "", context.Canceled))
	}
	resp.Body = http.NoBody
	return Result{Stream: r.conn, Buffered: reader.rest(), Response: resp, Agreed: agreed}, nil, nil
}

// exchange sends the request over HTTP/1.1 and reads the response (RFC 6455 §4.1).
// The reader has what came behind it.
func (d *dialer) exchange(ctx context.Context, r *route, req *request) (*http.Response, *responseReader, error) {
	trace := clientTrace(ctx)
	if err := send(r.conn, req, trace); err != nil {
		return nil, nil, withContextCause(ctx, "sending the request", err)
	}
	reader := newResponseReader(r, d.headLimit(), trace)
	resp, err := reader.read(req.http)
	if err != nil {
		return nil, nil, withContextCause(ctx, "reading the response", err)
	}
	return resp, reader, nil
}

// keepCookies puts what came with the response into the jar.
func (d *dialer) keepCookies(resp *http.Response, t *target) {
	if cookies := resp.Cookies(); d.opts.Jar != nil && len(cookies) > 0 {
		d.opts.Jar.SetCookies(t.url, cookies)
	}
}
