package verdict

import (
	"encoding/json"
	"strings"
	"testing"
)

// A verdict that is the same alone is not told of twice, and one that nobody played
// alone says so.
func TestInDoubt(t *testing.T) {
	failed := func(crowded bool) *Result {
		return &Result{Behavior: Failed, BehaviorClose: OK, Result: "no echo", crowded: crowded}
	}
	for _, r := range []*Result{
		{Behavior: OK, BehaviorClose: OK, crowded: true},
		{Behavior: Informational, BehaviorClose: Informational, crowded: true},
		{Behavior: Unimplemented, BehaviorClose: OK, crowded: true},
		failed(false),
	} {
		if InDoubt(r) {
			t.Errorf("%s is in doubt, crowded: %t", r.Behavior, r.crowded)
		}
	}
	again := failed(false)
	Replace(failed(true), again)
	if again.Result != "no echo" || again.BesideOthers != Failed {
		t.Errorf("%+v", again)
	}
	left := failed(true)
	LeaveInDoubt(left, "it rained")
	if want := "no echo. Other cases ran at the same time, and it was not played again alone: it rained."; left.Result != want {
		t.Errorf("%q, want %q", left.Result, want)
	}
	if out, err := json.Marshal(failed(true)); err != nil || strings.Contains(string(out), "besideOthers") {
		t.Errorf("%s, %v", out, err)
	}
}
