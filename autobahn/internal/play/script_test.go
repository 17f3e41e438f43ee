package play

import (
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

func TestJudgeBehavior(t *testing.T) {
	one, two := []verdict.Event{verdict.GotText("1")}, []verdict.Event{verdict.GotText("1"), verdict.GotPong("2")}
	for _, row := range []struct {
		name     string
		play     Script
		got      verdict.Result
		behavior verdict.Verdict
		end      verdict.Verdict
	}{
		{"all came", Script{OK: two}, verdict.Result{Received: two}, verdict.OK, verdict.OK},
		{"nothing has to come", Script{}, verdict.Result{}, verdict.OK, verdict.OK},
		{"too little", Script{OK: two}, verdict.Result{Received: one}, verdict.Failed, verdict.OK},
		{"too much", Script{OK: one}, verdict.Result{Received: two}, verdict.Failed, verdict.OK},
		{"binary for text", Script{OK: one}, verdict.Result{Received: []verdict.Event{verdict.GotBinary("1")}}, verdict.Failed, verdict.OK},
		{"as is not strict", Script{OK: two, Lax: one}, verdict.Result{Received: one}, verdict.NonStrict, verdict.OK},
		{"as it should be, with a choice", Script{OK: two, Lax: one}, verdict.Result{Received: two}, verdict.OK, verdict.OK},
		{"none of the choice", Script{OK: two, Lax: one}, verdict.Result{}, verdict.Failed, verdict.OK},
		{"the wrong end, not fatal", Script{}, verdict.Result{ClosedByMe: true}, verdict.OK, verdict.Failed},
		{"the wrong end", Script{FatalEnd: true}, verdict.Result{ClosedByMe: true}, verdict.Failed, verdict.Failed},
		{"a wrong code, not fatal", Script{}, verdict.Result{RemoteCloseCode: new(1)}, verdict.OK, verdict.WrongCode},
		{"a wrong code", Script{FatalCode: true}, verdict.Result{RemoteCloseCode: new(1)}, verdict.Failed, verdict.WrongCode},
		{"a wrong code, fatal is the end", Script{FatalEnd: true}, verdict.Result{RemoteCloseCode: new(1)}, verdict.OK, verdict.WrongCode},
		{"off", Script{OK: two, Compressed: true, behavior: verdict.Unimplemented, FatalCode: true}, verdict.Result{RemoteCloseCode: new(1)}, verdict.Unimplemented, verdict.WrongCode},
	} {
		r := row.got
		r.ExpectedClose = verdict.ExpectedClose{Codes: []int{1002}}
		row.play.Ends = r.ExpectedClose
		Judge(&r, &row.play)
		if r.Behavior != row.behavior || r.BehaviorClose != row.end || r.Result == "" || r.ResultClose == "" {
			t.Errorf("%s: %s, %s, %q, want %s, %s", row.name, r.Behavior, r.BehaviorClose, r.Result, row.behavior, row.end)
		}
	}
}

// RFC 6455 section 5.5.3: a Pong may be for the most recent Ping only. How echoes
// and Pongs follow each other is open.
func TestAnyPongs(t *testing.T) {
	want := []verdict.Event{verdict.GotPong("1"), verdict.GotPong("2"), verdict.GotText("a"), verdict.GotPong("3")}
	for _, row := range []struct {
		got string
		ok  bool
	}{
		{"12a3", true}, {"2a3", true}, {"1a3", true}, {"a3", true}, {"3a", true}, {"a123", true}, {"21a3", false}, {"12a", false},
		{"123", false}, {"12a33", false}, {"aa3", false}, {"b3", false}, {"4a", false}, {"", false},
	} {
		var got []verdict.Event
		for _, c := range row.got {
			if c >= 'a' {
				got = append(got, verdict.GotText(string(c)))
			} else {
				got = append(got, verdict.GotPong(string(c)))
			}
		}
		if sameButPongs(want, got) != row.ok {
			t.Errorf("%s: want %t", row.got, row.ok)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, row := range []struct {
		got    string
		binary bool
		want   verdict.Verdict
		says   string
	}{
		{"abcd", false, verdict.OK, "4 bytes"},
		{"abcd", true, verdict.Failed, "binary: true"},
		{"abc", false, verdict.Failed, "3 bytes, 4 were sent"},
		{"abxd", false, verdict.Failed, "from byte 2 of 4"}, // which the original does not see
	} {
		if verdict, says := compare([]byte(row.got), row.binary, []byte("abcd"), false); verdict != row.want || !strings.Contains(says, row.says) {
			t.Errorf("%q: %s, %s", row.got, verdict, says)
		}
	}
}
