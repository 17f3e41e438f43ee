package websocket

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/nethttp"
	"github.com/hawser-ws/websocket/internal/transport"
)

// collectConnect adds to req what only a request of HTTP/2 or HTTP/3 has. net/http keeps
// :protocol among the header fields; quic-go has it in Proto.
func collectConnect(req *handshake.Request, r *http.Request) {
	if r.ProtoMajor == 3 && len(req.Connect) == 0 && r.Method == http.MethodConnect && r.Proto != "HTTP/3.0" {
		req.Connect = append(req.Connect, r.Proto)
	}
	req.EndStream = r.ContentLength == 0
}

// acceptStream opens a connection over the stream of a request that is accepted: extended
// CONNECT of HTTP/2 (RFC 8441) or HTTP/3 (RFC 9220).
func (h *httpHandshake) acceptStream(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	extra, err := extraFields(w.Header(), h.opts.HTTPHeader)
	if err != nil {
		return nil, respondError(w, err)
	}
	// Frames go past middleware: what changes a body, such as gzip, would change them.
	own := nethttp.Unwrap(w)
	control := http.NewResponseController(own)
	if err := noDeadlines(control); err != nil {
		return nil, respondError(w, fmt.Errorf("%T has neither deadlines nor Unwrap() http.ResponseWriter; "+
			"keep the WebSocket handler outside of the middleware it is from: %w", own, err))
	}
	header := w.Header()
	clear(header)
	for _, f := range h.accepted.Fields(extra) {
		header.Add(f.Name, f.Value)
	}
	nethttp.WriteStatus(w, http.StatusOK)
	if err := control.Flush(); err != nil {
		return nil, &AcceptError{Err: err}
	}
	stream := transport.NewResponseStream(r.Context(), r.Body, own, control)
	stream.Remote = r.RemoteAddr
	stream.Local, _ = r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	c := &Conn{transport: stream}
	if err := h.open(c, nil); err != nil {
		return nil, err
	}
	return c, nil
}

// noDeadlines removes those of http.Server.ReadTimeout and WriteTimeout: they would end the
// stream, and a deadline that has passed cannot be set again.
func noDeadlines(control *http.ResponseController) error {
	if err := control.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	return control.SetWriteDeadline(time.Time{})
}

// stream returns what the connection drives if that is a stream of HTTP/2 or HTTP/3, else nil.
func (c *Conn) stream() *transport.ResponseStream {
	stream, _ := c.transport.(*transport.ResponseStream)
	return stream
}

// addresses returns the two ends of the network connection, also where others share it.
func (c *Conn) addresses() (local net.Addr, remote string) {
	if stream := c.stream(); stream != nil {
		return stream.Local, stream.Remote
	}
	nc := c.NetConn()
	if nc == nil {
		return nil, ""
	}
	if addr := nc.RemoteAddr(); addr != nil {
		remote = addr.String()
	}
	return nc.LocalAddr(), remote
}
