package cases

import (
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// chapter10: a message in frames whose size does not divide its length.
func chapter10() []*play.Case {
	payload := strings.Repeat("*", 65536)
	return []*play.Case{play.Scripted("10.1.1",
		"A text message of 65536 bytes in fragments of 1300.", "The message comes back. The suite closes.", play.Script{
			Steps: []play.Step{play.SendFragments(1300, text(payload)), play.KillIn(10 * time.Second)},
			OK:    []verdict.Event{gotText(payload)},
			Ends:  weClose,
		})}
}
