package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	hawser "github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

// Dial connects to a server and performs the opening handshake as the client. The scheme of
// the URL is ws, wss, http or https. opts may be nil.
//
// A fragment of the URL is dropped, as it is not for servers.
//
// The request is sent by opts.HTTPClient or, if that is nil, by [http.DefaultClient]; but if
// one of the options of the root is set that say how to reach the server, such as TLSConfig or
// DialContext, Dial connects without an http.Client. ctx bounds the handshake, and nothing
// after it.
//
// The response is the last one that the server sent, or nil if there was none. If the server
// refused, its body holds at most 1 KiB of the answer. It need not be closed.
func Dial(ctx context.Context, u string, opts *DialOptions) (*Conn, *http.Response, error) {
	ws, resp, err := dial(ctx, u, opts)
	if err != nil {
		return nil, resp, fmt.Errorf("failed to WebSocket dial: %w", err)
	}
	return newConn(ws), resp, nil
}

func dial(ctx context.Context, u string, opts *DialOptions) (*hawser.Conn, *http.Response, error) {
	if err := checkURL(u); err != nil {
		return nil, nil, err
	}
	u, _, _ = strings.Cut(u, "#")
	var o DialOptions
	if opts != nil {
		o = *opts
	}
	if o.Limits.Message == 0 {
		o.Limits.Message = defaultReadLimit
	}
	if o.Timeouts.Handshake == 0 {
		o.Timeouts.Handshake = -1
	}
	sent := &exchange{subprotocols: o.Subprotocols}
	o.HTTPClient = sent.client(&o)
	ws, resp, err := hawser.Dial(ctx, u, &o)
	if err != nil {
		err = sent.retell(err)
	}
	return ws, resp, err
}

func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil {
		return fmt.Errorf("failed to parse url: %w", err)
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
		return nil
	}
	return fmt.Errorf("unexpected url scheme: %q", u.Scheme)
}

// exchange is a RoundTripper that looks at the response before the root does.
type exchange struct {
	next         http.RoundTripper
	subprotocols []string // as they were offered
	body         io.Closer
}

// client returns the client that sends the request by way of e. It is nil if the options are
// for the root's own way.
func (e *exchange) client(o *DialOptions) *http.Client {
	client := o.HTTPClient
	if client == nil {
		if o.TLSConfig != nil || o.DialContext != nil || o.Proxy != nil || o.ProxyHeader != nil || o.Jar != nil || o.MaxRedirects != 0 {
			return nil
		}
		client = http.DefaultClient
	}
	e.next = client.Transport
	if e.next == nil {
		e.next = http.DefaultTransport
	}
	through := *client
	through.Transport = e
	return &through
}

// RoundTrip sends the request. In the response it spells the subprotocol as it was offered.
func (e *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := e.next.RoundTrip(r)
	if err != nil || resp == nil {
		return resp, err
	}
	e.body = resp.Body
	if answer := resp.Header["Sec-Websocket-Protocol"]; len(answer) == 1 && resp.StatusCode == http.StatusSwitchingProtocols {
		resp.Header.Set("Sec-WebSocket-Protocol", spelling(strings.TrimSpace(answer[0]), e.subprotocols))
	}
	return resp, nil
}

// retell tells the error of the root in coder's words.
func (e *exchange) retell(err error) error {
	failed, ok := errors.AsType[*hawser.HandshakeError](err)
	if !ok {
		return err
	}
	resp := failed.Response
	_, redirected := failed.Err.(interface{ Unwrap() []error }) // and CheckRedirect said no
	if resp == nil || redirected && resp.StatusCode != http.StatusSwitchingProtocols {
		u := strings.Replace(failed.URL, "ws", "http", 1)
		return fmt.Errorf("failed to send handshake request: %w", &url.Error{Op: "Get", URL: u, Err: failed.Err})
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return &retold{fmt.Sprintf("expected handshake response status code 101 but got %d", resp.StatusCode), err}
	}
	bad, ok := errors.AsType[*handshake.BadResponse](failed.Err)
	if _, writable := e.body.(io.Writer); !ok && !writable {
		return &retold{fmt.Sprintf("response body is not a io.ReadWriteCloser: %T", e.body), err}
	}
	if !ok {
		return err
	}
	return &retold{"WebSocket protocol violation: " + violation(resp.Header, bad.Reason), err}
}
