// Package fuzz holds the fuzz targets of this module that look at it from outside.
// internal/inflate, internal/deflate and internal/h2 have targets of their own.
//
// A target states a property of every input, and compares the code under test with an oracle:
// package internal/naive, the standard library, a second parser written in the test from the
// grammar of the RFC, or the same operation done another way. "Does not crash" is not a
// property.
//
//	target            what is compared with what
//	FuzzHeader        parsing, judging and writing a header: internal/naive; no prefix is enough
//	FuzzWhole         the shortcut for whole messages: messages that naive reads and accepts
//	FuzzMask          masking and copying, any split and alignment: naive; nothing else is touched
//	FuzzUTF8          text in any split: unicode/utf8, and the first bad byte by naive; fused unmasking
//	FuzzClosePayload  Close payloads both ways, reasons cut to fit: naive
//	FuzzExtensions    Sec-WebSocket-Extensions: regular expressions of RFC 6455 §9.1, the round trip,
//	                  and the possible agreements by a second reading of RFC 7692 §7.1
//	FuzzTokens        lists, choice of a subprotocol, names and values: the obvious splitter, httpguts
//	FuzzRequestHead   heads of requests: net/http's ReadRequest; in pieces, by rules only: the same
//	FuzzResponseHead  a client's judgement of a response: a second reading, net/http's ReadResponse
//	FuzzInflate       messages in a row, any split, any room: compress/flate
//	FuzzDeflate       messages compressed and inflated again: compress/flate and our own inflater
//	FuzzSteps         input doubled, work at most doubled, counted by fuzz/internal/steps
//	FuzzRatio         a message that inflates to twice as much from hardly more bytes: allocations
//	                  stay within four times its inflated size
//	FuzzDecoder       a whole stream to conn.Decoder, in any split, every prefix, and dropped by Discard:
//	                  naive with compress/flate; a fault is reported at the very byte
//	FuzzStream        a whole stream, byte by byte, in pieces and at once, by every way to read and
//	                  by a Loop, in memory and on sockets: each other, and naive with compress/flate
//	FuzzOutbox        frames written in any pieces, held, claimed and taken back: a list of frames,
//	                  and what naive reads from the wire
//	FuzzLifecycle     any order of events: a second model, of what has happened and not of states
//	FuzzBetween       two ends of ours and a rewriter between them: what passed, by the same oracle
//
// Package peers, a module of its own, compares the same streams with gobwas and gorilla.
// Package soak runs thousands of connections on a network that fails. The table in README.md
// lists all attacks, with the test of each.
//
// Seeds come from fuzz/internal/seeds: the rows of internal/vectors, connections of real
// programs, and the cases of the conformance suite. A target that finds too few seeds fails.
// Inputs found by fuzzing are in testdata/fuzz, in a folder for each target, under names that
// describe them. Both are replayed by
//
//	go test ./fuzz
//
// and fuzzing starts from them with
//
//	go test ./fuzz -run '^$' -fuzz '^FuzzHeader$' -fuzztime 60s
//	make fuzz TIME=60s
//
// The latter runs every target of the module.
package fuzz
