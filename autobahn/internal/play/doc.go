// Package play plays one case of the conformance suite on one connection, and judges it.
//
// It has its own codec (package internal/naive), its own inflater and its own deflate streams. It
// uses none of this module's engine: a judge must not share the mistakes of the judged, and it
// sends frames that the engine refuses to write.
//
//	Case        what is sent and what must come: a Script, or another Play;
//	  │         a Door if the opening handshake is wrong on purpose; what it Needs
//	Session     one connection, in one goroutine: bytes received, timers
//	  │         and completed writes reach it as calls
//	  ├── Opener         the opening handshake: Request asks a server, Answer a client;
//	  │                  over HTTP/2 Connect and ConnectAnswer
//	  ├── incoming       frames and messages; violations of the peer
//	  ├── ending         Close frames, and who ends the stream
//	  ├── sender         writes in its own goroutine, in pieces if asked
//	  └── wirelog        everything, with times
//	  │
//	judge       what came against what had to come; how the connection ended
//	  │
//	verdict.Result
//
// A session goes from state to state, never back:
//
//	opening ──opened──▶ open ──Close frame sent──▶ closing ──▶ closed
//	    │                 └──────── stream lost ──────┴──────────▲
//	    └── refused, or not in time ─────────────────────────────┘
//
// Most cases are a Script: steps that send, and a list of the events that must come. A case that
// has to move megabytes is an Echo (one message), Rounds (a thousand of them) or an Exchange
// (messages made by hand). Package cases has plays of its own for what none of them can do; the
// exported methods of Session are what a play may do.
//
// Timers are those of the original, since verdicts depend on them. Chapter 20 adds none: a peer
// may be silent for as long as the runner says, and forever while it owes nothing, such as when
// it waits for the rest of a message.
//
// # Connections
//
// A session knows no TCP and no HTTP. It reads and writes a [Stream], which an [Opener] has
// opened; [OverTCP] with [Request] or [Answer] is HTTP/1.1 (RFC 6455 section 4). A case whose
// subject is below the frames says so in its field Needs: the bytes of that handshake (20.1 to
// 20.4), or how TCP ends (20.8.14, 20.9.4 to 20.9.7). All others need a stream and nothing else.
// An Opener tells what its connections have by Gives. A case that needs more is UNIMPLEMENTED,
// and no byte is sent.
//
// Over HTTP/2 (RFC 8441) the stream is one of package mux, and [Connect] or [ConnectAnswer] opens
// it. What RFC 6455 says of TCP holds for the stream (RFC 8441 section 5):
//
//	FIN            END_STREAM
//	RST            RST_STREAM with CANCEL
//	end of TCP     both halves of the stream ended, or one RST_STREAM
//
// A server still ends the stream first, but a client need not wait for it: see Session.awaitEnd.
// Requests and responses are a [Draft] and a [Head] with pseudo-header fields, so that doors which
// only look at statuses and fields (20.11) work as they are. Chapter 21 is about HTTP/2 itself. Its
// cases have a [Wire], and reach the stream by Session.HTTP2.
package play
