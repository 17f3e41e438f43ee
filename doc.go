// Package websocket implements the WebSocket protocol, RFC 6455, for servers and
// clients.
//
// # Which function for which need
//
// A server in net/http:
//
//   - [Handler] runs a function for each connection; what it returns decides how the
//     connection is closed. It is where to begin.
//   - [RequestHandler] looks at the request first, for route parameters and
//     authentication: it refuses with a status of yours, or returns the function that
//     serves the connection.
//   - [Accept] upgrades one request inside a handler of yours and gives you the
//     connection.
//   - [Upgrade] does so straight on a [net.Conn], without net/http.
//
// A client:
//
//   - [Dial] connects to a URL: through proxies, with TLS, cookies, redirects.
//
// A stream whose handshake somebody else has done, in tests and tunnels:
//
//   - [NewConn]; and package wstest has two ends in memory.
//
// Reading messages:
//
//   - [Conn.Messages] in a for loop, where the memory is borrowed for each turn;
//   - [Conn.Read] into memory of its own, or [Conn.ReadInto] into yours;
//   - [Conn.Reader] piece by piece, for messages too large to hold;
//   - [Conn.CloseRead] for an application that only writes;
//   - package wsjson for JSON.
//
// Writing messages:
//
//   - [Conn.Write] for one message; [Conn.Writer] for one whose length is not known;
//   - [Prepare] and [Conn.WritePrepared] for one to many connections;
//   - [Conn.Batch] for many that may leave together;
//   - [Hub] for one to many connections, of which some may be slow.
//
// Ending: [Conn.Close] performs the closing handshake. [Conn.BeginClose] sends the Close
// frame and lets you read what remains. [Conn.CloseNow] drops the connection without a
// handshake. [Registry] closes all connections of a server that shuts down.
//
// Finding peers that are gone: [KeepAlive] in the options pings at intervals,
// [Conn.Ping] once.
//
// A connection as a net.Conn, to tunnel another protocol: [NetConn].
//
// Compressing: CompressionMode in the options of [Accept] and [Dial];
// [Conn.Uncompressed] for a message that is not to be.
//
// # Concurrency
//
// Every method may be called from any goroutine at any time. Concurrent reads get a
// message each; concurrent writes leave together, and control frames go between the
// fragments of a message. No goroutine waits in the background: whoever reads
// answers pings and Close frames. [Conn.Ping], [Conn.Close] and [KeepAlive] read by
// themselves while the application does not, up to the next message for it.
//
// # Cancellation
//
// A context bounds a call, not the connection. A read that is cancelled, even in the
// middle of a header or of a message, loses nothing: the next goes on where it
// stopped. A write that is cancelled before any of it is on the wire is not sent.
// Only when half a frame, or half a fragmented message, is on the wire does giving
// up cost the connection, because the peer could make nothing of the rest. Using the
// same context for every call costs nothing; a new one for each call is registered
// when the call has to wait.
//
// # Limits
//
// A message may have 1 MiB and 131,072 fragments unless [Limits] or
// [Conn.SetReadLimit] say otherwise; the peer that exceeds one is closed with
// [StatusMessageTooBig]. Memory grows as bytes arrive, not as headers announce.
// The opening handshake has 30 seconds and 16 KiB, the closing one 5 seconds:
// [Timeouts]. An idle connection holds no buffer on a socket or TLS, and 4 KiB on any
// other net.Conn; a stream without deadlines also has a goroutine that reads ahead.
//
// # Speed
//
// Frames that have arrived together are read with one system call, and what a loop
// over [Conn.Messages] answers to them leaves with one; a [Batch] does so wherever
// it is used. Such a loop, while its TCP or Unix connection is busy, also spares the
// read that finds nothing. Then the end of a stream that came with the last bytes
// may be noticed up to a second later, and the goroutine may keep a stack of 4 KiB or
// 8 where it had 2 before.
//
// Masking and UTF-8 have vector kernels for amd64 (AVX2, AVX-512) and arm64 (NEON),
// chosen at run time; the build tag purego leaves them out. Neither reading nor
// writing a message allocates, beyond what Read returns.
//
// # Compression
//
// permessage-deflate (RFC 7692) is negotiated if a CompressionMode says so, on both
// ends; [CompressionOptions] has the four parameters of the RFC, the level, and a
// budget of memory. Every method reads and writes compressed messages. A message
// shorter than the threshold is sent as it is, and so is one of a single frame that
// would come out no smaller.
//
// Limits count what comes out of decompression while it comes out, so that a message
// that inflates beyond its limit costs no more memory than one that does not. Text is
// judged in the same way. Data that is not DEFLATE, or reaches back beyond the window that was
// agreed on, fails the connection with [StatusInvalidFramePayloadData].
//
// Between two messages a connection keeps its windows and nothing else: at most
// 1<<bits bytes for each direction with context takeover, nothing without. What
// compressing and decompressing needs besides, up to 300 KB and some 10 KB, is lent
// for one message from pools that all connections share. A compressor that comes back
// to the connection it served last goes on at once; any other is told the window
// first. With windows of 9, 12 and 15 bits a message of 1 KiB of JSON takes 9, 13
// and 12 µs so, against 8, 8 and 4 (default levels, one core of an AMD EPYC). Holding
// a compressor for each connection would save the difference and cost 300 KB beside a
// window of at most 32: it would pay for few connections that are busy all the time.
// One that is alone busy, as a client's mostly is, does get back the one it had.
//
// With takeover, messages that are compressed leave one after another, each having
// waited until the one before was handed to the transport; without, they are
// compressed side by side and leave together.
//
// A size tells something about its content: where a message holds a secret beside
// what somebody else has chosen, send it by [Conn.Uncompressed] (RFC 7692 §8).
//
// # Errors
//
// What the peer did wrong is a [*ProtocolError] or [*LimitError], what the caller did
// wrong a [*UsageError]; the rest comes from the transport. Once a connection has
// ended every method returns a [*ClosedError] that holds the cause, the Close frames
// each way and who began. It matches [net.ErrClosed], and [CloseStatus] finds the
// peer's status code in it. A handshake that fails is a [*HandshakeError] to the
// client and an [*AcceptError] to the server.
//
// [Handler] and [RequestHandler] have no caller to return an error to. They write a line
// to the ErrorLog of the http.Server for each refused request and for each error of a
// served function, or call [AcceptOptions.OnError], if it is set, with a
// [*HandlerError]. Only the hook gets the errors that are [HandlerError.Ordinary]: a
// plain GET, a lost connection, a [*Refusal] of your own.
//
// # Requests and connections
//
// A served connection outlives its request. Its context has the server and the local
// address, and no other value of the request's context: middleware may reuse those when
// the handler has returned. Take what you need from the request in [RequestHandler]:
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
// Middleware sees the handshake only. If it wraps the http.ResponseWriter, its writer
// needs a method Unwrap, see [http.ResponseController]; then a logger sees the status
// 101. The writer of [http.TimeoutHandler] has none: keep WebSocket handlers outside of
// it.
//
// # Strictness
//
// Masking, reserved bits and opcodes, minimal lengths, the order of fragments, UTF-8
// in text and close reasons, and close codes are checked, always. A violation is
// answered with the close code that RFC 6455 asks for. By default a server accepts
// browsers' requests from its own host only: [AcceptOptions.OriginPatterns].
//
// # Coming from github.com/coder/websocket
//
// The names and signatures of its version 1.8.15 are all here, so that changing the
// import path is enough. What differs: a cancelled context does not close the
// connection; the read limit is 1 MiB rather than 32 KiB; text that is not UTF-8 is
// refused; the client's order of subprotocols decides and case counts; errors of a
// connection that has ended are [*ClosedError].
//
// # Limitations
//
// HTTP/2 (RFC 8441) is not negotiated. On js/wasm the package compiles, but there is
// no network to dial.
package websocket
