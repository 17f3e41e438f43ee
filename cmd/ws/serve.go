package main

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/hawser-ws/websocket"
)

const serveUsage = `ws serve [flags]

An echo server: every message comes back. It prints its address first, and at
SIGINT or SIGTERM closes its connections with 1001 (going away). To a browser it
gives a page that opens WebSockets to it.

With -http2 it accepts HTTP/2 as well (RFC 8441), on the same port. Over TLS the
client chooses the version (ALPN): browsers choose HTTP/2, and open WebSockets on
the connection that has carried the page. Without TLS a client has to begin with
HTTP/2, as proxies do (h2c): ws dial -http2 ws://127.0.0.1:9000/

With -http3 it accepts HTTP/3 as well (RFC 9220), on the same port of UDP.

With -loop its connections have no goroutines: a websocket.Loop serves them. That
is for HTTP/1.1, with or without TLS.`

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
	flags.BoolVar(&e.http3, "http3", false, "accept HTTP/3 as well (RFC 9220), on the same port of UDP; needs TLS")
	onLoop := flags.Bool("loop", false, "serve connections without goroutines, by a websocket.Loop; HTTP/1.1 only")
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
	if e.http3 && !at.secure() {
		return usageError("-http3 needs -tls, or -tls-cert and -tls-key: there is no HTTP/3 without TLS")
	}
	if *onLoop {
		if e.http2 || e.http3 {
			return usageError("-loop is for connections of HTTP/1.1: a WebSocket over HTTP/2 or HTTP/3 is a stream, and keeps its goroutine. Leave out -loop, or -http2 and -http3")
		}
		e.useLoop(&at)
	}
	l, url, err := e.listen(&at)
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

// reachable returns the address for people. A server that listens on all interfaces is
// reachable as localhost.
func reachable(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("localhost:%d", tcp.Port)
	}
	return a.String()
}
