package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hawser-ws/websocket/internal/nethttp"
)

// checkClient refuses options that an HTTPClient would not see.
func (d *dialer) checkClient() error {
	o := d.opts
	if o.HTTPClient == nil {
		return nil
	}
	return refuseOptions([]option{
		{"TLSConfig", o.TLSConfig != nil},
		{"DialContext", o.DialContext != nil},
		{"DialTLSContext", o.DialTLSContext != nil},
		{"Proxy", o.Proxy != nil},
		{"ProxyHeader", o.ProxyHeader != nil},
		{"Jar", o.Jar != nil},
		{"MaxRedirects", o.MaxRedirects != 0},
		{"HTTP2", o.HTTP2 != nil},
	}, "has no effect with HTTPClient: set it in the client or its Transport")
}

// option is one of Options.
type option struct {
	name string
	set  bool
}

// refuseOptions refuses those that are set, and says why.
func refuseOptions(options []option, why string) error {
	for _, o := range options {
		if o.set {
			return misuse(o.name + " " + why)
		}
	}
	return nil
}

// viaHTTPClient does the handshake with the caller's HTTP client.
func (d *dialer) viaHTTPClient(ctx context.Context, t *target) (Result, error) {
	client := *d.opts.HTTPClient
	timeout := d.opts.Timeout
	if client.Timeout > 0 && (timeout == 0 || client.Timeout < timeout) {
		timeout = client.Timeout
	}
	client.Timeout = 0 // it would end the connection
	client.CheckRedirect = checkRedirect(client.CheckRedirect)
	bounded := detach(ctx, timeout)
	fail := func(resp *http.Response, err error) (Result, error) {
		bounded.end()
		return Result{}, &Error{URL: t.String(), Response: resp, Err: err}
	}

	req := d.request(bounded, t)
	req.http.URL = t.withUser()
	resp, err := client.Do(req.http)
	if resp != nil && resp.Request != nil && resp.Request.URL != nil {
		if last, err := newTarget(resp.Request.URL); err == nil {
			t = last // after redirects
		}
	}
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok { // repeats the URL, with its query
			err = inner.Err
		}
		if resp != nil { // CheckRedirect said no; net/http has closed the body
			resp.Body = http.NoBody
			err = fmt.Errorf("%w: %w", refused(resp), err)
		}
		return fail(resp, withContextCause(bounded, "", err))
	}
	body := resp.Body
	agreed, err := judge(&req.offer, resp)
	rwc, ok := body.(io.ReadWriteCloser)
	if err == nil && !ok {
		err = fmt.Errorf("HTTPClient gave a body that cannot be written to: %T", body)
	}
	if err == nil && !bounded.release() {
		<-bounded.Done() // it is about to
		err = withContextCause(bounded, "", context.Canceled)
	}
	if err != nil {
		excerpt(resp, func() { _ = body.Close() })
		_ = body.Close()
		return fail(resp, err)
	}
	resp.Body = http.NoBody
	stream, buffered := nethttp.Beneath(rwc)
	if nc, ok := stream.(net.Conn); !ok || !hasDeadlines(nc) {
		stream = rwc
	}
	return Result{Stream: stream, Buffered: buffered, Response: resp, Agreed: agreed}, nil
}

// hasDeadlines reports whether the deadlines of nc are known to work. Those of an
// application's own type may do nothing, which an http.Transport does not mind. Then the body
// drives the connection.
func hasDeadlines(nc net.Conn) bool {
	for {
		switch c := nc.(type) {
		case *net.TCPConn, *net.UnixConn:
			return true
		case *tls.Conn:
			nc = c.NetConn()
		default:
			return false
		}
	}
}

// detached is a context that ends with another, or by a timeout, until it is
// released. Then it stays: to net/http the context of a request is that of the
// response's body as well, and that body is the connection.
type detached struct {
	context.Context
	cancel context.CancelCauseFunc
	stops  []func() bool // each stops what might end the context
}

func detach(ctx context.Context, timeout time.Duration) *detached {
	c := &detached{}
	c.Context, c.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	c.stops = append(c.stops, context.AfterFunc(ctx, func() { c.cancel(withContextCause(ctx, "", nil)) }))
	if timeout > 0 {
		c.stops = append(c.stops, time.AfterFunc(timeout, func() { c.cancel(tookLonger(timeout)) }).Stop)
	}
	return c
}

// release reports whether the context is still there, to stay.
func (c *detached) release() bool {
	released := true
	for _, stop := range c.stops {
		released = stop() && released
	}
	return released
}

func (c *detached) end() {
	c.release()
	c.cancel(nil)
}

// checkRedirect lets net/http understand redirects to ws and wss, and refuses
// those that leave TLS.
func checkRedirect(theirs func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		switch req.URL.Scheme {
		case "ws":
			req.URL.Scheme = "http"
		case "wss":
			req.URL.Scheme = "https"
		}
		if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
			return errDowngrade
		}
		if theirs != nil {
			return theirs(req, via)
		}
		if len(via) >= DefaultMaxRedirects {
			return tooMany(DefaultMaxRedirects)
		}
		return nil
	}
}
