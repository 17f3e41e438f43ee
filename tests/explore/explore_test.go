package explore_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket/conn"
)

// Two ends of the engine and a network between them, through every short script of
// what their applications and the network may do. What package conn explores with
// machines is done here by those who drive them.
func TestExplore(t *testing.T) {
	pairs := make(map[[2]conn.State]int)
	outcomes := make(map[string]int)
	played, wrong := 0, 0
	longest := exploreSteps
	if testing.Short() {
		longest--
	}
	for _, network := range []struct {
		name      string
		buffer    int
		k         int
		impatient []int // which end's deadlines pass first; roomy: those of both at once
		loops     onLoops
	}{
		{"roomy", 0, longest, []int{0}, onLoops{}},
		{"a byte at a time", 1, longest - 1, []int{0, 1}, onLoops{}},
		{"roomy, the server on a loop", 0, longest, []int{0}, onLoops{true, false}},
		{"roomy, both on loops", 0, longest - 1, []int{0}, onLoops{true, true}},
		{"a byte at a time, the server on a loop", 1, longest - 1, []int{0, 1}, onLoops{true, false}},
	} {
		for first := range everyOp {
			t.Run(fmt.Sprint(network.name, "/", first), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					own, _ := bubbled()
					for steps := range scripts(first, network.k, network.buffer == 1, network.loops) {
						for _, impatient := range network.impatient {
							played++
							complaints := play(steps, network.buffer, impatient, own, network.loops, pairs, outcomes)
							if len(complaints) == 0 {
								continue
							}
							if wrong++; wrong <= 20 {
								t.Errorf("%v:\n\t%s", steps, strings.Join(complaints, "\n\t"))
							}
						}
					}
				})
			})
		}
	}
	t.Logf("%d scripts of up to %d steps; %d pairs of states, %d outcomes; %d scripts went wrong", played, longest, len(pairs), len(outcomes), wrong)
}
