// Package cases has the cases of the conformance suite, a file or more for each chapter, and the
// catalog that selects among them.
//
// Chapters 1 to 13 are those of Autobahn|Testsuite, with its numbers. Chapter 20 has what it
// lacks, and chapter 21 what WebSockets over HTTP/2 ask for; each of their cases names the sentence
// of the RFC. A case says what is sent, what must
// come and how the connection must end, in the words of words.go and the steps of package play.
// A case whose subject is the opening handshake of HTTP/1.1, or TCP, has to say so in its field
// Needs. Over HTTP/2 those are left out, and chapter 21 is played.
//
// testdata/cases.tsv was taken from the original's source by a reader other than the author of
// the chapters. Tests play every case against it, with a peer (package mate) that answers in
// each of the ways that matter.
//
// # A new case
//
// Chapters 1 to 13 are closed: they are the original's. A case of chapter 20 or 21 goes to the end of
// its group, since numbers stand in other people's baselines and never change:
//
//   - the case, in the file of its group (chapter20.go and chapter21.go say which), most often as
//     play.Scripted with comesBack or fails of chapter20_words.go. A sentence of an RFC that
//     says MUST makes it FAILED; otherwise it is NON-STRICT or INFORMATIONAL
//   - a peer in allowed_test.go or chapter21_test.go that does what the RFC allows, and one that
//     does not
//   - a title in titles.go, if the group is new
//   - what our own ends get: go test ./autobahn -run TestExpected -full -update
//   - the numbers of cases in ../../README.md
//
// ws conform -cases 20.7.10 then plays it with our own server and client, and -list shows
// how it reads.
package cases
