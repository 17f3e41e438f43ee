package websocket

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/nethttp"
	"github.com/hawser-ws/websocket/internal/poolcheck"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Accept performs the opening handshake as the server (RFC 6455 §4.2) and takes the
// connection over from net/http. Every error is an [*AcceptError]; the request has then
// been answered already. opts may be nil.
//
// The request must be a WebSocket handshake of version 13. By default it must come from a
// page of the server's own host, or from no page at all: see
// [AcceptOptions.OriginPatterns].
//
// Straight on net/http's own writer Accept sends the response itself. Any other w, of
// middleware or of a test, gets the fields in w.Header() and the status 101 by w.WriteHeader,
// and is then hijacked: it must have a method Hijack, or Unwrap (see
// [http.ResponseController]) that leads to one that has.
//
// r.Context() ends when the handler returns, as with every hijacked connection. Do not use
// it afterwards.
//
// Over HTTP/2 and HTTP/3 (RFC 8441, RFC 9220) the connection is a stream of another, and lives
// no longer than the handler: a handler that calls Accept must return when the connection has
// ended, and not before. net/http uses w for another request then, which a write that is still
// under way would damage. So the handler calls [Conn.Close] or [Conn.CloseNow] last, best by defer:
// when they have returned no write is under way, unless that takes more than [Timeouts.Close], and
// what is written afterwards fails. [Handler] sees to all that.
//
// The response has the status 200, and w must be net/http's own or have a method Unwrap. A read
// that is cancelled costs nothing; a write that is cancelled while it waits for the peer costs the
// connection. A server of net/http must have been told to accept such requests: see package
// [github.com/hawser-ws/websocket/xconnect]. On quic-go's server the Handler of package http3 makes
// a stream of HTTP/3 outlive the handler, as over HTTP/1.1; a write that is cancelled then costs
// nothing unless half a frame has gone.
func Accept(w http.ResponseWriter, r *http.Request, opts *AcceptOptions) (*Conn, error) {
	if opts == nil {
		opts = &noOptions
	}
	c, _, err := accept(w, r, opts, nil)
	return c, err
}

// accept is [Accept] for [RequestHandler] as well: it calls prepare, unless that is nil, and
// returns the ServeFunc that prepare returned.
func accept(w http.ResponseWriter, r *http.Request, opts *AcceptOptions, prepare func(*http.Request) (ServeFunc, error)) (*Conn, ServeFunc, error) {
	if opts.Registry != nil && opts.Registry.closed() {
		return nil, nil, respond(w, refusedByShutdown, refusedByShutdown)
	}
	h := httpHandshakes.Get().(*httpHandshake)
	h.opts, h.prepare = opts, prepare
	c, err := h.accept(w, r)
	serve := h.serve
	h.clear() // not reached when prepare, or a method of w, panics
	h.prepare, h.serve = nil, nil
	httpHandshakes.Put(h)
	return c, serve, err
}

// httpHandshake is one opening handshake behind net/http.
type httpHandshake struct {
	serverHandshake
	prepare func(*http.Request) (ServeFunc, error) // of a RequestHandler; may be nil
	serve   ServeFunc                              // what prepare returned
}

var httpHandshakes = poolcheck.NewPool("handshakes", func() any { return new(httpHandshake) })

func (h *httpHandshake) accept(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	if err := h.setPolicy("Accept"); err != nil {
		return nil, respondError(w, err)
	}
	h.collect(r)
	if refusal := h.policy.AcceptInto(&h.accepted, &h.request); refusal != nil {
		return nil, respond(w, refusal, refusal)
	}
	if r.ProtoMajor > 1 {
		return h.acceptStream(w, r)
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
	passed := nethttp.PassStatus(w, response, h.limit())
	nc, brw, err := passed.Hijack(w)
	if err != nil {
		return nil, respondError(w, nethttp.HijackError(w, err))
	}
	trailing := nethttp.CopyBuffered(brw.Reader)
	c := connOver(nc)
	if passed.Sent {
		if err = passed.Failed(r); err == nil && brw.Writer.Buffered() > 0 {
			err = brw.Flush() // a writer of its own kind: here is its response
		}
	} else {
		err = h.send(nc, c.transport, response)
	}
	if err != nil {
		_ = nc.Close()
		return nil, &AcceptError{Err: err}
	}
	if err := h.open(c, trailing); err != nil {
		return nil, err
	}
	return c, nil
}

// acceptStream opens a connection over the stream of a request that is accepted: extended
// CONNECT of HTTP/2 (RFC 8441) or HTTP/3 (RFC 9220).
func (h *httpHandshake) acceptStream(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	// Frames go past middleware: what changes a body, such as gzip, would change them.
	own := nethttp.Unwrap(w)
	control := http.NewResponseController(own)
	unsupported := noDeadlines(control) // before prepare, which may take longer than they let it
	if h.prepare != nil {
		if denied := h.ask(r); denied != nil {
			if d := h.limit(); d > 0 {
				_ = control.SetWriteDeadline(time.Now().Add(d)) // or the client could hold the handler
			}
			return nil, respondDenial(w, denied)
		}
	}
	if unsupported != nil {
		return nil, respondError(w, fmt.Errorf("%T has neither deadlines nor Unwrap() http.ResponseWriter; "+
			"keep the WebSocket handler outside of the middleware it is from: %w", own, unsupported))
	}
	extra, err := extraFields(w.Header(), h.opts.HTTPHeader)
	if err != nil {
		return nil, respondError(w, err)
	}
	if hijacker, ok := own.(http.Hijacker); ok && r.ProtoMajor == 3 {
		return h.takeStream(w, hijacker, extra)
	}
	h.respondOK(w, extra)
	if err := control.Flush(); err != nil {
		return nil, errClientGone(err)
	}
	stream := transport.NewResponseStream(r.Context(), nethttp.WholeBody(r.Body), own, control)
	stream.Remote = r.RemoteAddr
	stream.Local, _ = r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	c := &Conn{transport: stream}
	if err := h.open(c, nil); err != nil {
		return nil, err
	}
	return c, nil
}

// takeStream opens a connection over a stream that can be taken over, and outlives the handler
// then: that of package http3, a module of its own.
func (h *httpHandshake) takeStream(w http.ResponseWriter, own http.Hijacker, extra []handshake.Field) (*Conn, error) {
	h.respondOK(w, extra)
	stream, _, err := own.Hijack()
	if err != nil {
		return nil, errClientGone(err)
	}
	c := &Conn{transport: transport.NewShared(stream)}
	if err := h.open(c, nil); err != nil {
		return nil, err
	}
	return c, nil
}

// respondOK gives w the response that opens a connection over HTTP/2 or HTTP/3.
func (h *httpHandshake) respondOK(w http.ResponseWriter, extra []handshake.Field) {
	header := w.Header()
	clear(header)
	for _, f := range h.accepted.Fields(extra) {
		header.Add(f.Name, f.Value)
	}
	nethttp.WriteStatus(w, http.StatusOK)
}

// errClientGone says that the response could not be sent: the client has gone.
func errClientGone(err error) error {
	return &AcceptError{Err: fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)}
}

// noDeadlines removes those of http.Server.ReadTimeout and WriteTimeout: they would end the
// stream, and a deadline that has passed cannot be set again. It fails if control has none.
func noDeadlines(control *http.ResponseController) error {
	if err := control.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	return control.SetWriteDeadline(time.Time{})
}

// ask calls prepare. It returns nil if the request is accepted.
func (h *httpHandshake) ask(r *http.Request) *denial {
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

// collect copies into h.request what the rules of the handshake look at.
func (h *httpHandshake) collect(r *http.Request) {
	req := &h.request
	req.Collect(nethttp.Header(r.Header))
	req.Method, req.Target, req.Host = r.Method, r.RequestURI, r.Host
	req.ProtoMajor, req.ProtoMinor, req.TLS = r.ProtoMajor, r.ProtoMinor, r.TLS != nil
	req.TransferEncoding = append(req.TransferEncoding, r.TransferEncoding...)
	if r.ProtoMajor > 1 {
		collectConnect(req, r)
	}
}

// collectConnect adds to req what only a request of HTTP/2 or HTTP/3 has. net/http keeps
// :protocol among the header fields; quic-go has it in Proto.
func collectConnect(req *handshake.Request, r *http.Request) {
	if r.ProtoMajor == 3 && len(req.Connect) == 0 && r.Method == http.MethodConnect && r.Proto != "HTTP/3.0" {
		req.Connect = append(req.Connect, r.Proto)
	}
	req.EndStream = r.ContentLength == 0
}

// limit is how long sending the response may take; 0 means no limit.
func (h *httpHandshake) limit() time.Duration {
	return orDefault(h.opts.Timeouts.Handshake, defaultHandshakeTimeout)
}

// send sends the response. It sets a deadline only if it has to wait.
func (h *httpHandshake) send(nc net.Conn, t transport.Transport, response []byte) error {
	n := t.TryWrite(response)
	if n == len(response) {
		return nil
	}
	if d := h.limit(); d > 0 {
		if nc.SetWriteDeadline(time.Now().Add(d)) == nil {
			defer nc.SetWriteDeadline(time.Time{})
		} else {
			defer time.AfterFunc(d, func() { _ = nc.Close() }).Stop()
		}
	}
	_, err := nc.Write(response[n:])
	return err
}

// respondDenial answers a request that the application refused.
func respondDenial(w http.ResponseWriter, d *denial) error {
	refused := respond(w, d.answer, d.err)
	refused.byApplication = d.err == error(d.answer)
	return refused
}

// respond answers a request that is refused. why goes to the server's hook or log.
func respond(w http.ResponseWriter, refusal *Refusal, why error) *AcceptError {
	for _, f := range refusal.Fields() {
		w.Header().Del(f.Name)
	}
	for _, f := range refusal.Fields() {
		w.Header().Add(f.Name, strings.Trim(f.Value, " \t")) // RFC 9113 §8.2.1; HTTP/1.1 ignores them
	}
	http.Error(w, refusal.Error(), refusal.Status)
	return &AcceptError{Status: refusal.Status, Err: why}
}

// respondError answers a request that could not be accepted because of err.
func respondError(w http.ResponseWriter, err error) error {
	status := http.StatusInternalServerError
	if errors.Is(err, http.ErrNotSupported) {
		status = http.StatusNotImplemented
	}
	http.Error(w, strconv.Itoa(status)+" "+http.StatusText(status), status)
	return &AcceptError{Status: status, Err: err}
}
