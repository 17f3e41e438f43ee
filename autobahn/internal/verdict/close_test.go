package verdict

import (
	"strings"
	"testing"
)

func TestJudgeClose(t *testing.T) {
	clean := ExpectedClose{Codes: []int{1000}, ByMe: true, RequireClean: true}
	loose := ExpectedClose{Codes: []int{1002, 1007}, ByMe: true}
	theirs := ExpectedClose{Codes: []int{1002, 1007}}
	for _, row := range []struct {
		name string
		want ExpectedClose
		got  Result
		end  Verdict
		text string
	}{
		{"as it should be", clean, Result{ClosedByMe: true, WasClean: true, RemoteCloseCode: new(1000)}, OK, "Connection was properly closed"},
		{"no code", clean, Result{ClosedByMe: true, WasClean: true}, OK, "Connection was properly closed"},
		{"the peer closed", clean, Result{WasClean: true}, Failed, "The connection was failed by the wrong endpoint"},
		{"the suite closed", theirs, Result{ClosedByMe: true, WasClean: true}, Failed, "The connection was failed by the wrong endpoint"},
		{"unclean", clean, Result{ClosedByMe: true}, Unclean, "The spec requires the connection to be failed cleanly here"},
		{"unclean, and allowed to be", loose, Result{ClosedByMe: true}, OK, "Connection was properly closed"},
		{"wrong code", clean, Result{ClosedByMe: true, WasClean: true, RemoteCloseCode: new(1002)}, WrongCode, "The close code should have been 1000 or empty"},
		{"wrong code of two", theirs, Result{RemoteCloseCode: new(1000)}, WrongCode, "The close code should have been 1002,1007 or empty"},
		{"left to the client", loose, Result{ClosedByMe: true, DroppedByMe: true}, FailedByClient, "It is preferred that the server close the TCP connection"},
		{"the suite is the server", clean, Result{ClosedByMe: true, WasClean: true, DroppedByMe: true, IsServer: true}, OK, "Connection was properly closed"},
		// The first rule that is broken counts.
		{"all at once", clean, Result{DroppedByMe: true, RemoteCloseCode: new(1)}, Failed, "The connection was failed by the wrong endpoint"},
		{"unclean and wrong", clean, Result{ClosedByMe: true, DroppedByMe: true, RemoteCloseCode: new(1)}, Unclean, "The spec requires the connection to be failed cleanly here"},
		{"wrong and left to the client", loose, Result{ClosedByMe: true, DroppedByMe: true, RemoteCloseCode: new(1)}, WrongCode, "The close code should have been 1002,1007 or empty"},
	} {
		r := row.got
		r.ExpectedClose = row.want
		JudgeEnd(&r)
		if r.BehaviorClose != row.end || r.ResultClose != row.text {
			t.Errorf("%s: %s %q, want %s %q", row.name, r.BehaviorClose, r.ResultClose, row.end, row.text)
		}
	}
}

// A peer may give the suite a note for each of 500,000 messages.
func TestNotesAreBounded(t *testing.T) {
	r := &Result{Result: "So it is."}
	for range 500_000 {
		Note(r, "1 bytes came back.")
	}
	AddNotes(r)
	want := "So it is." + strings.Repeat(" 1 bytes came back.", 10) + " 499990 notes more are left out."
	if r.Result != want {
		t.Errorf("got  %.300q\nwant %q", r.Result, want)
	}
	r = &Result{}
	Note(r, "One.")
	Note(r, "Two.")
	AddNotes(r)
	if want := "One. Two."; r.Result != want {
		t.Errorf("got %q, want %q", r.Result, want)
	}
}
