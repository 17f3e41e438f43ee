package autobahn

import (
	"strings"
	"testing"
)

func TestJudgeBehavior(t *testing.T) {
	one, two := []Event{gotText("1")}, []Event{gotText("1"), gotPong("2")}
	for _, row := range []struct {
		name     string
		play     script
		got      Result
		behavior Verdict
		end      Verdict
	}{
		{"all came", script{ok: two}, Result{Received: two}, OK, OK},
		{"nothing has to come", script{}, Result{}, OK, OK},
		{"too little", script{ok: two}, Result{Received: one}, Failed, OK},
		{"too much", script{ok: one}, Result{Received: two}, Failed, OK},
		{"binary for text", script{ok: one}, Result{Received: []Event{gotBinary("1")}}, Failed, OK},
		{"as is not strict", script{ok: two, lax: one}, Result{Received: one}, NonStrict, OK},
		{"as it should be, with a choice", script{ok: two, lax: one}, Result{Received: two}, OK, OK},
		{"none of the choice", script{ok: two, lax: one}, Result{}, Failed, OK},
		{"the wrong end, not fatal", script{}, Result{ClosedByMe: true}, OK, Failed},
		{"the wrong end", script{fatalEnd: true}, Result{ClosedByMe: true}, Failed, Failed},
		{"a wrong code, not fatal", script{}, Result{RemoteCloseCode: new(1)}, OK, WrongCode},
		{"a wrong code", script{fatalCode: true}, Result{RemoteCloseCode: new(1)}, Failed, WrongCode},
		{"a wrong code, fatal is the end", script{fatalEnd: true}, Result{RemoteCloseCode: new(1)}, OK, WrongCode},
		{"off", script{ok: two, compressed: true, behavior: Unimplemented, fatalCode: true}, Result{RemoteCloseCode: new(1)}, Unimplemented, WrongCode},
	} {
		r := row.got
		r.ExpectedClose = ExpectedClose{Codes: []int{1002}}
		row.play.ends = r.ExpectedClose
		judge(&r, &row.play)
		if r.Behavior != row.behavior || r.BehaviorClose != row.end || r.Result == "" || r.ResultClose == "" {
			t.Errorf("%s: %s, %s, %q, want %s, %s", row.name, r.Behavior, r.BehaviorClose, r.Result, row.behavior, row.end)
		}
	}
}

// RFC 6455 section 5.5.3: a Pong may be for the most recent Ping only. How echoes
// and Pongs follow each other is open.
func TestAnyPongs(t *testing.T) {
	want := []Event{gotPong("1"), gotPong("2"), gotText("a"), gotPong("3")}
	for _, row := range []struct {
		got string
		ok  bool
	}{
		{"12a3", true}, {"2a3", true}, {"1a3", true}, {"a3", true}, {"3a", true}, {"a123", true}, {"21a3", false}, {"12a", false},
		{"123", false}, {"12a33", false}, {"aa3", false}, {"b3", false}, {"4a", false}, {"", false},
	} {
		var got []Event
		for _, c := range row.got {
			if c >= 'a' {
				got = append(got, gotText(string(c)))
			} else {
				got = append(got, gotPong(string(c)))
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
		want   Verdict
		says   string
	}{
		{"abcd", false, OK, "4 bytes"},
		{"abcd", true, Failed, "binary: true"},
		{"abc", false, Failed, "3 bytes, 4 were sent"},
		{"abxd", false, Failed, "from byte 2 of 4"}, // which the original does not see
	} {
		if verdict, says := compare([]byte(row.got), row.binary, []byte("abcd"), false); verdict != row.want || !strings.Contains(says, row.says) {
			t.Errorf("%q: %s, %s", row.got, verdict, says)
		}
	}
}
