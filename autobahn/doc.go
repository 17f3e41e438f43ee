// Package autobahn judges WebSocket implementations: the 517 cases of
// Autobahn|Testsuite, in Go, chapter 20 with cases that it lacks, and chapter 21 for
// WebSockets over HTTP/2 (RFC 8441). It is both a fuzzing client, for servers, and a
// fuzzing server, for clients. The command is
// ws conform; this package is for tests that run the suite in their own process.
//
//	cases, _ := autobahn.Select(autobahn.Server, "1.*,5.*,7.*", "")
//	suite := &autobahn.FuzzingClient{URL: "ws://127.0.0.1:9000/", Cases: cases}
//	agent, err := suite.Run(ctx)
//	for _, r := range agent.Results {
//		if !r.Worst().Passed() { … }
//	}
//
// The peer has to echo every message unchanged. Verdicts, close codes, file names
// and URLs are those of Autobahn|Testsuite, so tools made for it keep working.
//
// # How it is built
//
//	FuzzingClient, FuzzingServer    connect, or listen; which case is played when
//	  │         Own, Testee         judge this module's own server and client
//	  │
//	internal/cases      the chapters: what is sent, and what must come
//	  │
//	internal/play       one case on one connection; its documentation has the states
//	  │     └── internal/mux    the suite's own end of a connection of HTTP/2
//	  │
//	internal/verdict    the result, and all that led to it
//	  │
//	internal/report     the page, and JSON
//
// Beside them are internal/deflate and internal/corpus (compressed streams, and what is in
// them), internal/landing (the page on which a browser plays), and internal/mate (a peer for
// tests).
//
// Only Own, Testee and EchoHandler use this module's engine. The packages below use none of it: a
// judge must not share the mistakes of the judged, and it sends frames that the engine refuses to
// write.
//
// A case that fails while others run is played again alone, and only that play
// counts: a pause of a busy machine is not the peer's fault. The suite cannot do so
// with clients, which ask for a case when they like. Their result says that it failed
// beside others; a later play of the case replaces it.
//
// FAILED means that the RFC forbids what the peer did. NON-STRICT means that the
// peer accepted a frame or request that the RFC forbids the suite to send.
// INFORMATIONAL means that the RFC leaves a choice.
//
// # What differs from the original
//
// Chapter 9 compares every byte that comes back, the original only type and length.
// The test data of chapters 12 and 13 are other files of the same sizes. In chapter
// 13 a server's answer that does not fit the offer is only noted; group 20.10 judges
// it. A Ping from the peer gets its Pong, and is no event of the case. A Pong that
// breaks the framing rules answers no Ping.
package autobahn
