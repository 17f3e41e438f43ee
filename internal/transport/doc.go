// Package transport drives the byte stream beneath a connection, whatever it is, and has
// what waits for it stop waiting.
//
//	Conn ── Fill, Read, Write, TryWrite ──▶ Transport
//	     ── Arm, Park ──▶ Canceler ── InterruptRead, InterruptWrite ──▶
//
//	Transport       which streams                    how a wait is ended      idle memory
//	Socket          *net.TCPConn, *net.UnixConn      deadline                 none
//	tlsConn         *tls.Conn                        deadline                 half a KiB
//	netConn         any other net.Conn               deadline                 4 KiB: a Buffer
//	sharedConn      a stream of HTTP/3, by           deadline                 a quarter of a KiB
//	                package http3
//	pump            any other stream; a net.Conn     its goroutines are left  4 KiB and a
//	                that refuses deadlines           to themselves            goroutine
//	Polled          a socket that an event loop      a bell is rung           none
//	                watches
//	polledTLS       a *tls.Conn on such a socket     a bell is rung           none
//	ResponseStream  a stream of HTTP/2 or HTTP/3     read: a goroutine is     a quarter of a KiB
//	                in a handler of net/http         left to itself; write:
//	                                                 the stream is reset
//	preloaded       one of these, behind bytes that had been read before
//
// The streams of package h2/session are a Transport of their own. They, sharedConn and
// ResponseStream are [Shared].
//
// [New] chooses, and returns what is driven below its methods only if it is exactly the
// standard library's. On systems other than Unix sockets are net.Conns like any other.
// [Traits] tell those who use a stream what sets its kind apart. A Socket on Unix is also
// an [InlineLooper]: a loop over messages can run inside its read.
//
// [Plain] chooses for a shell whose users own the net.Conn: they set its deadlines, and look
// at its errors.
//
// # Streams that an event loop drives
//
// On Linux a connection can leave package net: [Drive] takes the socket out of its Transport and
// returns a [Driven], a Polled or a polledTLS. Such a stream does at once what can be done, and
// then returns [ErrAgain]; the event loop reports by Ready what has become possible. Fill, Read
// and Write wait as on any other stream, for a bell that Ready rings. TLS can leave if it was made
// of what [Movable] returns.
//
//	New ──▶ Socket ──▶ Drive ──▶ Polled
//	New ──▶ tlsConn ─▶ Drive ──▶ polledTLS ──▶ Polled
//	Acceptor ─▶ Accepted ─▶ Polled
//
// A net.Conn that is a [Reporter] needs no event loop: it makes its own Driven, and reports what has
// become possible itself.
//
// What is known of a descriptor, for each direction:
//
//	          a call has found nothing, or taken the last
//	to be tried ────────────────────────────────────────▶ dry, or full
//	to be tried ◀──────────────────────────────────────── dry, or full
//	          Ready
//
// A descriptor is closed by the last of those who use it:
//
//	      Close                FreeRead, FreeWrite, the last unuse
//	open ───────▶ shut down ──────────────────────────────────────▶ closed
//
// # Who calls what, inside which gate
//
// A connection has a gate for each direction, see package gate. Fill, Read and RunInline
// are called inside that for reading, by one goroutine at a time, and so is all of the
// [Buffer] that they fill. Write, TryWrite, LimitWrite and CloseWrite are called inside
// that for writing. A [Canceler] belongs to one direction: Arm, Park, Disarm and Reset are
// called inside its gate. InterruptRead, InterruptWrite, Interrupt, Close and NetConn may
// be called from anywhere, and so may Ready and Full. FreeRead and FreeWrite are the last calls
// inside their gates.
//
// Release and Reacquire are called by the body of an inline loop, inside the gate for
// reading; it may leave the gate between them. The file inline.go draws the three states
// of a socket.
//
// # What an interruption costs
//
// A read that is interrupted loses nothing on any stream. A write reports how far it came
// and can go on, on sockets and on net.Conns whose timeout is os.ErrDeadlineExceeded. It
// fails with [ErrWriteCut] over TLS, whose record is lost, unless an event loop drives that; on a
// ResponseStream, which it resets; on a net.Conn with a timeout of its own, which may still send
// what it reports as not sent; and on a pump, whose goroutine goes on writing.
//
// # States of the writes of a pump or a ResponseStream
//
//	            Write                interrupted
//	free ─────────────────────▶ one ─────────────▶ cut: no Write succeeds any more
//	free ◀───────────────────── one
//	            it ends
//
//	        interrupted
//	free ─────────────────────▶ stopped: Write fails
//	free ◀───────────────────── stopped
//	   no more, or a new limit
//
// Interrupted means by InterruptWrite or by a limit that passes.
package transport
