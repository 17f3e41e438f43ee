package cases

import (
	"testing"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

func TestJudgeInformational(t *testing.T) {
	c := informational(play.Scripted("7.13.1", "", "", play.Script{}), func(r *verdict.Result) { r.Result = "told" })
	for _, got := range []verdict.Result{{}, {ClosedByMe: true}, {Received: []verdict.Event{gotText("")}}} {
		play.Judge(&got, c.Begin())
		if got.Behavior != verdict.Informational || got.BehaviorClose != verdict.Informational || got.Result != "told" {
			t.Errorf("%s, %s, %q", got.Behavior, got.BehaviorClose, got.Result)
		}
	}
}
