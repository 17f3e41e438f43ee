package report

import (
	"strings"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// A meaning explains a verdict.
type meaning struct {
	Verdict verdict.Verdict
	Close   bool   // about the end of the connection
	Text    string // empty if it was explained before
}

var meanings = []meaning{
	{verdict.OK, false, "as the RFC requires"},
	{verdict.NonStrict, false, "allowed, but not what a SHOULD or good practice asks for"},
	{verdict.Informational, false, "the RFC leaves it open; the case says what happened"},
	{verdict.Unimplemented, false, "the peer did not agree to the extension"},
	{verdict.Failed, false, "against the RFC"},
	{verdict.Failed, true, ""},
	{verdict.WrongCode, true, "the peer’s Close frame carried a code that does not fit"},
	{verdict.Unclean, true, "no closing handshake, or TCP was not closed after it"},
	{verdict.FailedByClient, true, "the server left the TCP close to the client"},
}

// class returns the style sheet's name for v.
func class(v verdict.Verdict) string {
	return strings.ReplaceAll(strings.ToLower(string(v)), " ", "-")
}
