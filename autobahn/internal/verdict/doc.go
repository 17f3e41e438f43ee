// Package verdict has what is known, and what is said, of one case played with one peer: the
// result with its two verdicts, the events that were expected and came, and the wire log. Names
// and JSON are those of Autobahn|Testsuite.
//
// Users of package autobahn have these types under its name. What only the suite may do with a
// result is a function here, and no method of it.
package verdict
