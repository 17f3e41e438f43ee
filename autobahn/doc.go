// Package autobahn judges WebSocket implementations: the 517 cases of
// Autobahn|Testsuite, played natively, and chapter 20, which has what they lack.
// It is both a fuzzing client, which judges servers, and a fuzzing server, which
// judges clients. The command is ws conform; this package is for tests that want
// the suite in their own process.
//
//	cases, _ := autobahn.Select(autobahn.Server, "1.*,5.*,7.*", "")
//	suite := &autobahn.FuzzingClient{URL: "ws://127.0.0.1:9000/", Cases: cases}
//	agent, err := suite.Run(ctx)
//	for _, r := range agent.Results {
//		if !r.Worst().Passed() { … }
//	}
//
// The peer has to echo: to send every message back as it is. Verdicts, close
// codes, the names of files and the URLs are those of Autobahn|Testsuite, so that
// what was made for it goes on working.
//
// # How a case is played
//
// The suite speaks by a codec of its own, package internal/naive, and by an
// inflater and deflate streams of its own. Nothing of the engine that this module
// is otherwise about is in it: a judge must not share the mistakes of the judged,
// and it has to send what the engine refuses to write.
//
//	Case       what is sent and what must come: a script, or another play
//	  │
//	session    one connection, in one goroutine; what arrives, what timers
//	  │        say, and what has left comes to it as calls
//	  ├── opening handshake    opening.go, door.go when it is not as it should be
//	  ├── incoming             frames and messages; violations of the peer
//	  ├── ending               Close frames, and who ends TCP
//	  ├── sender               writes in its own goroutine, in pieces if asked
//	  └── wirelog              everything, with times
//	  │
//	judge      what came against what had to come; how the connection ended
//	  │
//	Result     the verdicts, and all that led to them
//
// A session goes from state to state, never back:
//
//	opening ──101──▶ open ──Close frame sent──▶ closing ──▶ closed
//	    │              └──────── TCP lost ─────────┴───────────▲
//	    └── refused, or not in time ───────────────────────────┘
//
// Most cases are a script: steps that send, and a list of the events that must
// come. A case that has to move megabytes is an echo (one message), rounds (a
// thousand of them) or an exchange (messages made by hand).
//
// Timers are those of the original, since verdicts depend on them. Chapter 20 has
// none of its own: a peer may be silent for as long as Timeout says, and a peer that
// owes nothing, such as one that waits for the rest of a message, for ever.
//
// A case that does not pass while others run is played again alone, and that play
// counts: that a busy machine stands still for half a second is not the peer's fault.
// Clients come for a case when they like. What one fails beside others says so, and
// counts as it goes when the client asks for it again.
//
// FAILED is what a sentence of the RFC forbids the peer. Where a sentence binds only
// the suite, whose frame or request is wrong on purpose, a peer that takes it is
// NON-STRICT; where the RFC leaves a choice, INFORMATIONAL.
//
// # What differs from the original
//
// Chapter 9 compares what comes back byte by byte, the original only its type
// and length. Test data of chapters 12 and 13 are other files of the same sizes.
// In chapter 13 a server's answer that does not fit the offer is a remark; it is
// judged in group 20.10. A Ping of the peer's own gets its Pong, and is no event of
// the case. A Pong that breaks the rules of frames answers no Ping.
package autobahn
