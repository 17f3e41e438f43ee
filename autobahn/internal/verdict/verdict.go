package verdict

import (
	"slices"
)

// A Verdict says how a peer did in a case, in the words of Autobahn|Testsuite.
type Verdict string

const (
	OK            Verdict = "OK"            // as the RFC requires
	NonStrict     Verdict = "NON-STRICT"    // allowed, but against a SHOULD or good practice
	Informational Verdict = "INFORMATIONAL" // the RFC leaves it open; the result says what happened
	Unimplemented Verdict = "UNIMPLEMENTED" // the peer did not agree to the case's extension
	Failed        Verdict = "FAILED"        // forbidden by the RFC

	// Only for the end of the connection (Result.BehaviorClose).
	WrongCode      Verdict = "WRONG CODE"       // the peer's Close frame has an unexpected code
	Unclean        Verdict = "UNCLEAN"          // no closing handshake, or TCP was not closed after it
	FailedByClient Verdict = "FAILED BY CLIENT" // the server left the end of the TCP connection to the client
)

// Passed reports whether v needs no attention.
func (v Verdict) Passed() bool { return v == OK || v == Informational }

// Verdicts returns all verdicts, worst first.
func Verdicts() []Verdict { return slices.Clone(byHarm) }

var byHarm = []Verdict{Failed, WrongCode, Unclean, FailedByClient, NonStrict, Unimplemented, Informational, OK}
