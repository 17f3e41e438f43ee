package autobahn

import (
	"sync"

	"github.com/hawser-ws/websocket/autobahn/internal/cases"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// A Role is the side of a connection that is judged: [Server] or [Client]. The suite plays the
// other side. Its method String returns "server" or "client".
type Role = verdict.Role

const (
	Server Role = verdict.Server // the suite is the fuzzing client
	Client Role = verdict.Client // the suite is the fuzzing server
)

// A Case is one thing that the suite does to a peer, and what the peer must do.
type Case struct {
	ID          string // such as 6.4.1
	Index       int    // in the catalog of its role; the first is 1
	Description string // what the suite does
	Expectation string // what the peer must do
	Sentence    string // the sentence of the RFC, with its section; only in chapters 20 and 21

	play *play.Case
}

// Cases returns all cases for a role, in order: the 517 of the original, then chapter 20, and
// chapter 21, which is about HTTP/2. No connection is fit for all of them: see [Select] and
// [SelectHTTP2].
func Cases(judged Role) []*Case { return published(cases.Cases(judged)) }

// Original selects the chapters of Autobahn|Testsuite.
const Original = cases.Original

// Quick selects cases that find nearly every fault in a few seconds: chapters 1 to 10 and 20,
// and from every group of 12 and 13 a small size and a fragmented one. Over HTTP/2 it has chapter
// 21 as well.
const Quick = cases.Quick

// Select returns the cases of a role over HTTP/1.1 that match one of patterns and none of exclude.
// Patterns are separated by commas, as in "1.*,7.9.*,20.3.1"; a star matches anything. Empty patterns
// match every case. A pattern that matches no case is probably a typo, so it is an error: a
// [*PatternError].
func Select(judged Role, patterns, exclude string) ([]*Case, error) {
	selected, err := cases.Select(judged, cases.OverHTTP1, patterns, exclude)
	return published(selected), err
}

// SelectHTTP2 is [Select] for cases that are played over streams of HTTP/2 (RFC 8441): those of
// chapter 21, and all others that are not about the opening handshake of HTTP/1.1 or about TCP.
func SelectHTTP2(judged Role, patterns, exclude string) ([]*Case, error) {
	selected, err := cases.Select(judged, cases.OverHTTP2, patterns, exclude)
	return published(selected), err
}

// A PatternError reports that a pattern of [Select] matches no case. Its field Pattern has it.
type PatternError = cases.PatternError

// Title returns the subject of a chapter or a group of cases, as in Title("6") and
// Title("6.4"). A single case has a Description instead.
func Title(id string) string { return cases.Title(id) }

// published returns cases as users know them. Each is published once.
func published(list []*play.Case) (out []*Case) {
	known := catalog()
	for _, c := range list {
		out = append(out, known[c])
	}
	return out
}

var catalog = sync.OnceValue(func() map[*play.Case]*Case {
	known := map[*play.Case]*Case{}
	for _, role := range []Role{Server, Client} {
		for _, c := range cases.Cases(role) {
			known[c] = &Case{c.ID, c.Index, c.Description, c.Expectation, c.Sentence, c}
		}
	}
	return known
})
