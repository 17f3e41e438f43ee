// Package session runs an HTTP/2 connection of package h2 over a network connection: it has
// the goroutines, the waiting and the memory that the pure part leaves to a shell. Both ends
// use it. A [Stream] is a transport.Transport, so that a WebSocket drives it as it drives TCP.
//
// # Goroutines
//
//	reader    the caller of Run, for as long as the session lives
//	writer    at most one at a time, and none while there is nothing to write
//	callers   whoever uses a Stream; a Stream has no goroutine of its own
//
//	      reader                                        callers
//	nc ──▶ Receive ──▶ inbox of each stream ──────────▶ Fill, Read
//	          └──────▶ Config.Handle, for each request
//
//	nc ◀── writer ◀── Pending ◀── frames ◀───────────── Write, TryWrite, CloseWrite, Close
//
// The reader never waits for the writer: two ends whose readers did would wait for each other.
// An inbox takes all that the window of its stream lets come, so the reader never waits for a
// stream either.
//
// # Who writes
//
// Whoever leaves the session with something pending has it written, unless somebody does already.
// The only stream of a session writes by itself, but no more than goes without waiting, because
// the context of its caller may end at any time. For the rest, for several streams, and on a
// network connection that cannot tell whether it would wait, there is a goroutine until all is
// written.
//
//	       pending, one stream            the rest would wait
//	quiet ─────────────────────▶ trying ──────────────────────▶ waiting
//	 ▲ ▲ └──────────────────────── pending ────────────────────▶ │  │
//	 │ └─────────────────────────┘ nothing is left               │  │
//	 └───────────────────────────────────────────────────────────┘  │
//	               nothing is left                                  ▼
//	                                                   broken: a write has failed
//
// When a write has failed the peer is mostly gone, and what it has sent before is still read, for
// half a second: messages, and a GOAWAY that says why. The session is over only then.
//
// The reader holds the writing back (corked) while it takes in what one read has brought, so
// that all answers to it leave together. The goroutine lets others run before it looks: streams
// that the same read has woken leave in the same write.
//
// # The states of a session
//
//	          Shutdown of a server          the peer has answered our PING
//	open ──────────────────────────▶ warned ─────────────────────────────▶ leaving
//	 │  Shutdown of a client, GOAWAY of the server                            ▲  │
//	 └────────────────────────────────────────────────────────────────────────┘  │ no stream
//	    from anywhere: Close, the peer or the network ends it ──────▶ over ◀─────┘ is left
//
// At over every stream has got the cause, a [LostError]. What had come before can still be
// read. The reader sees to it that a GOAWAY goes out and is not destroyed by a reset of TCP.
//
// # A stream
//
// Its two directions end each for itself: by io.EOF or an error for reading, by an error for
// writing. A stream is given back to the endpoint when nobody uses it: a client's when it is
// closed, a server's when it is closed and the function that serves it has returned
// ([Stream.Served]).
//
// # Locks
//
// Session.mu guards everything: the endpoint, the states, and all of each Stream. Streams wait
// on conditions of it. It is the innermost lock but for those of the network connection: no
// callback is called and nothing is written to the network while it is held.
package session
