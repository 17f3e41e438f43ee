package cases

import (
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/internal/naive"
)

// chapter4: a reserved opcode fails the connection (RFC 6455 section 5.2).
func chapter4() (cases []*play.Case) {
	for group, first := range []byte{3, 11} {
		alone := func(id, payload string, opcode byte) *play.Case {
			return play.Scripted(id, fmt.Sprintf("A frame with the reserved opcode %d and %d bytes.", opcode, len(payload)),
				"The connection fails with 1002.", play.Script{
					Steps: []play.Step{play.Send(whole(opcode, payload)), play.KillIn(time.Second)},
					Ends:  theyFail,
				})
		}
		second := func(id, payload string, opcode byte, how string, sends func(...naive.Frame) play.Step) *play.Case {
			what := fmt.Sprintf("a frame with the reserved opcode %d and %d bytes", opcode, len(payload))
			return afterOne(id, what, how, sends, whole(opcode, payload))
		}
		id := func(n int) string { return fmt.Sprintf("4.%d.%d", group+1, n) }
		const hello = "Hello, world!"
		cases = append(cases,
			alone(id(1), "", first),
			alone(id(2), "reserved opcode payload", first+1),
			second(id(3), "", first+2, "", play.Send),
			second(id(4), hello, first+3, "", play.Send),
			second(id(5), hello, first+4, ", byte by byte", chopped),
		)
	}
	return cases
}
