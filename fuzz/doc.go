// Package fuzz holds the fuzz targets of this module that look at it from outside;
// internal/inflate and internal/deflate have targets of their own beside them.
//
// A target states what must be so for every input, and holds what is under test
// against an oracle: package internal/naive, the standard library, a second reading
// written in the test by the grammar of the RFC, or the same thing done another way.
// That nothing crashes is no property.
//
//	target            what is held against what
//	FuzzHeader        parsing, judging and writing a header: internal/naive; no prefix is enough
//	FuzzWhole         the shortcut for whole messages: what naive reads and finds nothing against
//	FuzzMask          masking and copying, any split and alignment: naive; nothing else is touched
//	FuzzUTF8          text in any split: unicode/utf8, and the first bad byte by naive; fused unmasking
//	FuzzClosePayload  Close payloads both ways, reasons cut to fit: naive
//	FuzzExtensions    Sec-WebSocket-Extensions: regular expressions of RFC 6455 §9.1, the round trip,
//	                  and what may be agreed on by a second reading of RFC 7692 §7.1
//	FuzzTokens        lists, choice of a subprotocol, names and values: the obvious splitter, httpguts
//	FuzzRequestHead   heads of requests: net/http's ReadRequest; in pieces, by rules only: the same
//	FuzzResponseHead  what a client makes of an answer: a second reading, net/http's ReadResponse
//	FuzzInflate       messages in a row, any split, any room: compress/flate
//	FuzzDeflate       messages compressed and inflated again: compress/flate and our own side
//	FuzzSteps         input doubled, work at most doubled, counted by fuzz/internal/steps
//	FuzzRatio         a message that says twice as much in hardly more bytes: what is allocated
//	                  stays within four times what it says
//	FuzzDecoder       a whole stream to conn.Decoder, in any split, every prefix, and dropped by Discard:
//	                  naive with compress/flate; it is refused with the very byte
//	FuzzStream        a whole stream, byte by byte, in pieces and at once, by every way to read, in
//	                  memory and on sockets: each other, and naive with compress/flate
//	FuzzOutbox        frames written in any pieces, held, claimed and taken back: a list of frames,
//	                  and what naive reads of the wire
//	FuzzLifecycle     any order of events: a second model, of what has happened and not of states
//	FuzzBetween       two ends of ours and a rewriter between them: what passed, by the same oracle
//
// Package peers, a module of its own, holds the same streams against gobwas and
// gorilla; package soak puts connections by the thousand on a network that fails. What
// is attacked, and the test of each attack, is the table in README.md.
//
// Seeds come from fuzz/internal/seeds: the rows of internal/vectors, connections of
// real programs, the cases of the conformance suite. A target that finds too few
// fails. What fuzzing found is in testdata/fuzz, a folder for each target, under a
// name that says what it is. Both are replayed by
//
//	go test ./fuzz
//
// and searched on from by
//
//	go test ./fuzz -run '^$' -fuzz '^FuzzHeader$' -fuzztime 60s
//	make fuzz TIME=60s
//
// the latter for every target of the module.
package fuzz
