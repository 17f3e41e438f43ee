package websocket

import (
	"errors"
	"net/http"

	"github.com/hawser-ws/websocket/internal/dial"
)

// HandshakeError is why [Dial] made no connection. What has happened:
//
//   - Response is there and its status is not 101: the server refused, or
//     answered with a redirect that was not followed.
//   - [errors.As] finds a [*ProxyError]: the way ended at the proxy.
//   - Else it finds a [*handshake.BadResponse]: the server answered what the
//     protocol forbids, or what we did not ask for.
//   - None of these: Err is what became of the connection or of the context.
type HandshakeError struct {
	// URL is where the handshake was tried, after redirects: without user,
	// password and query, since these may hold secrets.
	URL string
	// Response is what the server answered, nil if nothing, with up to 1 KiB of
	// its body.
	Response *http.Response
	// Err is the cause. If the server refused it is a [*handshake.BadResponse]
	// with the status.
	Err error
}

// Error says with whom, and what came of it.
func (e *HandshakeError) Error() string {
	return "websocket: handshake with " + e.URL + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *HandshakeError) Unwrap() error { return e.Err }

// ProxyError is why a proxy did not lead to the server.
type ProxyError struct {
	// Proxy is its URL, without user and password.
	Proxy string
	// Response is its refusal, with up to 1 KiB of the body; nil if it did not get
	// that far, and for SOCKS.
	Response *http.Response
	// Err is the cause.
	Err error
}

// Error says which proxy, and what is wrong.
func (e *ProxyError) Error() string { return "proxy " + e.Proxy + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ProxyError) Unwrap() error { return e.Err }

// failedDial makes a public error of one of package dial, in which the response is.
func failedDial(err error) (*Conn, *http.Response, error) {
	failed, ok := errors.AsType[*dial.Error](err)
	if !ok { // a *dial.Misuse
		return nil, nil, &UsageError{Method: "Dial", Problem: err.Error()}
	}
	public := &HandshakeError{URL: failed.URL, Response: failed.Response, Err: failed.Err}
	if p, ok := errors.AsType[*dial.ProxyError](failed.Err); ok {
		public.Err = &ProxyError{Proxy: p.Proxy, Response: p.Response, Err: p.Err}
	}
	return nil, public.Response, public
}
