package websocket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/hawser-ws/websocket/handshake"
)

// AcceptOptions are the options of [Accept], [Handler], [RequestHandler], [Upgrade] and
// [ServeHTTP2]. Nil means the defaults.
type AcceptOptions struct {
	// Subprotocols are those that the server supports, the best first. The server selects
	// the first one that is also in the client's list; case matters. Default: none.
	Subprotocols []string

	// InsecureSkipVerify lets pages of any origin connect. That is safe only if nothing
	// in a request authenticates the user: no cookie, no client certificate, no private
	// network. Most servers want OriginPatterns instead.
	InsecureSkipVerify bool

	// OriginPatterns are the origins whose pages may connect. Pages of the server's own
	// host always may. A pattern is matched by [path.Match], ignoring case, against
	// the origin's host and port, or, if it contains "://", against "scheme://host:port".
	// Default ports may be left out. A request without an Origin does not come from a
	// browser, and is always accepted.
	OriginPatterns []string

	// CompressionMode says whether permessage-deflate (RFC 7692) is accepted.
	// Default: CompressionDisabled.
	CompressionMode CompressionMode
	// Compression refines CompressionMode.
	Compression CompressionOptions

	// HTTPHeader is added to the response that opens the connection. So are the fields
	// that were set on the http.ResponseWriter.
	HTTPHeader http.Header
	// OnRequest lets the caller of Upgrade, ServeHTTP2 or [Loop.Serve] refuse a request. It is called
	// after the request was found valid and before it is accepted. The request's strings
	// are valid during the call. An error refuses the request: a [*Refusal] in it is the
	// answer. Any other error is answered with 403 Forbidden; its text is not sent to the
	// client, but is in the error of Upgrade, or that of OnError. ServeHTTP2 and Loop.Serve call
	// it for several requests at a time. Nothing else calls OnRequest; with net/http use
	// [RequestHandler].
	OnRequest func(r *handshake.Request) error
	// OnError receives the errors of Handler, RequestHandler, a [Loop] and the streams of
	// ServeHTTP2, which have no caller to return them to:
	//
	//   - A request was refused, or its handshake failed. [HandlerError.Err] is the
	//     [*AcceptError]. The call is on the handler's goroutine, if there is one.
	//   - A [ServeFunc], [Loop.Open] or a [Receiver] returned an error or panicked. The call
	//     is on the same goroutine, before the connection is closed.
	//
	// It is not called for a plain [CloseError], because that is an answer to the peer. It
	// is called for an error that wraps one, because the peer does not see the text around
	// it. It is not called for an error that only says that the connection ended normally:
	// the peer closed with 1000, 1001, a code from 3000 on or no code, or this end closed.
	//
	// Calls may be concurrent. A panic in one is logged. Nil: each error that is not
	// [HandlerError.Ordinary] is a line in the ErrorLog of the http.Server, or in the log
	// of package log if the server has none. Accept and Upgrade return their errors and
	// never call OnError.
	OnError func(e *HandlerError)
	// Registry is the set that the connection joins. Nil: none.
	Registry *Registry

	// These fields are documented in [ConnOptions].
	CompressionThreshold int
	OnPingReceived       func(ctx context.Context, payload []byte) bool
	OnPongReceived       func(ctx context.Context, payload []byte)
	Limits               Limits
	Timeouts             Timeouts
	KeepAlive            KeepAlive
	Trace                *Trace
}

// ServeFunc serves one connection after its opening handshake. ctx ends when the
// connection ends; [context.Cause] then returns the [*ClosedError]. What the function
// returns decides how the connection is closed:
//
//   - nil: StatusNormalClosure;
//   - a [CloseError], or an error that wraps one: its code and reason;
//   - any other error: StatusInternalError; the peer does not see the error's text.
//
// If the connection has already ended, none of this applies: the function may simply return
// the error of its last call. A panic closes the connection with StatusInternalError.
// Errors and panics are reported to [AcceptOptions.OnError] or to the server's ErrorLog. A
// panic with [http.ErrAbortHandler] is not reported, as in net/http.
//
// ctx has the values of [http.ServerContextKey] and [http.LocalAddrContextKey], and no other
// value of the request's context. Middleware may reuse what it put there as soon as the
// handler has returned, while the connection goes on. Values of the server's BaseContext
// and ConnContext cannot be told apart from those of middleware, so they are missing, too.
// To keep any of them use [RequestHandler].
type ServeFunc func(ctx context.Context, c *Conn) error

// prepareFunc is the type of Loop.Prepare.
type prepareFunc = func(r *handshake.Request) (OpenFunc, error)

// OpenFunc returns the [Receiver] of a connection.
type OpenFunc func(ctx context.Context, c *Conn) (Receiver, error)

// Receiver gets the messages of one connection.
type Receiver interface {
	// Receive is called for each message, in order, and never twice at a time. m.Data is
	// valid until it returns. ctx is [Conn.Context]. While Receive runs, short messages that
	// are written on c are held back if another message has already arrived. They leave
	// together, before the loop goes on to another connection.
	//
	// An error, or a panic, closes the connection as one of a [ServeFunc] does, and Receive
	// is not called again. To close it without an error, return CloseError{Code:
	// StatusNormalClosure}.
	Receive(ctx context.Context, c *Conn, m Message) error
}

// ReceiverFunc is a function that is a [Receiver]. One may serve any number of connections.
type ReceiverFunc func(ctx context.Context, c *Conn, m Message) error

// Receive calls f.
func (f ReceiverFunc) Receive(ctx context.Context, c *Conn, m Message) error { return f(ctx, c, m) }

func (o *AcceptOptions) settings() settings {
	return settings{
		o.CompressionThreshold, o.Compression.Level, o.OnPingReceived, o.OnPongReceived,
		o.Limits, o.Timeouts, o.KeepAlive, o.Trace,
	}
}

var noOptions AcceptOptions

// AcceptError is why [Accept] or [Upgrade] made no connection. The client got an answer,
// unless Status is 0.
type AcceptError struct {
	Status int   // the HTTP status code of the response; 0 if none could be sent
	Err    error // a [*Refusal], or what failed

	byApplication bool // Err is a Refusal of the application's that no other error wraps
	plain         bool // Upgrade got no request that was meant as a handshake
}

// Error says why.
func (e *AcceptError) Error() string { return "websocket: request not accepted: " + e.Err.Error() }

// Unwrap returns Err.
func (e *AcceptError) Unwrap() error { return e.Err }

// serverHandshake is what every opening handshake of a server needs, over net/http or
// not. It comes from a pool.
type serverHandshake struct {
	opts     *AcceptOptions
	request  handshake.Request
	policy   handshake.Policy
	deflate  handshake.Deflate // of policy
	accepted handshake.Acceptance
	response [512]byte // room for it
}

// clear drops every reference to what belongs to others.
func (h *serverHandshake) clear() {
	h.request.Reset()
	h.opts = nil
	h.policy.Subprotocols, h.policy.OriginPatterns = nil, nil
	h.accepted = handshake.Acceptance{}
}

// setPolicy sets h.policy to what the options mean to the handshake. Errors name method.
func (h *serverHandshake) setPolicy(method string) (err error) {
	p, o := &h.policy, h.opts
	p.Subprotocols, p.OriginPatterns, p.AnyOrigin = o.Subprotocols, o.OriginPatterns, o.InsecureSkipVerify
	p.Deflate = nil
	if o.CompressionMode != CompressionDisabled {
		p.Deflate = &h.deflate
		h.deflate.Server, h.deflate.Client, _, err = o.Compression.wanted(method, o.CompressionMode)
	}
	return err
}

// switching returns the response that opens the connection. It is valid until h is
// cleared.
func (h *serverHandshake) switching(header http.Header) ([]byte, error) {
	if len(header)+len(h.opts.HTTPHeader) == 0 {
		return h.accepted.AppendSwitching(h.response[:0], nil), nil
	}
	extra, err := extraFields(header, h.opts.HTTPHeader)
	return h.accepted.AppendSwitching(h.response[:0], extra), err
}

// extraFields returns the application's header fields for the response.
func extraFields(headers ...http.Header) (fields []handshake.Field, err error) {
	for _, h := range headers {
		for name, values := range h {
			if handshake.Reserved(name) || name == "Content-Type" || name == "Content-Length" {
				continue
			}
			for _, v := range values {
				if !handshake.ValidFieldName(name) || !handshake.ValidFieldValue(v) {
					return nil, &UsageError{"Accept", fmt.Sprintf("header field %q: %q may not be sent", name, v)}
				}
				fields = append(fields, handshake.Field{Name: name, Value: v})
			}
		}
	}
	return fields, nil
}

// open makes c, which has its transport, a connection after a finished handshake. trailing
// is what the client sent behind its request.
func (h *serverHandshake) open(c *Conn, trailing []byte) error {
	agreed := agreement{subprotocol: h.accepted.Subprotocol, buffered: trailing}
	if h.accepted.Deflated {
		agreed.deflate = &h.accepted.Deflate
	}
	c.open(RoleServer, h.opts.settings(), agreed)
	if registry := h.opts.Registry; registry != nil && !registry.add(c) {
		_ = c.Close(StatusGoingAway, "")
		return &AcceptError{Err: refusedByShutdown}
	}
	return nil
}

// refusal returns the answer to a request that failed with err, nil if there is none, and
// what the server is told.
func (h *serverHandshake) refusal(err error) (*Refusal, *AcceptError) {
	refused := &AcceptError{Err: err, plain: len(h.request.Upgrade)+len(h.request.Key) == 0}
	if denied, ok := errors.AsType[*denial](err); ok {
		refused.Err, refused.byApplication = denied.err, denied.err == error(denied.answer)
		return denied.answer, refused
	}
	answer, _ := errors.AsType[*Refusal](err)
	return answer, refused
}

// Refusal is an error that refuses a request: the status, reason and header fields of the
// answer. The application may return one: see [RequestHandler] and
// [AcceptOptions.OnRequest]. If the rules of the handshake refuse a request, the
// [AcceptError] holds one.
type Refusal = handshake.Refusal

var refusedByShutdown = &Refusal{Status: http.StatusServiceUnavailable, Reason: "the server is shutting down"}

// denial is the application's refusal of a request. The client gets the answer; the
// server's hook or log gets the error.
type denial struct {
	answer *Refusal
	err    error
}

// Error says why.
func (d *denial) Error() string { return d.err.Error() }

// deny makes a denial of err. Only a Refusal is meant for the client; the text of any other
// error may be private. A [UsageError] names method.
func deny(method string, err error) *denial {
	refusal, ok := errors.AsType[*Refusal](err)
	switch {
	case !ok:
		return &denial{plainRefusal(http.StatusForbidden), err}
	case refusal == nil: // from a function whose result has the type *Refusal
		return misuse(method, "the error is a nil *Refusal, which is not a nil error")
	}
	if problem := refusalProblem(refusal); problem != "" {
		denied := misuse(method, problem)
		denied.err = errors.Join(denied.err, err)
		return denied
	}
	return &denial{refusal, err}
}

// misuse returns a denial for a mistake of the application's.
func misuse(method, problem string) *denial {
	return &denial{plainRefusal(http.StatusInternalServerError), &UsageError{method, problem}}
}

func plainRefusal(status int) *Refusal {
	return &Refusal{Status: status, Reason: http.StatusText(status)}
}

// refusalProblem says why the application's refusal cannot be sent. It is empty if it can.
func refusalProblem(r *Refusal) string {
	if r.Status < 300 || r.Status > 599 {
		return fmt.Sprintf("a request cannot be refused with status %d; use 300 to 599", r.Status)
	}
	sent := r.Fields()
	for name, values := range r.Header {
		for _, value := range values {
			if !slices.Contains(sent, handshake.Field{Name: name, Value: value}) {
				return fmt.Sprintf("header field %q: %q may not be sent with a refusal", name, value)
			}
		}
	}
	return ""
}
