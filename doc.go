// Package websocket implements the WebSocket protocol, RFC 6455, for servers and
// clients: over connections of their own, and over streams of HTTP/2 (RFC 8441) and HTTP/3
// (RFC 9220).
//
// # Which function for which need
//
// A server in net/http:
//
//   - [Handler] runs a function for each connection; what it returns decides how the
//     connection is closed. Start here.
//   - [RequestHandler] lets you look at the request first, for route parameters and
//     authentication: you refuse it with a status, or return the function that serves
//     the connection.
//   - [Accept] upgrades one request inside a handler of yours and returns the connection.
//   - [Upgrade] does the same on a [net.Conn], without net/http.
//   - [ServeHTTP2] and [ServeHTTP2Requests] serve the WebSockets of an HTTP/2 connection,
//     behind a proxy that speaks it.
//   - [Loop] serves very many connections, most of them idle, without a goroutine for each:
//     see below.
//
// A client:
//
//   - [Dial] connects to a URL: through proxies, with TLS, cookies, redirects;
//   - [HTTP2Pool] in its options has WebSockets share connections of HTTP/2.
//
// A stream on which the handshake has been performed elsewhere, in tests and tunnels:
//
//   - [NewConn]; package wstest makes two joined ends in memory.
//
// Reading messages:
//
//   - [Conn.Messages] in a for loop; each message is valid for one iteration;
//   - [Conn.Read] into new memory, or [Conn.ReadInto] into yours;
//   - [Conn.Reader] piece by piece, for messages too large for memory;
//   - [Conn.CloseRead] for an application that only writes;
//   - a [Receiver], which a Loop calls for each message;
//   - package wsjson for JSON.
//
// Writing messages:
//
//   - [Conn.Write] for one message; [Conn.Writer] for one whose length is not known;
//   - [Prepare] and [Conn.WritePrepared] for one message to many connections;
//   - [Conn.Batch] for many messages that may leave together;
//   - [Conn.TryWritePrepared] for one that must not wait, [Conn.WhenWritable] to try again;
//   - package hub for one message to many connections of which some may be slow.
//
// Ending: [Conn.Close] performs the closing handshake. [Conn.BeginClose] sends the Close
// frame and lets you read what remains. [Conn.CloseNow] drops the connection without a
// handshake. [Conn.Context] ends with the connection, and its cause says how the connection
// ended. [Registry] closes all connections of a server that shuts down, and [Loop.Shutdown]
// those of a Loop.
//
// Detecting peers that are gone: [KeepAlive] in the options pings at intervals,
// [Conn.Ping] once.
//
// A connection as a net.Conn, to tunnel another protocol: [NetConn].
//
// Compressing: CompressionMode in the options of [Accept] and [Dial];
// [Conn.Uncompressed] for a message that must not be compressed.
//
// # Concurrency
//
// Every method may be called from any goroutine at any time. Concurrent reads get one
// message each. Concurrent writes leave together, and control frames go between the
// fragments of a message. No goroutine waits in the background: the goroutine that reads
// also answers pings and Close frames. While the application does not read, [Conn.Ping],
// [Conn.Close] and [KeepAlive] read by themselves, up to the next message for the
// application.
//
// On a [Loop] the loop reads, and answers pings and Close frames. The calls of a [Receiver] for
// one connection never overlap; those for different connections do.
//
// # Cancellation
//
// A context bounds a call, not the connection. A cancelled read loses nothing, even in the
// middle of a header or a message: the next read continues where it stopped. A write that is
// cancelled before any of it is on the wire is not sent. Cancelling costs the connection
// only when half a frame, or half a fragmented message, is on the wire, because the rest
// cannot be sent later. Over TLS and on some other streams, cancelling a write that waits
// for the peer always costs the connection: see [Conn.Write].
//
// Using the same context for every call costs nothing. A new one for each call is registered
// when the call has to wait.
//
// # Limits
//
// A message may have 1 MiB and 131,072 fragments unless [Limits] or [Conn.SetReadLimit] say
// otherwise. If the peer exceeds a limit, the connection is closed with
// [StatusMessageTooBig]. Memory grows as bytes arrive, not as headers announce. The opening
// handshake has 30 seconds and a server reads at most 16 KiB of request; the closing
// handshake has 5 seconds: see [Timeouts]. An idle connection holds no buffer on a socket
// or TLS, and 4 KiB on any other net.Conn. A stream without deadlines also has a goroutine
// that reads ahead.
//
// On a [Loop] an idle connection holds no buffer either. The beginning of a frame is kept in 256
// bytes if it fits. What a peer does not take waits in at most 32 KiB, and the loop reads
// nothing more from that peer meanwhile.
//
// # Loop
//
// A goroutine for each connection is the simplest way to write a server, and costs 4 KB of
// memory for a connection that does nothing. A [Loop] does without: a few goroutines wait for
// all of its connections, by epoll, and call the [Receiver] of the one that has a message.
//
//	Handler:  connection ── goroutine ── for msg := range c.Messages(ctx)
//
//	Loop:     connection ──┐
//	          connection ──┼── loop ──── Receive(ctx, c, msg)
//	          connection ──┘
//
// A connection on a loop is a Conn as any other, only that the loop reads it. It comes from
// [Loop.Serve], which accepts on a listener without net/http, from [Loop.ServeHTTP], which makes
// the Loop an http.Handler, or from [Loop.Add], for a connection that a handler of yours has
// accepted or that was dialled. TLS has to run over [Loop.Listener].
//
// What a Receiver writes goes to the socket at once, or together with the answers to other
// messages that arrived with the first. If the socket is full, the rest waits in the connection,
// up to 32 KiB, and Write returns; a Write of more waits, as everywhere. The loop sends the rest
// when the peer has made room, and until then it reads nothing more from that peer. So a peer
// that does not read is not served, costs little, and delays nobody.
//
// A Receiver may wait. After some milliseconds another goroutine goes on with the other
// connections; the one that waits takes up nothing but itself. So a Receiver that queries a
// database now and then is fine, and one that always waits for long has as many goroutines as a
// Handler would have.
//
// Use Handler where there are some thousand connections, or where they are busy: it is as fast,
// and its code is simpler. Use a Loop where there are tens of thousands of them and the memory
// of their goroutines matters.
//
// Connections have no goroutine on Linux, if they are TCP or Unix sockets of package net, or TLS
// over a Loop.Listener. Any other connection, every stream of HTTP/2 or HTTP/3, and every
// connection on another system has one, which calls the same Receiver in the same way. So the
// program stays the same, and a test may add the ends of package wstest to a Loop.
//
// # Speed
//
// Frames that have arrived together are read with one system call. What a loop over
// [Conn.Messages] answers to them leaves with one system call as well; so does a [Batch],
// wherever it is used. While its TCP or Unix connection is busy, such a loop also skips the
// read that would find nothing. The price: the end of a stream that came with the last
// bytes may be noticed up to a second later, and the goroutine may keep a stack of 4 or
// 8 KiB instead of 2.
//
// Masking and UTF-8 validation have vector kernels for amd64 (AVX2, AVX-512) and arm64
// (NEON), chosen at run time; the build tag purego leaves them out. Reading and writing a
// message allocate nothing but what Read returns.
//
// # Compression
//
// permessage-deflate (RFC 7692) is negotiated if both ends have a CompressionMode.
// [CompressionOptions] has the four parameters of the RFC, the level, and a memory budget.
// Every method reads and writes compressed messages. A message shorter than the threshold is
// sent as it is. So is a message of one frame that compression would not make smaller.
//
// Limits count bytes as they come out of decompression, so a message that inflates beyond
// its limit costs no more memory than any other. Text is checked in the same way. Data that
// is not DEFLATE, or refers back beyond the agreed window, fails the connection with
// [StatusInvalidFramePayloadData].
//
// Between messages a connection keeps only its windows: at most 1<<bits bytes for each
// direction with context takeover, nothing without. Whatever else compressing (up to
// 300 KB) and decompressing (some 10 KB) needs is borrowed for one message from pools that
// all connections share. If a compressor returns to the connection that it served last, it
// goes on at once. Otherwise it must first load the window. Then, with windows of 9, 12
// and 15 bits, a message of 1 KiB of JSON takes 9, 13 and 12 µs, instead of 8, 8 and 4
// (default levels, one core of an AMD EPYC). A compressor for each connection would avoid
// that and cost 300 KB beside a window of at most 32 KiB, which pays only for a few
// connections that are always busy. A connection that is the only busy one, like that of
// most clients, gets back the compressor it had.
//
// With takeover, compressed messages leave one after another: each waits until the one
// before was handed to the transport. Without, they are compressed concurrently and leave
// together.
//
// The size of a compressed message reveals something about its content. If a message holds a
// secret together with data that somebody else has chosen, send it by [Conn.Uncompressed]
// (RFC 7692 §8).
//
// # Errors
//
// A mistake of the peer is a [*ProtocolError] or [*LimitError], a mistake of the caller a
// [*UsageError]. All other errors come from the transport. Once a connection has ended,
// every method returns a [*ClosedError] with the cause, the Close frames each way, and the
// end that began. It matches [net.ErrClosed], and [CloseStatus] finds the peer's status code
// in it. If the opening handshake fails, the client gets a [*HandshakeError] and the server
// an [*AcceptError].
//
// [Handler] and [RequestHandler] have no caller to return an error to. They call
// [AcceptOptions.OnError] with a [*HandlerError] for each refused request and for each error
// of a [ServeFunc]. If OnError is nil, they write a line to the ErrorLog of the http.Server
// instead, but not for errors that are [HandlerError.Ordinary]: a plain GET, a lost
// connection, a [*Refusal] of your own.
//
// # Requests and connections
//
// A served connection outlives its request. Its context has the server and the local
// address, and no other value of the request's context, because middleware may reuse those
// when the handler has returned. Take what you need from the request in [RequestHandler]:
//
//	mux.Handle("GET /rooms/{room}", websocket.RequestHandler(
//		func(r *http.Request) (websocket.ServeFunc, error) {
//			user, err := authenticate(r)
//			if err != nil {
//				return nil, &websocket.Refusal{Status: http.StatusUnauthorized, Reason: "log in first"}
//			}
//			room := r.PathValue("room")
//			return func(ctx context.Context, c *websocket.Conn) error {
//				return chat(ctx, c, room, user)
//			}, nil
//		}, nil))
//
// Middleware sees the handshake only. If it wraps the http.ResponseWriter, its writer needs
// a method Unwrap (see [http.ResponseController]); a logger then sees the status 101. The
// writer of [http.TimeoutHandler] has no such method: keep WebSocket handlers outside of it.
//
// # HTTP/2 and HTTP/3
//
// Over these a WebSocket is a stream of a connection that others share. It behaves as over TCP,
// and has the same methods; only [Conn.NetConn] returns nil, or the stream if it is one of package
// http3.
//
//	                        Conn
//	    ┌────────────────────┼───────────────────────────────┐
//	a TCP connection   a stream of net/http            a stream of our own framing
//	of its own         or quic-go, in a handler              │
//	    │                    │                         internal/h2/session │ package http3
//	Upgrade, Handler   Handler, Accept                 ServeHTTP2, Dial    │ Dial, Handler
//	Accept, Dial
//
// [Handler], [RequestHandler] and [Accept] recognise the requests by themselves, on an
// [http.Server] and on quic-go's. An http.Server has to be told to announce that it takes them: by
// package [github.com/hawser-ws/websocket/xconnect], which the main program imports. Its
// documentation says what that means for the other handlers of the process, for routes and for
// middleware. Browsers choose HTTP/2 by themselves, on a connection that has carried the page.
// The handler of such a request returns when the connection has ended, not before, and what
// http.Server says of handlers holds: ReadTimeout and WriteTimeout do not apply to the
// connection, and [http.Server.Shutdown] waits for it.
//
// [Dial] goes over HTTP/2 if [DialOptions.HTTP2] names a pool. The server is asked by ALPN and by
// its settings, and what it does not offer is done by HTTP/1.1. ServeHTTP2 is the other end of the
// same engine, without net/http. A stream costs less there than a TCP connection, and one that is
// not read costs the others nothing.
//
// On the streams of net/http that is otherwise. All streams of a connection share a window of
// 1 MiB, which one that nobody reads can fill. Set [http.HTTP2Config].MaxReceiveBufferPerStream to
// 64 KiB if your handlers may stop reading. A WebSocket also holds one of the 250 streams of its
// connection for as long as it is open; MaxConcurrentStreams is the option for more.
//
// Closing: an end that has begun ends its direction of the stream when both Close frames have gone,
// as a server always does. If the peer leaves the other direction open, a client ends it 5 ms later
// and a server half a second; nobody waits for that.
//
// Package http3 is a module of its own, because of quic-go.
//
// # Strictness
//
// Masking, reserved bits and opcodes, minimal lengths, the order of fragments, UTF-8 in text
// and close reasons, and close codes are always checked. A violation is answered with the
// close code that RFC 6455 requires. By default a server accepts browsers' requests from
// its own host only: see [AcceptOptions.OriginPatterns].
//
// # Coming from github.com/coder/websocket
//
// This package has all names and signatures of its version 1.8.15, so changing the import
// path is enough. These things differ: a cancelled context does not close the connection;
// the read limit is 1 MiB instead of 32 KiB; text that is not UTF-8 is refused; the case of
// subprotocols matters; methods return a [*ClosedError] when the connection has ended; errors
// have other texts. Package coder keeps to that library's rules in these things, for programs
// that rely on them; compat/README.md in the repository lists what differs even so.
//
// # Limitations
//
// Whether a server has HTTP/3 is not asked (Alt-Svc): the program says so. A stream of net/http
// or of HTTP/3 has no TryWrite: a hub queues what it sends there. On js/wasm the package
// compiles, but there is no network to dial.
package websocket
