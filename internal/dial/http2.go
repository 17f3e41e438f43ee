package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/h2/session"
)

// attemptHTTP2 does one handshake over HTTP/2, or over HTTP/1.1 where only that is left.
func (d *dialer) attemptHTTP2(ctx context.Context, w *way, req *request) (Result, *target, error) {
	var before error // of the try before this
	for tries := 1; ; tries++ {
		a, r, err := d.requestHTTP2(ctx, w, req)
		if err == nil && r == nil {
			if err = a.await(ctx); refusesStreams(err) {
				w.refusing = append(w.refusing, a.s)
			}
		}
		if wantsHTTP1(err) {
			r, err = d.connectHTTP1(ctx, w, err.Error())
		}
		switch {
		case before != nil && errors.Is(err, ErrPoolFull): // there may be no other connection
			return failed(w.target, nil, before)
		case r != nil:
			result, next, err := d.attemptOver(ctx, w.target, req, r)
			if failure, ok := errors.AsType[*Error](err); ok && failure.Response == nil && ctx.Err() == nil {
				d.opts.HTTP2.forgetHTTP1(d.originKey(w)) // it does not speak that either
			}
			return result, next, err
		case err == nil:
			return d.answeredHTTP2(w.target, req, a)
		case !untouched(err) || tries == maxTries:
			return failed(w.target, nil, err)
		}
		before = err
	}
}

// refusesStreams reports whether a connection takes no request now that it could take later.
func refusesStreams(err error) bool {
	reset, ok := errors.AsType[*session.ResetError](err)
	return ok && reset.Code == h2.RefusedStream && !reset.GoingAway
}

// requestHTTP2 sends a request on a session that has room for it. If HTTP/1.1 is left it returns a
// route instead. It tells the hooks in the context.
func (d *dialer) requestHTTP2(ctx context.Context, w *way, req *request) (*streamAnswer, *route, error) {
	head := connectHead(w.target, req)
	for {
		s, made, r, err := d.connectHTTP2(ctx, w)
		if s == nil {
			return nil, r, err
		}
		x, err := s.Request(ctx, head)
		if made != nil {
			made()
		}
		switch {
		case err == nil:
			traceHead(clientTrace(ctx), head)
			return &streamAnswer{x: x, s: s}, nil, nil
		case !passedBy(err):
			return nil, nil, withContextCause(ctx, "HTTP/2", err)
		case made != nil: // others cannot have been faster
			return nil, nil, at("HTTP/2", &unsentError{err})
		}
	}
}

// passedBy reports whether a session that had room has none any more: others were faster, or the
// session has ended.
func passedBy(err error) bool {
	_, lost := errors.AsType[*session.LostError](err)
	return lost || errors.Is(err, h2.ErrTooManyStreams) || errors.Is(err, h2.ErrGoingAway)
}

// unsentError is why a request was not sent.
type unsentError struct{ error }

func (e *unsentError) Unwrap() error { return e.error }

// await waits for the answer. It tells the hooks in the context.
func (a *streamAnswer) await(ctx context.Context) (err error) {
	if a.head, err = a.x.Response(ctx); err != nil {
		return withContextCause(ctx, "HTTP/2", err)
	}
	if trace := clientTrace(ctx); trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	return nil
}

// traceHead tells the hooks of a request that is on its way.
func traceHead(trace *httptrace.ClientTrace, head *h2.Head) {
	if wrote := trace.WroteHeaderField; wrote != nil {
		for _, f := range []h2.Field{
			{Name: ":method", Value: head.Method}, {Name: ":protocol", Value: head.Protocol},
			{Name: ":scheme", Value: head.Scheme}, {Name: ":authority", Value: head.Authority}, {Name: ":path", Value: head.Path},
		} {
			wrote(f.Name, []string{f.Value})
		}
		for _, f := range head.Fields {
			wrote(f.Name, []string{f.Value})
		}
	}
	if trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	if trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{})
	}
}

// untouched reports whether no server has looked at the request: it may be sent again.
func untouched(err error) bool {
	if _, ok := errors.AsType[*unsentError](err); ok {
		return true
	}
	reset, ok := errors.AsType[*session.ResetError](err)
	return ok && reset.RetrySafe
}

// wantsHTTP1 reports whether the server wants the request to come over HTTP/1.1 (RFC 9113 §7).
func wantsHTTP1(err error) bool {
	reset, ok := errors.AsType[*session.ResetError](err)
	return ok && reset.Code == h2.HTTP11Required
}

// originKey is what the connection of this way can be shared by.
func (d *dialer) originKey(w *way) originKey {
	key := originKey{scheme: w.url.Scheme, addr: w.addr, tls: d.opts.TLSConfig}
	if w.proxy != nil { // who we are to it may decide what it does
		key.proxy = w.proxy.String() + " " + w.proxy.user.String()
		for _, f := range d.proxyHeader {
			key.proxy += "\n" + f.Name + ": " + f.Value
		}
	}
	return key
}

// connectHTTP2 returns a session with a free slot, or a route for HTTP/1.1. If made is not nil the
// session was made for the caller, who calls made when its request is on the way.
func (d *dialer) connectHTTP2(ctx context.Context, w *way) (s *pooled, made func(), r *route, err error) {
	p, key := d.opts.HTTP2, d.originKey(w)
	if !w.secure() && !p.PriorKnowledge {
		r, err = d.connectHTTP1(ctx, w, "ws cannot ask the server for it, and PriorKnowledge is not set")
		return nil, nil, r, err
	}
	s, made, err = p.find(ctx, key, w.refusing)
	switch {
	case err != nil:
		return nil, nil, nil, err
	case s != nil:
		traceReuse(ctx, w.target)
		return s, nil, nil, nil
	case made == nil:
		r, err = d.connectHTTP1(ctx, w, "the server was asked before and does not offer it")
		return nil, nil, r, err
	}
	if s, r, err = d.makeSession(ctx, w, key); s != nil {
		return s, made, nil, nil
	}
	made()
	if errors.Is(err, h2.ErrNoConnectProtocol) {
		r, err = d.connectHTTP1(ctx, w, h2.ErrNoConnectProtocol.Error())
	}
	return nil, nil, r, err
}

// makeSession makes a session, or a route if the server has chosen HTTP/1.1.
func (d *dialer) makeSession(ctx context.Context, w *way, key originKey) (*pooled, *route, error) {
	p := d.opts.HTTP2
	d.alpn = offerHTTP2
	r, err := d.connect(ctx, w)
	d.alpn = offerHTTP1
	if err != nil {
		return nil, nil, err
	}
	if chosen, ok := alpnChoice(w.target, r); ok && chosen != "h2" {
		p.rememberHTTP1(key)
		if p.Require {
			r.close()
			return nil, nil, required(notChosen(chosen))
		}
		return nil, r, nil
	}
	s, err := p.add(ctx, key, r, max(DefaultHeaderBytes, d.headLimit()))
	if errors.Is(err, h2.ErrNoConnectProtocol) {
		p.rememberHTTP1(key)
	}
	return s, nil, err
}

// alpnChoice is the protocol that the server of t has chosen, which may be none. It was asked if
// ok.
func alpnChoice(t *target, r *route) (chosen string, ok bool) {
	conn, ok := r.conn.(*tls.Conn)
	if !ok || !t.secure() {
		return "", false
	}
	return conn.ConnectionState().NegotiatedProtocol, true
}

// notChosen tells of a server that has not chosen h2.
func notChosen(chosen string) string {
	if chosen == "" {
		return "the server has chosen no protocol, and so not h2 (ALPN)"
	}
	return fmt.Sprintf("the server has chosen %q, and not h2 (ALPN)", chosen)
}

// connectHTTP1 makes a route for HTTP/1.1, unless HTTP/2 is required.
func (d *dialer) connectHTTP1(ctx context.Context, w *way, why string) (*route, error) {
	if d.opts.HTTP2.Require {
		return nil, required(why)
	}
	return d.connect(ctx, w)
}

// traceReuse tells the hooks in the context that no connection is made.
func traceReuse(ctx context.Context, t *target) {
	trace := clientTrace(ctx)
	if trace.GetConn != nil {
		trace.GetConn(t.addr)
	}
	if trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Reused: true})
	}
}

// connectHead is the request as HTTP/2 has it: extended CONNECT without a key (RFC 8441 §5).
func connectHead(t *target, req *request) *h2.Head {
	head := &h2.Head{
		Method: http.MethodConnect, Protocol: handshake.ConnectProtocol,
		Scheme: t.url.Scheme, Authority: req.http.Host, Path: t.url.RequestURI(),
	}
	for _, f := range connectFields(req) {
		head.Fields = append(head.Fields, h2.Field{Name: f.Name, Value: f.Value})
	}
	return head
}

// connectFields are the fields of a request without those that only HTTP/1.1 has, in lower case.
func connectFields(req *request) (fields []handshake.Field) {
	for _, line := range req.lines {
		switch name := strings.ToLower(line.Name); name {
		case "connection", "upgrade", "sec-websocket-key", "keep-alive", "proxy-connection", "te", "host":
		default:
			// RFC 9113 §8.2.1: what HTTP/1.1 ignores around a value makes a request malformed.
			fields = append(fields, handshake.Field{Name: name, Value: strings.Trim(line.Value, " \t")})
		}
	}
	return fields
}
