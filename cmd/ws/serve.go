package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/hawser-ws/websocket"
)

const serveUsage = `ws serve [flags]

An echo server: every message comes back. It prints its address first, and at
SIGINT or SIGTERM closes its connections with 1001 (going away).`

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
	verbose := flags.Bool("v", false, "log every frame to standard error")
	var opts websocket.AcceptOptions
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
	l, url, err := at.open()
	if err != nil {
		return err
	}
	fmt.Printf("listening on %s\n", url)
	return serveUntil(ctx, l, opts, *verbose)
}

// serveUntil serves until ctx ends, then closes all connections.
func serveUntil(ctx context.Context, l net.Listener, opts websocket.AcceptOptions, verbose bool) error {
	live := new(websocket.Registry)
	opts.Registry = live
	if verbose {
		opts.Trace = logTrace(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	}
	server := &http.Server{Handler: websocket.Handler(echo, &opts), ReadHeaderTimeout: 10 * time.Second}
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

// logTrace returns hooks that log the events of each connection.
func logTrace(log *slog.Logger) *websocket.Trace {
	say := func(c *websocket.Conn, what string, more ...any) {
		log.Info(what, append([]any{"peer", c.NetConn().RemoteAddr()}, more...)...)
	}
	return &websocket.Trace{
		HandshakeDone: func(c *websocket.Conn) { say(c, "accepted", "subprotocol", c.Subprotocol(), "compression", agreed(c)) },
		FrameRead:     func(c *websocket.Conn, f websocket.FrameInfo) { say(c, "read", "frame", f) },
		FrameWritten:  func(c *websocket.Conn, f websocket.FrameInfo) { say(c, "written", "frame", f) },
		Closed:        func(c *websocket.Conn, err *websocket.ClosedError) { say(c, "ended", "how", err) },
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
