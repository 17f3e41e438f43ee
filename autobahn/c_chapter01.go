package autobahn

import (
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/internal/naive"
)

// How a connection must end.
var (
	// theyFail: the peer fails the connection because of what it received.
	theyFail    = ExpectedClose{Codes: []int{1002}}
	theyFailFor = func(code int) ExpectedClose { return ExpectedClose{Codes: []int{code}} }
)

// chapter1: messages with sizes around the limits of each length encoding come back unchanged.
func chapter1() (cases []*Case) {
	lengths := []int{0, 125, 126, 127, 128, 65535, 65536, 65536}
	for group, kind := range []struct {
		name  string
		unit  string
		frame func(string) naive.Frame
		event func(string) Event
	}{
		{"text", "*", text, gotText},
		{"binary", "\xfe", bin, gotBinary},
	} {
		for i, n := range lengths {
			payload := strings.Repeat(kind.unit, n)
			sends, how, patience := send(kind.frame(payload)), "", time.Second
			if n > 65000 {
				patience = 10 * time.Second
			}
			if i == len(lengths)-1 {
				sends, how = sendChopped(997, kind.frame(payload)), ", written in pieces of 997 bytes"
			}
			cases = append(cases, scripted(
				fmt.Sprintf("1.%d.%d", group+1, i+1),
				fmt.Sprintf("A %s message of %d bytes%s.", kind.name, n, how),
				"The message comes back. The suite closes.",
				script{steps: []step{sends, killIn(patience)}, ok: []Event{kind.event(payload)}, ends: weClose},
			))
		}
	}
	return cases
}
