// Package h2 is HTTP/2 (RFC 9113) as far as WebSocket streams need it (RFC 8441): both ends
// of one connection, without I/O.
//
// It is pure: no sockets, goroutines, clock or randomness. Time is an argument. It does not
// know what a WebSocket is: package handshake judges the requests, package conn the DATA.
//
// # Layers
//
//	frame.go            9 bytes of header, what each type must look like   "well formed"
//	block.go, head.go   HPACK; field lists of requests and responses       "well formed"
//	settings.go         the values of both sides, and when they apply
//	state.go            the table of stream states                         "may come now"
//	table.go            the streams: which exist, which are forgotten      "exists"
//	window.go           flow control, both directions                      "may be this much"
//	flood.go            what a peer may make us do for nothing             "may be this often"
//	outbox.go, ring.go  frames in, bytes out; chunks and their turns
//	receive*.go         bytes in, events out (event.go): each frame through the layers above
//	send*.go, goaway.go calls in, frames out
//	endpoint.go         all of it together                                 <- what a shell sees
//
// observe.go is for those who only look at a connection of others, and account.go for tests.
//
// # What a shell does
//
// An [Endpoint] drives. The shell moves bytes, waits, and keeps the received DATA of each
// stream until its reader wants it.
//
//	         Receive                                  Pending, Advance
//	bytes ──────────▶ events: Requested, Answered,   ───────────────▶ bytes
//	                  Received, Ended, Reset …
//	         Open, Respond, TrySend, Send, End, Reset, Consumed, Release
//	calls ──────────▶ frames
//
// After any of these calls there may be something to write: Pending says. Deadline and
// Expire are for what the peer owes. An error of Receive is the end of the connection: the
// last of Pending is a GOAWAY that says why.
//
// A stream that an event calls over, and any other that the shell has finished with, is given
// back by Release.
//
// # What is left out
//
// Push, priorities (which RFC 9113 §5.3 has dropped; such frames are ignored), trailers, and the
// comparison of content-length with what comes: a WebSocket has no content. Of the 145 cases of
// h2spec 2.0 only those five fail that ask for the last three.
//
// # The states of a stream
//
// They are those of RFC 9113 §5.1 without push, and "open" is three states: a stream of ours
// waits for the peer's head (AwaitingHead), one of the peer's for ours (OwingHead).
//
//	                 Idle
//	SendHead ┌─────────┴─────────┐ RecvHead
//	         ▼                   ▼
//	   AwaitingHead          OwingHead ──── RecvEnd ───▶ OwingHeadAtEnd
//	         │                   │                            │
//	RecvHead │                   │ SendHead                   │ SendHead
//	         └────────▶ Open ◀───┘                            │
//	     SendEnd ┌───────┴───────┐ RecvEnd                    │
//	             ▼               ▼                            │
//	     HalfClosedLocal   HalfClosedRemote ◀─────────────────┘
//	     RecvEnd │               │ SendEnd
//	             └───▶ Closed ◀──┘
//
// From each state but Idle, RecvReset leads to Closed and SendReset to Reset. In Closed the
// peer knows that the stream is over: more DATA is an error. In Reset it may not know yet, so
// what arrives is dropped. A head after the first one, be it trailers, is an error: a
// WebSocket has none. The table is transitions.
//
// A stream counts towards our limit until the shell has called Release, which is when the
// function that serves it has returned, and not when the peer resets it: otherwise open and
// reset in turn would start any number of functions (Rapid Reset, CVE-2023-44487).
//
// # Windows
//
// Each stream has a window of its own, and the shell room for that much of its DATA. The
// window of the connection limits nothing but what is on its way: it is refilled when DATA
// arrives, so a stream that nobody reads costs the others nothing. The window of a stream is
// refilled when the application has taken the DATA: see Consumed. A refill is announced when
// it has grown to half a window.
//
//	stream       │ the peer may send │ held by the shell │ owed: consumed, not announced │
//	connection   │ the peer may send                     │ owed: arrived, not announced  │
//
// # A chunk on its way out
//
// DATA is copied into the buffer of the connection when it is framed. Up to there it can be
// taken back, so cancellation needs no rest of the connection:
//
//	chunk    │ on the wire │ framed, in the buffer │ waits: may be taken back │
//	         ▲             ▲ Sent                  ▲ Framed                   ▲ Size
//
// Streams take turns by the frame. A stream waits outside the ring while its window is
// closed. TrySend is for the usual case: nobody waits, and the windows are open.
//
// # Floods
//
// Every frame that costs us something and the peer next to nothing is charged to one
// account that recovers with time: see flood.go. What it provokes us to send is counted
// while it waits. Both end in GOAWAY with ENHANCE_YOUR_CALM.
package h2
