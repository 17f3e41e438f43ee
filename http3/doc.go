// Package http3 has WebSockets over HTTP/3 (RFC 9220) on quic-go. It is a module of its own, so
// that programs without HTTP/3 need not know of QUIC.
//
// A client needs one line more, or another function:
//
//	c, _, err := http3.Dial(ctx, "wss://example.com/chat", nil)
//
//	pool := &http3.Pool{} // connections that WebSockets share
//	c, _, err := websocket.Dial(ctx, "wss://example.com/chat", &websocket.DialOptions{HTTP3: pool})
//
// A server needs nothing but its handler. On quic-go's server the websocket package recognises
// requests over HTTP/3 by itself; [Handler] makes more of it:
//
//	s := &quichttp3.Server{Handler: http3.Handler(websocket.Handler(serve, nil)), QUICConfig: http3.QUICConfig(100), …}
//
// [QUICConfig] sets windows with which a WebSocket that nobody reads does not hinder the others of
// its connection.
//
// There is no way from HTTP/3 back to HTTP/1.1, and nothing here asks a server whether it has
// HTTP/3 (Alt-Svc). A program that may meet others dials again without the option.
//
// # Shape
//
//	Pool (pool.go)          connections by origin; makes one on a socket of its own
//	 │
//	 ▼
//	conn (client.go)        counts streams, rests, leaves
//	 │  control.go          SETTINGS and GOAWAY, the server's streams in one direction
//	 │  request.go          HEADERS there and back, by QPACK without a dynamic table
//	 ▼
//	stream (stream.go)      a net.Conn; of a client after the response, of a server by Handler (server.go)
//	 │  framing.go          DATA frames: finds them, makes them
//	 ▼
//	quic.Stream
//
// The framing is ours on both ends, because a read or write that a deadline interrupts must be
// able to go on: quic-go's own reader loses half a frame header. The state of a direction of a
// stream:
//
//	           CloseWrite            FIN
//	   open ────────────────▶ ended            both Close frames have gone
//	     │                      │
//	     │ Close                │ Close        nothing more is sent
//	     ▼                      ▼
//	   reset                  closed
//	H3_REQUEST_CANCELLED
//
// A peer that breaks the rules of HTTP/3 loses the connection (client) or the stream (server: a
// handler of quic-go does not see the connection).
package http3
