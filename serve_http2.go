package websocket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/h2/session"
)

// ServeHTTP2 serves WebSockets over one HTTP/2 connection (RFC 8441), without net/http: for
// back ends behind proxies that speak HTTP/2 to them. Each WebSocket is a stream, and serve is
// called for it on a goroutine of its own. serve does not see the request: if it needs the path
// or a cookie, use [ServeHTTP2Requests]. opts may be nil.
//
// On nc the client must begin with HTTP/2, without an upgrade ("prior knowledge", "h2c"). On a
// tls.Conn ALPN must choose "h2": its server needs that in [tls.Config.NextProtos].
//
// Requests are judged as [Accept] judges them. Any other request of HTTP/2 is answered with 404 or
// 501, so a proxy must send nothing here but WebSockets. [AcceptOptions.OnRequest] is asked
// about each request. [AcceptOptions.OnError] receives what a [Handler] would report.
//
// ServeHTTP2 returns when the connection has ended and every serve has returned. It has closed nc
// then. The connection ends when the client ends it, when nc is closed, when it has been without
// streams for five minutes, or after [Registry.Shutdown] with its last stream. The error is nil if
// it ended in order and cut off no stream: a proxy that only tests whether the port is open causes
// none unless it resets the TCP connection. The error of one WebSocket goes to OnError.
//
// A client may have 250 streams at a time, and each of them can have 64 KiB of its messages
// waiting here to be read. Streams that are not read do not hinder the others. [Conn.NetConn]
// returns nil. Cancelling a write costs nothing unless half a frame is on its way.
func ServeHTTP2(nc net.Conn, serve func(ctx context.Context, c *Conn) error, opts *AcceptOptions) error {
	return serveHTTP2(nc, &http2Server{serve: serve, streamPolicy: streamPolicy{opts: opts}})
}

// ServeHTTP2Requests is [ServeHTTP2] for servers that look at the requests, as [RequestHandler] is
// [Handler] for them. prepare gets each request after it was found to be a valid handshake from an
// allowed origin, and before it is answered. It returns the function that serves the connection,
// usually a closure over what it took from the request. An error refuses the request: a [*Refusal]
// in it is the answer; any other is answered with 403, and its text is not sent.
//
// The path and the query are in r.Target, and r.Values finds header fields. The cookies are
//
//	for _, line := range r.Values("Cookie") {
//		cookies, err := http.ParseCookie(line)
//		…
//
// r and its strings are valid until prepare returns: copy what the connection needs, with
// [strings.Clone]. prepare may be called for several requests at a time, each on a goroutine of its
// own, and its stream counts meanwhile. [AcceptOptions.OnRequest] is not called.
func ServeHTTP2Requests(nc net.Conn, prepare func(r *handshake.Request) (ServeFunc, error), opts *AcceptOptions) error {
	return serveHTTP2(nc, &http2Server{streamPolicy: streamPolicy{opts: opts, prepare: prepare}})
}

func serveHTTP2(nc net.Conn, h *http2Server) error {
	if h.opts == nil {
		h.opts = &noOptions
	}
	if secure, ok := nc.(*tls.Conn); ok {
		if err := h.secure(secure); err != nil {
			_ = nc.Close()
			return err
		}
	}
	s := session.New(nc, session.Config{Role: h2.Server, Handle: h.handle, IdleTimeout: http2IdleTimeout})
	if registry := h.opts.Registry; registry != nil {
		defer registry.onShutdown(func() { _ = s.Shutdown(context.Background()) })()
	}
	err := s.Run()
	h.streams.Wait()
	if err != nil {
		return fmt.Errorf("websocket: %w", err)
	}
	return nil
}

// http2IdleTimeout is how long a connection may be without streams.
const http2IdleTimeout = 5 * time.Minute

// http2Server serves the streams of one connection.
type http2Server struct {
	streamPolicy
	serve   ServeFunc      // of ServeHTTP2
	streams sync.WaitGroup // goroutines
}

// secure performs the handshake of TLS and looks at what it has agreed on.
func (h *http2Server) secure(nc *tls.Conn) error {
	ctx := context.Background()
	if limit := orDefault(h.opts.Timeouts.Handshake, defaultHandshakeTimeout); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	if err := nc.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("websocket: ServeHTTP2: %w", err)
	}
	if chosen := nc.ConnectionState().NegotiatedProtocol; chosen != "h2" {
		return fmt.Errorf("websocket: ServeHTTP2: ALPN has chosen %q, not \"h2\": "+
			"offer it in tls.Config.NextProtos, and serve other protocols elsewhere", chosen)
	}
	h.overTLS = true
	return nil
}

// handle is called for each request, on the goroutine that reads the connection. Nothing of the
// application's is called on that.
func (h *http2Server) handle(x *session.Stream, head *h2.Head) {
	if h.asks() || h.opts.Trace != nil {
		h.streams.Go(func() { h.answer(x, head) })
		return
	}
	h.answer(x, head)
}

// answer answers a request, also if the application panics or ends the goroutine.
func (h *http2Server) answer(x *session.Stream, head *h2.Head) {
	err := errAskedLeft // stays after runtime.Goexit
	var stack []byte
	defer func() {
		if p := recover(); p != nil {
			err, stack = panicError(p), debug.Stack()
		}
		if err != nil {
			h.streams.Go(func() { h.refuse(x, head, err, stack) })
		}
	}()
	u := streamUpgrades.Get().(*streamUpgrade)
	u.opts, u.serve = h.opts, h.serve
	c, refused := u.accept(&h.streamPolicy, x, head)
	serve := u.serve
	u.clear() // not reached when the application panics
	u.serve = nil
	streamUpgrades.Put(u)
	if err = refused; err != nil {
		return
	}
	s := &streamServing{serving{serveContext{c: c}, h.opts.OnError}, h}
	h.streams.Add(1)
	go s.run(serve)
}

// refuse answers a request that is not accepted, and reports it. The stream counts until that is
// done, so that a hook that is slow slows the client down.
func (h *http2Server) refuse(x *session.Stream, head *h2.Head, err error, stack []byte) {
	defer x.Served()
	refusal, ok := errors.AsType[*Refusal](err)
	byApplication := false
	if denied, is := errors.AsType[*denial](err); is {
		byApplication = denied.err == error(denied.answer)
		refusal, err, ok = denied.answer, denied.err, true
	}
	if !ok {
		refusal = plainRefusal(http.StatusInternalServerError)
	}
	fields := append(lowerFields(refusal.Fields()),
		h2.Field{Name: "content-type", Value: "text/plain; charset=utf-8"},
		h2.Field{Name: "x-content-type-options", Value: "nosniff"})
	status := refusal.Status
	body := []byte(refusal.Error() + "\n")
	if head.Method == http.MethodHead { // RFC 9110 §9.3.2: nghttp2 takes DATA for a violation
		body = nil
	}
	if x.Refuse(&h2.Head{Status: status, Fields: fields}, body) != nil {
		status = 0
	}
	e := &HandlerError{Err: &AcceptError{Status: status, Err: err, byApplication: byApplication}, Stack: stack, refused: true}
	_, e.RemoteAddr = x.Addresses()
	e.ordinary = head.Method != http.MethodConnect || byApplication || errors.Is(err, refusedByShutdown) || isTransport(err)
	tell(h.opts.OnError, nil, e)
}

// streamServing is a connection over a stream while a ServeFunc serves it.
type streamServing struct {
	serving
	h *http2Server
}

// run serves the connection to its end. Like serving.run it stays on the stack of every
// connection.
func (s *streamServing) run(serve ServeFunc) {
	defer s.left()
	if s.joins() {
		s.serving.run(serve)
	}
}

// joins reports whether the connection may be served, and has it join the Registry.
func (s *streamServing) joins() bool {
	if registry := s.h.opts.Registry; registry != nil && !registry.add(s.c) {
		_ = s.c.Close(StatusGoingAway, "")
		return false
	}
	return true
}

// left notes that the ServeFunc has returned: until then the stream counts, whatever the client
// does.
func (s *streamServing) left() {
	s.c.transport.(*session.Stream).Served()
	s.h.streams.Done()
}

var errAskedLeft = errors.New("OnRequest or prepare did not return: runtime.Goexit")
