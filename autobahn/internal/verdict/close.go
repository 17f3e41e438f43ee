package verdict

import (
	"fmt"
	"slices"
	"strings"
)

// JudgeEnd judges how the connection ended, by the original's rules in their order.
func JudgeEnd(r *Result) {
	switch want := r.ExpectedClose; {
	case want.ByMe != r.ClosedByMe, r.silent && !want.ByMe:
		r.BehaviorClose, r.ResultClose = Failed, "The connection was failed by the wrong endpoint"
	case want.RequireClean && !r.WasClean:
		r.BehaviorClose, r.ResultClose = Unclean, "The spec requires the connection to be failed cleanly here"
	case r.RemoteCloseCode != nil && !slices.Contains(want.Codes, *r.RemoteCloseCode):
		r.BehaviorClose = WrongCode
		r.ResultClose = fmt.Sprintf("The close code should have been %s or empty", list(want.Codes))
	case !r.IsServer && r.DroppedByMe:
		r.BehaviorClose, r.ResultClose = FailedByClient, "It is preferred that the server close the TCP connection"
	default:
		r.BehaviorClose, r.ResultClose = OK, "Connection was properly closed"
	}
}

// WrongEnd reports whether the wrong side ended the connection, or the peer none at all.
func WrongEnd(r *Result) bool { return r.ExpectedClose.ByMe != r.ClosedByMe || r.silent }

// Silence says that the suite gave up because the peer was silent for too long.
func Silence(r *Result) { r.silent = true }

// maxNotes bounds what a peer can make the suite write: a flood may give a note for each of
// 500,000 messages.
const maxNotes = 10

// Note adds a sentence that follows the verdict in r.Result.
func Note(r *Result, sentence string) {
	if len(r.notes) < maxNotes {
		r.notes = append(r.notes, sentence)
	} else {
		r.unwritten++
	}
}

// AddNotes appends the notes to r.Result.
func AddNotes(r *Result) {
	sentences := slices.Concat([]string{r.Result}, r.notes)
	if r.unwritten > 0 {
		sentences = append(sentences, fmt.Sprintf("%d notes more are left out.", r.unwritten))
	}
	r.Result = strings.TrimSpace(strings.Join(sentences, " "))
}

// NeverOpen gives the verdicts on a connection whose opening handshake failed.
func NeverOpen(r *Result, err error) {
	r.Result = "Actual events differ from any expected."
	r.BehaviorClose, r.ResultClose = Failed, "The WebSocket opening handshake was never completed!"
	if err != nil {
		r.Result += " The opening handshake failed: " + err.Error() + "."
		reason := err.Error()
		r.WhyNotClean = &reason
	}
}

func list(codes []int) string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(codes)), ","), "[]")
}
