package dial

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strconv"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/h2/session"
)

// streamAnswer is a response of HTTP/2, and the stream it comes on.
type streamAnswer struct {
	x    *session.Stream
	s    *pooled
	head *h2.Head // nil: it was not awaited yet
}

// size is that of the head in HTTP/1.1, without the first line.
func (a *streamAnswer) size() (n int64) {
	for _, f := range a.head.Fields {
		n += int64(len(f.Name) + len(": ") + len(f.Value) + len("\r\n"))
	}
	return n
}

// response is the answer as net/http has it. Its body is the stream.
func (a *streamAnswer) response(req *http.Request) *http.Response {
	status := a.head.Status
	resp := &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/2.0", ProtoMajor: 2, Header: make(http.Header),
		Body: a, ContentLength: -1, TLS: a.s.tls, Request: req,
	}
	for _, f := range a.head.Fields {
		resp.Header.Add(textproto.CanonicalMIMEHeaderKey(f.Name), f.Value)
	}
	return resp
}

func (a *streamAnswer) Read(p []byte) (int, error) { return a.x.Read(p) }
func (a *streamAnswer) Close() error               { return a.x.Close() }

// answeredHTTP2 judges an answer.
func (d *dialer) answeredHTTP2(t *target, req *request, a *streamAnswer) (Result, *target, error) {
	if limit := d.headLimit(); a.size() > limit {
		_ = a.Close()
		return failed(t, nil, headTooLarge(limit))
	}
	resp := a.response(req.http)
	d.keepCookies(resp, t)
	agreed, err := judgeConnect(&req.offer, resp)
	if err == nil && a.head.EndStream { // of a handler that does not know what it was asked
		err = &handshake.BadResponse{
			Status: resp.StatusCode, Section: "RFC 8441 §5",
			Reason: "the response ends the stream, which is to be the connection",
		}
	}
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

// errMethod says what is different about a request since HTTP/2: many routes are for GET.
var errMethod = errors.New("since HTTP/2 the method of a WebSocket is CONNECT; is the route for GET only?")

// judgeConnect says what we and the server have agreed on, if we have.
func judgeConnect(offer *handshake.Offer, resp *http.Response) (handshake.Agreement, error) {
	if resp.StatusCode == http.StatusMethodNotAllowed {
		return handshake.Agreement{}, fmt.Errorf("%w: %w", refused(resp), errMethod)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return handshake.Agreement{}, refused(resp)
	}
	agreed, wrong := offer.CheckConnect(resp.StatusCode, resp.Header)
	if wrong != nil {
		return agreed, wrong
	}
	return agreed, nil
}
