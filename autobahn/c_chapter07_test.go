package autobahn

import "testing"

func TestJudgeInformational(t *testing.T) {
	c := informational(scripted("7.13.1", "", "", script{}), func(r *Result) { r.Result = "told" })
	for _, got := range []Result{{}, {ClosedByMe: true}, {Received: []Event{gotText("")}}} {
		judge(&got, c.begin())
		if got.Behavior != Informational || got.BehaviorClose != Informational || got.Result != "told" {
			t.Errorf("%s, %s, %q", got.Behavior, got.BehaviorClose, got.Result)
		}
	}
}
