package dial

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
)

// Misuse is a call that makes no sense. Nothing was sent.
type Misuse struct{ Problem string }

func (e *Misuse) Error() string { return e.Problem }

func misuse(problem string) error { return &Misuse{problem} }

// Error is why there is no stream. [errors.As] finds in it
//
//   - a [*ProxyError], as Err itself, if the route ended at the proxy;
//   - a [*handshake.BadResponse] if the server refused or broke the protocol.
type Error struct {
	URL      string         // where the handshake was tried, after redirects; without user, password and query
	Response *http.Response // what the server answered, with an excerpt of the body; nil if nothing
	Err      error
}

func (e *Error) Error() string { return "handshake with " + e.URL + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ProxyError is why a proxy did not lead to the server.
type ProxyError struct {
	Proxy    string         // its URL, without user and password
	Response *http.Response // its refusal, with an excerpt of the body; nil for SOCKS and if there was none
	Err      error
}

func (e *ProxyError) Error() string { return "proxy " + e.Proxy + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ProxyError) Unwrap() error { return e.Err }

// answered tells the status of a response that refuses. The words are the
// standard's, not the peer's.
func answered(resp *http.Response) string {
	text := "answered " + strconv.Itoa(resp.StatusCode)
	if known := http.StatusText(resp.StatusCode); known != "" {
		text += " " + known
	}
	return text
}

// refusedError is a BadResponse whose text is that of a refusal. It leaves out the
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

// malformedResponse is for what is wrong before there is a status to speak of.
func malformedResponse(section, reason string) error {
	return &handshake.BadResponse{Section: section, Reason: reason}
}

// StepError is the step at which an [Error] or [ProxyError] came about.
type StepError struct {
	Step string // "connecting", "TLS", "reading the response" and others
	Err  error  // what stopped us: the cause of the context, if that has ended
	Raw  error  // what failed at this step; differs from Err if the context has ended
}

func (e *StepError) Error() string { return e.Step + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *StepError) Unwrap() error { return e.Err }

// at says that err came about at a step.
func at(step string, err error) error { return &StepError{Step: step, Err: err, Raw: err} }

// withContextCause says what we were doing and what stopped us. If the context has
// ended, err is only a consequence: the cause of the context takes its place.
func withContextCause(ctx context.Context, doing string, err error) error {
	raw := err
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
	if doing == "" {
		return err
	}
	return &StepError{Step: doing, Err: err, Raw: raw}
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
