package dial

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"

	"github.com/hawser-ws/websocket/handshake"
)

// StreamDialer is documented in the root.
type StreamDialer interface {
	DialStream(r *http.Request, config *tls.Config, headerBytes int) (net.Conn, *http.Response, error)
}

// checkStreams refuses options that a StreamDialer would not see.
func (d *dialer) checkStreams() error {
	o := d.opts
	if o.HTTP3 == nil {
		return nil
	}
	return refuseOptions([]option{
		{"HTTPClient", o.HTTPClient != nil},
		{"DialContext", o.DialContext != nil},
		{"DialTLSContext", o.DialTLSContext != nil},
		{"Proxy", o.Proxy != nil},
		{"ProxyHeader", o.ProxyHeader != nil},
		{"HTTP2", o.HTTP2 != nil},
	}, "has no effect with HTTP3, which connects by UDP")
}

// attemptStream does one handshake over a stream of Options.HTTP3.
func (d *dialer) attemptStream(ctx context.Context, t *target, req *request) (Result, *target, error) {
	r := connectRequest(ctx, t, req)
	stream, resp, err := d.opts.HTTP3.DialStream(r, d.opts.TLSConfig, int(d.headLimit()))
	if err != nil {
		return failed(t, nil, withContextCause(ctx, "HTTP/3", err))
	}
	if resp.Request = r; resp.Body == nil {
		resp.Body = http.NoBody
	}
	d.keepCookies(resp, t)
	agreed, err := judgeConnect(&req.offer, resp)
	if err == nil {
		resp.Body = http.NoBody
		return Result{Shared: stream, Response: resp, Agreed: agreed}, nil, nil
	}
	body := resp.Body // which an excerpt takes the place of
	return d.refusedStream(t, resp, err, func() {
		_ = body.Close()
		if stream != nil {
			_ = stream.Close()
		}
	})
}

// connectRequest is the request as a StreamDialer gets it: extended CONNECT without what only
// HTTP/1.1 has (RFC 8441 §5).
func connectRequest(ctx context.Context, t *target, req *request) *http.Request {
	u := *t.url
	u.Host = t.addr // with its port, and the zone
	r := &http.Request{
		Method: http.MethodConnect, URL: &u, Host: req.http.Host,
		Proto: handshake.ConnectProtocol, ProtoMajor: 3, Header: make(http.Header),
	}
	for _, f := range connectFields(req) {
		r.Header.Add(f.Name, f.Value)
	}
	return r.WithContext(ctx)
}
