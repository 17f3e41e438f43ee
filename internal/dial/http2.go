package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/h2/session"
)

// attemptHTTP2 does one handshake over HTTP/2, or over HTTP/1.1 where only that is left.
func (d *dialer) attemptHTTP2(ctx context.Context, t *target, req *request) (Result, *target, error) {
	key, err := d.originKey(t, req.http)
	if err != nil {
		return failed(t, nil, at("choosing the proxy", err))
	}
	for tries := 1; ; {
		s, r, err := d.connectHTTP2(ctx, t, req, key)
		switch {
		case err != nil:
			return failed(t, nil, err)
		case r != nil:
			return d.attemptOver(ctx, t, req, r)
		}
		answer, err := ask(ctx, s, connectHead(t, req))
		switch {
		case err == nil:
			return d.answeredHTTP2(t, req, s, answer)
		case errors.Is(err, h2.ErrTooManyStreams) || errors.Is(err, h2.ErrGoingAway): // others were faster
		case tries < maxTries && untouched(err):
			tries++
		default:
			return failed(t, nil, withContextCause(ctx, "HTTP/2", err))
		}
	}
}

// ask sends a request and waits for the answer. It tells the hooks in the context.
func ask(ctx context.Context, s *pooled, head *h2.Head) (*streamAnswer, error) {
	trace := clientTrace(ctx)
	x, err := s.Request(ctx, head)
	if err != nil {
		return nil, err
	}
	traceHead(trace, head)
	answer, err := x.Response(ctx)
	if err != nil {
		return nil, err
	}
	if trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	return &streamAnswer{x, answer}, nil
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
	reset, ok := errors.AsType[*session.ResetError](err)
	return ok && reset.RetrySafe
}

// originKey is what the connection of this request can be shared by.
func (d *dialer) originKey(t *target, req *http.Request) (originKey, error) {
	key := originKey{scheme: t.url.Scheme, addr: t.addr, tls: d.opts.TLSConfig}
	p, err := d.proxyFor(req)
	if p != nil {
		key.proxy = p.String()
	}
	return key, err
}

// connectHTTP2 returns a session with a free slot, or a route for HTTP/1.1.
func (d *dialer) connectHTTP2(ctx context.Context, t *target, req *request, key originKey) (*pooled, *route, error) {
	p := d.opts.HTTP2
	if !t.secure() && !p.PriorKnowledge {
		return d.connectHTTP1(ctx, t, req, "ws cannot ask the server for it, and PriorKnowledge is not set")
	}
	s, made, err := p.find(ctx, key)
	switch {
	case err != nil:
		return nil, nil, err
	case s != nil:
		traceReuse(ctx, t)
		return s, nil, nil
	case made == nil:
		return d.connectHTTP1(ctx, t, req, "the server was asked before and does not offer it")
	}
	defer made()
	d.alpn = offerHTTP2
	r, err := d.connect(ctx, t, req.http)
	d.alpn = offerHTTP1
	if err != nil {
		return nil, nil, err
	}
	if chosen, ok := alpnChoice(t, r); ok && chosen != "h2" {
		p.rememberHTTP1(key)
		if p.Require {
			r.close()
			return nil, nil, required(notChosen(chosen))
		}
		return nil, r, nil
	}
	s, err = p.add(ctx, key, r)
	if !errors.Is(err, h2.ErrNoConnectProtocol) {
		return s, nil, err
	}
	p.rememberHTTP1(key)
	return d.connectHTTP1(ctx, t, req, h2.ErrNoConnectProtocol.Error())
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
func (d *dialer) connectHTTP1(ctx context.Context, t *target, req *request, why string) (*pooled, *route, error) {
	if d.opts.HTTP2.Require {
		return nil, nil, required(why)
	}
	r, err := d.connect(ctx, t, req.http)
	return nil, r, err
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
			fields = append(fields, handshake.Field{Name: name, Value: line.Value})
		}
	}
	return fields
}

// streamAnswer is a response of HTTP/2, and the stream it came on.
type streamAnswer struct {
	x    *session.Stream
	head *h2.Head
}

// response is the answer as net/http has it. Its body is the stream.
func (a *streamAnswer) response(req *http.Request, state *tls.ConnectionState) *http.Response {
	status := a.head.Status
	resp := &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/2.0", ProtoMajor: 2, Header: make(http.Header),
		Body: a, ContentLength: -1, TLS: state, Request: req,
	}
	for _, f := range a.head.Fields {
		resp.Header.Add(textproto.CanonicalMIMEHeaderKey(f.Name), f.Value)
	}
	return resp
}

func (a *streamAnswer) Read(p []byte) (int, error) { return a.x.Read(p) }
func (a *streamAnswer) Close() error               { return a.x.Close() }

// answeredHTTP2 judges an answer.
func (d *dialer) answeredHTTP2(t *target, req *request, s *pooled, a *streamAnswer) (Result, *target, error) {
	resp := a.response(req.http, s.tls)
	d.keepCookies(resp, t)
	agreed, err := judgeConnect(&req.offer, resp)
	if err == nil {
		resp.Body = http.NoBody
		return Result{HTTP2: a.x, Response: resp, Agreed: agreed}, nil, nil
	}
	return d.refusedStream(t, resp, err, func() { _ = a.Close() })
}

// refusedStream says what follows from an answer on a stream that opens no WebSocket. end ends
// the stream.
func (d *dialer) refusedStream(t *target, resp *http.Response, refusal error, end func()) (Result, *target, error) {
	defer end()
	next, err := d.redirect(t, resp, refusal)
	switch {
	case next != nil:
		return Result{}, next, nil
	case resp.StatusCode/100 == 2: // what follows is no body, and may have no end
		resp.Body = http.NoBody
	default:
		excerpt(resp, end)
	}
	return failed(t, resp, err)
}

// judgeConnect says what we and the server have agreed on, if we have.
func judgeConnect(offer *handshake.Offer, resp *http.Response) (handshake.Agreement, error) {
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return handshake.Agreement{}, refused(resp)
	}
	agreed, wrong := offer.CheckConnect(resp.StatusCode, resp.Header)
	if wrong != nil {
		return agreed, wrong
	}
	return agreed, nil
}
