package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// await waits until a server answers a request for a WebSocket, or with -http2 any request. It
// waits as long as -wait says. No answer is no error yet: the suite says so in its own words.
// Something that accepts TCP is not enough: Docker does for a container that still starts, and
// drops the connection; a proxy answers 502. If there is no answer at once, await calls tell.
func (f *conformFlags) await(ctx context.Context, server string, tell func()) {
	if f.wait <= 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, f.wait)
	defer cancel()
	transport := &http.Transport{TLSClientConfig: f.request.tls, DisableKeepAlives: true, Protocols: new(http.Protocols)}
	header := http.Header{}
	if f.http2 {
		transport.Protocols.SetHTTP2(true)
		transport.Protocols.SetUnencryptedHTTP2(true)
	} else {
		transport.Protocols.SetHTTP1(true)
		header = http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
			"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, // the example of RFC 6455 section 1.3
		}
	}
	const pause = 100 * time.Millisecond
	for first := true; !answers(ctx, transport, server, header); first = false {
		if first {
			tell()
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// answers reports whether a server answers, whatever it says, and not only a proxy before it.
func answers(ctx context.Context, transport http.RoundTripper, server string, header http.Header) bool {
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http"+strings.TrimPrefix(server, "ws"), http.NoBody)
	if err != nil {
		return true
	}
	for name, values := range header {
		r.Header[name] = values
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		op, network := errors.AsType[*net.OpError](err)
		early := network && op.Op != "remote error" || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || ctx.Err() != nil ||
			strings.Contains(err.Error(), "server closed idle connection") // net/http's words for one that ended before the request was written
		return !early // what is no HTTP, or has a bad certificate, does not get better
	}
	_ = response.Body.Close()
	return response.StatusCode < http.StatusBadGateway || response.StatusCode > http.StatusGatewayTimeout
}
