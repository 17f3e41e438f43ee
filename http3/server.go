package http3

import (
	"bufio"
	"net"
	"net/http"
	"time"

	h3 "github.com/quic-go/quic-go/http3"
)

// Handler has [websocket.Accept], [websocket.Handler] and [websocket.RequestHandler] in h, of a
// server of quic-go, take over the streams of WebSockets. Put it around the handler of the
// [h3.Server], outside of all middleware. Other requests pass untouched.
//
// They work without it as well, over the request's body and the http.ResponseWriter. With it
//
//   - the connection lives on when the handler has returned, as with HTTP/1.1, so the goroutine
//     of quic-go and its stack are released;
//   - a write that is cancelled while it waits costs nothing unless half a frame has gone;
//   - cancelling a read needs no goroutine;
//   - what ends without a closing handshake is a reset with H3_REQUEST_CANCELLED, as RFC 9220 §3
//     wants it;
//   - [websocket.Conn.NetConn] has the addresses.
func Handler(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if streamer, ok := w.(h3.HTTPStreamer); ok && r.Method == http.MethodConnect && r.Proto == "websocket" {
			w = &writer{w, streamer, r}
		}
		h.ServeHTTP(w, r)
	})
}

// writer is the http.ResponseWriter of quic-go with the method Hijack.
type writer struct {
	http.ResponseWriter
	streamer h3.HTTPStreamer
	r        *http.Request
}

// Hijack takes over the stream, after WriteHeader.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	over, err := w.streamer.HTTPStream()
	if err != nil {
		return nil, nil, err
	}
	s := &stream{bytes: over.QUICStream(), half: over}
	s.fail = s.cancel // quic-go does not show the connection
	ctx := w.r.Context()
	s.local, _ = ctx.Value(http.LocalAddrContextKey).(net.Addr)
	s.remote, _ = ctx.Value(h3.RemoteAddrContextKey).(net.Addr)
	return s, bufio.NewReadWriter(bufio.NewReaderSize(s, 16), bufio.NewWriterSize(s, 16)), nil
}

// The methods that an http.ResponseController looks for: it would not find them in an embedded
// interface.

// FlushError sends what was written.
func (w *writer) FlushError() error { return http.NewResponseController(w.ResponseWriter).Flush() }

// SetReadDeadline is of the stream.
func (w *writer) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(w.ResponseWriter).SetReadDeadline(t)
}

// SetWriteDeadline is of the stream.
func (w *writer) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(w.ResponseWriter).SetWriteDeadline(t)
}

// HTTPStream is as without Handler.
func (w *writer) HTTPStream() (*h3.Stream, error) { return w.streamer.HTTPStream() }
