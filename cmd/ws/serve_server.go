package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket"
	_ "github.com/hawser-ws/websocket/xconnect" // has net/http accept WebSockets over HTTP/2
)

// shutdownTimeout is a safety net: a closing handshake that no peer answers ends by the close
// timeout, 5 s.
const shutdownTimeout = 10 * time.Second

// An echoServer is the server of ws serve.
type echoServer struct {
	opts    websocket.AcceptOptions
	http2   bool
	http3   bool
	verbose bool

	quic    *quicServer     // nil unless http3
	loop    *websocket.Loop // nil: connections have goroutines
	log     *slog.Logger    // nil unless verbose
	handler http.Handler
	sockets atomic.Int64 // so far
}

// protocols are what a client may choose over TLS.
func (e *echoServer) protocols() []string {
	if e.http2 {
		return []string{"h2", "http/1.1"}
	}
	return []string{"http/1.1"}
}

// listen opens the port of TCP, and for HTTP/3 that of UDP with the same number. Any number means
// one that is free for both.
func (e *echoServer) listen(at *door) (l net.Listener, url string, err error) {
	const maxTries = 100
	for tries := 1; ; tries++ {
		l, url, err = at.open(e.protocols()...)
		if err != nil || !e.http3 {
			return l, url, err
		}
		if e.quic, err = openQUIC(l, at.certificate, e); err == nil {
			return l, url, nil
		}
		_ = l.Close()
		if !at.anyPort() || tries == maxTries {
			return nil, "", err
		}
	}
}

// streamBuffer is how much of a stream waits to be read. net/http lends a connection 1 MiB: a
// stream that its client does not let us answer leaves the others enough.
const streamBuffer = 64 << 10

// serve serves until ctx ends, then closes all connections.
func (e *echoServer) serve(ctx context.Context, l net.Listener) error {
	shutdown := e.open()
	if e.verbose {
		e.log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	server := &http.Server{
		Handler: e, ReadHeaderTimeout: 10 * time.Second,
		Protocols: new(http.Protocols), HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: streamBuffer},
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(e.http2)            // over TLS
	server.Protocols.SetUnencryptedHTTP2(e.http2) // told apart from HTTP/1.1 by how it begins
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(l) }()
	if e.quic != nil {
		go func() { failed <- e.quic.run() }()
		defer e.quic.close()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	goodbye, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err := shutdown(goodbye) // also refuses new connections
	// Streams end with the connection: what was written last has to be on its way before.
	moment, cancel := context.WithTimeout(context.Background(), lastPacket)
	defer cancel()
	if e.quic != nil {
		e.quic.leave(moment)
	}
	_ = server.Shutdown(moment)
	_ = server.Close()
	return err
}

// open makes the handler. It returns what closes the connections and refuses new ones.
func (e *echoServer) open() (shutdown func(context.Context) error) {
	if e.loop != nil {
		e.loop.AcceptOptions = e.opts
		e.handler = e.loop
		return e.loop.Shutdown
	}
	live := new(websocket.Registry)
	e.opts.Registry = live
	e.handler = websocket.Handler(echo, &e.opts)
	return live.Shutdown
}

// ServeHTTP echoes over WebSockets, and gives browsers their page.
func (e *echoServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case isBrowsing(r):
		e.quic.offer(w)
		servePage(w)
	case e.log == nil:
		e.handler.ServeHTTP(w, r)
	default:
		opts := e.opts
		opts.Trace = logTrace(e.log.With("socket", e.sockets.Add(1), "over", protocolName(r.ProtoMajor, r.ProtoMinor), "peer", r.RemoteAddr))
		if e.loop != nil {
			e.toLoop(w, r, &opts)
			return
		}
		websocket.Handler(echo, &opts).ServeHTTP(w, r)
	}
}

// logTrace returns hooks that log the events of a connection.
func logTrace(log *slog.Logger) *websocket.Trace {
	return &websocket.Trace{
		HandshakeDone: func(c *websocket.Conn) {
			log.Info("accepted", "subprotocol", c.Subprotocol(), "compression", agreed(c))
		},
		FrameRead:    func(_ *websocket.Conn, f websocket.FrameInfo) { log.Info("read", "frame", f) },
		FrameWritten: func(_ *websocket.Conn, f websocket.FrameInfo) { log.Info("written", "frame", f) },
		Closed:       func(_ *websocket.Conn, err *websocket.ClosedError) { log.Info("ended", "how", err) },
	}
}
