package play

import (
	"encoding/json"
	"slices"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// Said returns a play that sends v as JSON, unless it is nil, and closes.
func Said(v any) Play {
	steps := []Step{SendClose(NoCode, "")}
	if v != nil {
		message, _ := json.Marshal(v) // only numbers and strings
		steps = slices.Concat([]Step{Send(Whole(OpText, string(message)))}, steps)
	}
	return &Script{Steps: steps, Ends: verdict.WeClose, Holds: true}
}
