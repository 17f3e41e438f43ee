package websocket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
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

func usage(problem string) error { return &UsageError{Method: "Dial", Problem: problem} }

// answered tells the status of a response that refuses. The words are the
// standard's, not the peer's.
func answered(resp *http.Response) string {
	text := "answered " + strconv.Itoa(resp.StatusCode)
	if known := http.StatusText(resp.StatusCode); known != "" {
		text += " " + known
	}
	return text
}

// refusedError is a BadResponse whose text is that of a refusal, without the
// section on what the status has to be.
type refusedError struct {
	bad *handshake.BadResponse
}

func refused(resp *http.Response) error {
	return &refusedError{&handshake.BadResponse{
		Status: resp.StatusCode, Section: "§4.1", Reason: "server " + answered(resp),
	}}
}

func (e *refusedError) Error() string { return e.bad.Reason }
func (e *refusedError) Unwrap() error { return e.bad }

// because says what we were doing and what stopped us. If the context has ended
// then err is but a consequence: the context tells why.
func because(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
	if doing == "" {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// printable makes one line of printable ASCII, not too long, of what a peer may
// have sent.
func printable(s string) string {
	const most = 100
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
