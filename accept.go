package websocket

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/ledger"
	"github.com/hawser-ws/websocket/internal/transport"
)

// AcceptOptions are the options of [Accept], [Handler], [RequestHandler] and [Upgrade].
// Nil means the defaults.
type AcceptOptions struct {
	// Subprotocols are those that the server speaks. The first in the client's list
	// that is here as well is selected, compared with regard to case. If there is
	// none, the connection has no subprotocol.
	Subprotocols []string

	// InsecureSkipVerify lets pages of any origin connect. Safe only where nothing
	// in a request vouches for the user: no cookies, no client certificate, no
	// private network. OriginPatterns is what most want.
	InsecureSkipVerify bool

	// OriginPatterns are the origins, besides the server's own host, whose pages may
	// connect. A pattern is matched by [path.Match], without regard to case, against
	// the origin's host and port, or, with "://" in it, against "scheme://host:port".
	// Default ports may be left out. Requests without an Origin, which no browser
	// sends, are always accepted.
	OriginPatterns []string

	// CompressionMode says whether permessage-deflate (RFC 7692) is accepted.
	// Default: no.
	CompressionMode CompressionMode
	// Compression refines CompressionMode.
	Compression CompressionOptions

	// HTTPHeader is added to the response that opens the connection, as are the
	// fields that were set on the http.ResponseWriter.
	HTTPHeader http.Header
	// OnRequest is called by Upgrade, which has no *http.Request, with a request
	// that keeps the rules, before it is accepted. The request's strings are valid
	// during the call. An error refuses it: a [*Refusal] in it is the
	// answer. Any other error is answered with 403 Forbidden; its text is not sent to
	// the client, and is in the error of Upgrade. [RequestHandler] is for net/http.
	OnRequest func(r *handshake.Request) error
	// OnError is called for errors behind Handler and RequestHandler, which have no
	// caller to return them to:
	//
	//   - A request was refused, or its handshake failed. [HandlerError.Err] is the
	//     [*AcceptError]. The call is on the handler's goroutine.
	//   - A [ServeFunc] returned an error or panicked. The call is on the goroutine of
	//     the ServeFunc, before the connection is closed.
	//
	// It is not called for a plain [CloseError], which is an answer to the peer. It is
	// called for an error that wraps one, because the peer does not see the text around it.
	// Nor is it called for an error that only says that the connection ended
	// normally: the peer closed with 1000, 1001, a code from 3000 on or no code, or this
	// end closed.
	//
	// Calls may be concurrent. A panic in one is logged. Nil: each error is a line in the
	// ErrorLog of the http.Server, or of package log if there is none, except for those
	// that are [HandlerError.Ordinary]. Accept and Upgrade return their errors and never
	// call OnError.
	OnError func(e *HandlerError)
	// Registry takes the connection in. Nil: none does.
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

// AcceptError is why a request was not accepted. The client got an answer, unless
// Status is 0.
type AcceptError struct {
	Status int   // the HTTP status code of the response; 0 if none could be sent
	Err    error // a [*Refusal], or what failed

	onPurpose bool // Err is a Refusal of the application's, by itself
}

// Error says why.
func (e *AcceptError) Error() string { return "websocket: request not accepted: " + e.Err.Error() }

// Unwrap returns Err.
func (e *AcceptError) Unwrap() error { return e.Err }

// Accept performs the opening handshake as the server (RFC 6455 §4.2) and takes
// the connection over from net/http. On an error, an [*AcceptError], it has
// already answered the request.
//
// The request must be a WebSocket handshake of version 13, and by default must
// come from a page of the server's own host, or from no page: see
// [AcceptOptions.OriginPatterns]. w may be wrapped by middleware that implements
// Unwrap; see [http.ResponseController]. Such middleware also sees the status 101.
//
// r.Context() ends when the handler returns, as always with a hijacked connection:
// do not use it for longer.
func Accept(w http.ResponseWriter, r *http.Request, opts *AcceptOptions) (*Conn, error) {
	if opts == nil {
		opts = &noOptions
	}
	c, _, err := accept(w, r, opts, nil)
	return c, err
}

// accept is Accept that calls prepare, see [RequestHandler], and returns what that
// returned. prepare may be nil.
func accept(w http.ResponseWriter, r *http.Request, opts *AcceptOptions, prepare func(*http.Request) (ServeFunc, error)) (*Conn, ServeFunc, error) {
	if opts.Registry != nil && opts.Registry.closed() {
		return nil, nil, respond(w, refusedByShutdown, refusedByShutdown)
	}
	h := handshakes.Get().(*handshaking)
	h.opts, h.prepare = opts, prepare
	c, err := h.accept(w, r)
	serve := h.serve
	h.clear() // not after a panic of prepare, or of what w is
	handshakes.Put(h)
	return c, serve, err
}

var handshakes = ledger.NewPool("handshakes", func() any { return new(handshaking) })

func (h *handshaking) accept(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	if err := h.opts.policy("Accept", h); err != nil {
		return nil, respondError(w, err)
	}
	h.collect(r)
	if refusal := h.policy.AcceptInto(&h.accepted, &h.request); refusal != nil {
		return nil, respond(w, refusal, refusal)
	}
	if h.prepare != nil {
		if denied := h.ask(r); denied != nil {
			return nil, respondDenial(w, denied)
		}
	}
	response, err := h.switching(w.Header())
	if err != nil {
		return nil, respondError(w, err)
	}
	passed := passStatus(w, response, &h.opts.Timeouts)
	nc, brw, err := passed.hijack(w)
	if err != nil {
		return nil, respondError(w, hijackError(w, err))
	}
	buffered := glued(brw.Reader)
	c := new(Conn)
	c.transport = transport.New(nc, &c.socket)
	if passed.sent {
		err = passed.failed(r)
	} else {
		err = h.send(nc, c.transport, response)
	}
	if err != nil {
		_ = nc.Close()
		return nil, &AcceptError{Err: err}
	}
	if err := h.opts.open(c, &h.accepted, buffered); err != nil {
		return nil, err
	}
	return c, nil
}

// ask calls prepare. Nil: the request is accepted.
func (h *handshaking) ask(r *http.Request) *denial {
	serve, err := h.prepare(r)
	switch {
	case err != nil:
		return deny("RequestHandler", err)
	case serve == nil:
		return misuse("RequestHandler", "prepare returned neither a ServeFunc nor an error")
	}
	h.serve = serve
	return nil
}

// collect takes from r what the rules look at.
func (h *handshaking) collect(r *http.Request) {
	req := &h.request
	req.Collect(canonical(r.Header))
	req.Method, req.Target, req.Host = r.Method, r.RequestURI, r.Host
	req.ProtoMajor, req.ProtoMinor, req.TLS = r.ProtoMajor, r.ProtoMinor, r.TLS != nil
	req.TransferEncoding = append(req.TransferEncoding, r.TransferEncoding...)
}

// canonical is an http.Header that is asked for canonical names only, and need not
// look at each of their letters.
type canonical map[string][]string

func (h canonical) Values(name string) []string { return h[name] }

// policy sets h.policy to what the options mean to the handshake. method is named in errors.
func (o *AcceptOptions) policy(method string, h *handshaking) (err error) {
	p := &h.policy
	p.Subprotocols, p.OriginPatterns, p.AnyOrigin = o.Subprotocols, o.OriginPatterns, o.InsecureSkipVerify
	p.Deflate = nil
	if o.CompressionMode != CompressionDisabled {
		p.Deflate = &h.deflate
		h.deflate.Server, h.deflate.Client, _, err = o.Compression.wanted(method, o.CompressionMode)
	}
	return err
}

// open makes c, which has its transport, the connection of a handshake that is done.
func (o *AcceptOptions) open(c *Conn, a *handshake.Acceptance, buffered []byte) error {
	agreed := agreement{subprotocol: a.Subprotocol, buffered: buffered}
	if a.Deflated {
		agreed.deflate = &a.Deflate
	}
	c.open(RoleServer, o.settings(), agreed)
	if o.Registry != nil && !o.Registry.add(c) {
		_ = c.Close(StatusGoingAway, "")
		return &AcceptError{Err: refusedByShutdown}
	}
	return nil
}

// glued returns what net/http had already read behind the request, without the
// buffer it stands in.
func glued(r *bufio.Reader) []byte {
	n := r.Buffered()
	if n == 0 {
		return nil
	}
	p, _ := r.Peek(n)
	return append([]byte(nil), p...)
}

// switching returns the response that opens the connection; it is valid until h is
// cleared.
func (h *handshaking) switching(header http.Header) ([]byte, error) {
	if len(header)+len(h.opts.HTTPHeader) == 0 {
		return h.accepted.AppendSwitching(h.response[:0], nil), nil
	}
	extra, err := extraFields(header, h.opts.HTTPHeader)
	return h.accepted.AppendSwitching(h.response[:0], extra), err
}

// send sends the response, with a deadline only if it has to wait.
func (h *handshaking) send(nc net.Conn, t transport.Transport, response []byte) error {
	n := t.TryWrite(response)
	if n == len(response) {
		return nil
	}
	if d := orDefault(h.opts.Timeouts.Handshake, defaultHandshakeTimeout); d > 0 {
		if nc.SetWriteDeadline(time.Now().Add(d)) == nil {
			defer nc.SetWriteDeadline(time.Time{})
		} else {
			defer time.AfterFunc(d, func() { _ = nc.Close() }).Stop()
		}
	}
	_, err := nc.Write(response[n:])
	return err
}

// extraFields are the header fields of the application for the response.
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
