package cases

import (
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

// chapter1: messages with sizes around the limits of each length encoding come back unchanged.
func chapter1() (cases []*play.Case) {
	lengths := []int{0, 125, 126, 127, 128, 65535, 65536, 65536}
	for group, kind := range []struct {
		name  string
		unit  string
		frame func(string) naive.Frame
		event func(string) verdict.Event
	}{
		{"text", "*", text, gotText},
		{"binary", "\xfe", bin, gotBinary},
	} {
		for i, n := range lengths {
			payload := strings.Repeat(kind.unit, n)
			sends, how, patience := play.Send(kind.frame(payload)), "", time.Second
			if n > 65000 {
				patience = 10 * time.Second
			}
			if i == len(lengths)-1 {
				sends, how = play.SendChopped(997, kind.frame(payload)), ", written in pieces of 997 bytes"
			}
			cases = append(cases, play.Scripted(
				fmt.Sprintf("1.%d.%d", group+1, i+1),
				fmt.Sprintf("A %s message of %d bytes%s.", kind.name, n, how),
				"The message comes back. The suite closes.",
				play.Script{Steps: []play.Step{sends, play.KillIn(patience)}, OK: []verdict.Event{kind.event(payload)}, Ends: weClose},
			))
		}
	}
	return cases
}
