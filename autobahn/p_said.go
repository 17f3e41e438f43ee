package autobahn

import (
	"encoding/json"
	"slices"
)

// said returns a play that sends v as JSON, unless it is nil, and closes.
func said(v any) play {
	steps := []step{sendClose(noCode, "")}
	if v != nil {
		message, _ := json.Marshal(v) // only numbers and strings
		steps = slices.Concat([]step{send(whole(opText, string(message)))}, steps)
	}
	return &script{steps: steps, ends: weClose, holds: true}
}
