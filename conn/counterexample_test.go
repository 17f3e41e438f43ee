package conn

import (
	"strings"
	"testing"
)

// A counterexample is the shortest way to a broken promise, and can be read: a line
// for every step, with both ends and what is under way between them.
func TestCounterexample(t *testing.T) {
	m := engine()
	cell(ClosedByUs, ReceiveClose, transition{Terminated, Drop, keeps})(&m)
	x := explorations[0].explorer(m, 1)
	x.explore()
	if len(x.faults) != 1 {
		t.Fatalf("%d faults", len(x.faults))
	}
	const want = `
the client closes TCP before the server
server, client                         open            >                                             <  open
server sends Close 4000                closed by us   Close 4000 >                                   <  open
client sends Close 4001                closed by us   Close 4000 >                         < Close 4001 closed by us
client reads Close                     closed by us    >                               < Close 4001 FIN terminated
`
	if got := x.faults[0].String(); got != strings.TrimSpace(want) {
		t.Errorf("got\n%s\nwant%s", got, want)
	}
	shortest := len(x.faults[0].trace) - 1
	for id := range x.worlds {
		steps := 0
		for at := id; at > 0; at = int(x.parent[at]) {
			steps++
		}
		if steps > shortest {
			t.Errorf("a world %d steps away was looked at before one at %d", steps, shortest)
		}
	}
	t.Logf("%d worlds up to the fault", len(x.worlds))
}
