// Package cases has the cases of the conformance suite, a file or more for each chapter, and the
// catalog that selects among them.
//
// Chapters 1 to 13 are those of Autobahn|Testsuite, with its numbers. Chapter 20 has what it
// lacks; each of its cases names the sentence of the RFC. A case says what is sent, what must
// come and how the connection must end, in the words of words.go and the steps of package play.
// A case whose subject is the opening handshake of HTTP/1.1, or TCP, has to say so in its field
// Needs.
//
// testdata/cases.tsv was taken from the original's source by a reader other than the author of
// the chapters. Tests play every case against it, with a peer (package mate) that answers in
// each of the ways that matter.
package cases
