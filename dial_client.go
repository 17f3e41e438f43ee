package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// checkClient refuses what an HTTPClient would not see.
func (d *dialing) checkClient() error {
	o := &d.opts
	if o.HTTPClient == nil {
		return nil
	}
	for _, option := range []struct {
		name string
		set  bool
	}{
		{"TLSConfig", o.TLSConfig != nil},
		{"DialContext", o.DialContext != nil},
		{"Proxy", o.Proxy != nil},
		{"ProxyHeader", o.ProxyHeader != nil},
		{"Jar", o.Jar != nil},
		{"MaxRedirects", o.MaxRedirects != 0},
		{"MaxResponseHeaderBytes", o.MaxResponseHeaderBytes != 0},
	} {
		if option.set {
			return usage(option.name + " has no effect with HTTPClient: set it in the client or its Transport")
		}
	}
	return nil
}

// byClient does the handshake with the caller's HTTP client.
func (d *dialing) byClient(ctx context.Context, t *target) (*Conn, *http.Response, error) {
	fail := func(resp *http.Response, err error) (*Conn, *http.Response, error) {
		return nil, resp, &HandshakeError{URL: t.String(), Response: resp, Err: err}
	}
	client := *d.opts.HTTPClient
	timeout := orDefault(d.opts.Timeouts.Handshake, defaultHandshakeTimeout)
	if client.Timeout > 0 && (timeout == 0 || client.Timeout < timeout) {
		timeout = client.Timeout
	}
	client.Timeout = 0 // it would end the connection
	client.CheckRedirect = checkRedirect(client.CheckRedirect)
	bounded, cancel, release := detached(ctx, timeout)

	offer := d.offer()
	req, _ := d.request(bounded, t, &offer)
	req.URL = t.withZone() // net/http knows what to do with users and zones
	resp, err := client.Do(req)
	if err != nil {
		cancel(nil)
		var inner *url.Error // repeats the URL, with its query
		if errors.As(err, &inner) {
			err = inner.Err
		}
		if resp != nil { // CheckRedirect said no; net/http has closed the body
			resp.Body = http.NoBody
		}
		return fail(resp, because(bounded, "", err))
	}
	body := resp.Body
	end := func() { _ = body.Close() }
	if resp.Request != nil && resp.Request.URL != nil {
		if last, err := newTarget(resp.Request.URL); err == nil {
			t = last // after redirects
		}
	}
	agreed, err := judge(&offer, resp)
	rwc, ok := body.(io.ReadWriteCloser)
	if err == nil && !ok {
		err = fmt.Errorf("HTTPClient gave a body that cannot be written to: %T", body)
	}
	if err == nil && !release() {
		err = because(bounded, "", context.Canceled)
	}
	if err != nil {
		excerpt(resp, end)
		end()
		cancel(nil)
		return fail(resp, err)
	}
	resp.Body = http.NoBody
	return NewConn(rwc, RoleClient, d.connection(ConnOptions{Subprotocol: agreed.Subprotocol})), resp, nil
}

// detached returns a context that ends with ctx or the timeout until it is
// released. What is released stays: to net/http the context of a request is that
// of the response's body as well, and that body is the connection.
func detached(ctx context.Context, timeout time.Duration) (bounded context.Context, cancel context.CancelCauseFunc, release func() bool) {
	bounded, cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { cancel(because(ctx, "", nil)) })
	stopTimer := func() bool { return true }
	if timeout > 0 {
		timer := time.AfterFunc(timeout, func() {
			cancel(tookLonger(timeout))
		})
		stopTimer = timer.Stop
	}
	release = func() bool {
		running := stop()
		return stopTimer() && running
	}
	return bounded, func(err error) { release(); cancel(err) }, release
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
		if len(via) >= defaultMaxRedirects {
			return tooMany(defaultMaxRedirects)
		}
		return nil
	}
}
