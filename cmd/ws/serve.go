package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket"
	_ "github.com/hawser-ws/websocket/xconnect" // has net/http accept WebSockets over HTTP/2
)

const serveUsage = `ws serve [flags]

An echo server: every message comes back. It prints its address first, and at
SIGINT or SIGTERM closes its connections with 1001 (going away). To a browser it
gives a page that opens WebSockets to it.

With -http2 it accepts HTTP/2 as well (RFC 8441), on the same port. Over TLS the
client chooses the version (ALPN): browsers choose HTTP/2, and open WebSockets on
the connection that has carried the page. Without TLS a client has to begin with
HTTP/2, as proxies do (h2c): ws dial -http2 ws://127.0.0.1:9000/`

// shutdownTimeout is a safety net: a closing handshake that no peer answers ends by the close
// timeout, 5 s.
const shutdownTimeout = 10 * time.Second

// serve is the command ws serve.
func serve(ctx context.Context, args []string) error {
	flags := newFlags("serve", serveUsage)
	var at door
	flags.StringVar(&at.address, "listen", "127.0.0.1:9000", "`address` to listen on; port 0 picks a free one")
	at.tlsFlags(flags)
	maxMessage := messageLimit(defaultMessageLimit)
	maxMessage.flag(flags)
	var e echoServer
	flags.BoolVar(&e.http2, "http2", false, "accept HTTP/2 as well (RFC 8441)")
	flags.BoolVar(&e.verbose, "v", false, "log every WebSocket, with its version of HTTP, and every frame to standard error")
	opts := &e.opts
	var compress compression
	compress.flags(flags)
	flags.Var((*list)(&opts.Subprotocols), "subprotocols", "subprotocols to speak, `a,b`")
	flags.Var((*list)(&opts.OriginPatterns), "origin", "other origins whose pages may connect, `pattern,…`; '*' for any")
	if rest, err := parse(flags, args); err != nil {
		return err
	} else if len(rest) > 0 {
		return usageError(fmt.Sprintf("unexpected argument %q", rest[0]))
	}
	if err := compress.check(flags); err != nil {
		return err
	}
	opts.Limits.Message = int64(maxMessage)
	opts.CompressionMode, opts.CompressionThreshold, opts.Compression = compress.options()

	if err := at.check(); err != nil {
		return err
	}
	l, url, err := at.open(e.protocols()...)
	if err != nil {
		return err
	}
	fmt.Printf("listening on %s\n", url)
	fmt.Printf("a page for browsers is at http%s\n", strings.TrimPrefix(url, "ws")) // https for wss
	if at.selfSigned {
		fmt.Printf("the certificate is self-signed: ws dial needs -insecure; SHA-256 of its key: %s\n", keyHash(*at.certificate))
	}
	return e.serve(ctx, l)
}

// An echoServer is the server of ws serve.
type echoServer struct {
	opts    websocket.AcceptOptions
	http2   bool
	verbose bool

	log     *slog.Logger // nil unless verbose
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

// streamBuffer is how much of a stream waits to be read. net/http lends a connection 1 MiB: a
// stream that its client does not let us answer leaves the others enough.
const streamBuffer = 64 << 10

// serve serves until ctx ends, then closes all connections.
func (e *echoServer) serve(ctx context.Context, l net.Listener) error {
	live := new(websocket.Registry)
	e.opts.Registry = live
	e.handler = websocket.Handler(echo, &e.opts)
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
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	goodbye, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err := live.Shutdown(goodbye) // also refuses new connections
	_ = server.Close()
	return err
}

// ServeHTTP echoes over WebSockets, and gives browsers their page.
func (e *echoServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case isBrowsing(r):
		servePage(w)
	case e.log == nil:
		e.handler.ServeHTTP(w, r)
	default:
		opts := e.opts
		opts.Trace = logTrace(e.log.With("socket", e.sockets.Add(1), "over", protocolName(r.ProtoMajor, r.ProtoMinor), "peer", r.RemoteAddr))
		websocket.Handler(echo, &opts).ServeHTTP(w, r)
	}
}

// echo serves one connection. Replies to messages that arrived together leave together.
func echo(ctx context.Context, c *websocket.Conn) error {
	replies := c.Batch()
	for msg, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := replies.Write(ctx, msg.Type, msg.Data); err != nil {
			return err
		}
	}
	return nil
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

// reachable returns the address for people. A server that listens on all interfaces is
// reachable as localhost.
func reachable(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("localhost:%d", tcp.Port)
	}
	return a.String()
}
