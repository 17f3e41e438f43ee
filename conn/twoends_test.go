package conn

import (
	"os"
	"strings"
	"testing"
)

// exploration is a set of powers, and what must come of it.
type exploration struct {
	name   string
	may    powers
	tidy   bool // both closing handshakes are complete in the end
	prompt bool // it ends without a deadline, whatever happens
}

var explorations = []exploration{
	{"two that behave", powers{}, true, true},
	{"Close frames without a code", powers{empty: true}, true, true},
	{"breaking rules", powers{breakRules: true, garble: true, forge: true}, false, true},
	{"giving up", powers{abandon: true}, false, true},
	{"other timers", powers{impatient: true}, false, true},
	{"transports without half-close", powers{breakRules: true, garble: true, whole: true}, false, true},
	{"Close frames that wait", powers{waits: true, breakRules: true, abandon: true, impatient: true}, false, true},
	{"a network that delays", powers{delay: true}, false, false},
	{"a direction is cut", powers{cut: true}, false, false},
	{"a direction breaks", powers{breakWrite: true}, false, false},
	{"a direction ends", powers{end: true}, false, false},
	{"a direction is reset", powers{reset: true}, false, false},
	{"Close frames that wait, and a bad network", powers{waits: true, breakWrite: true, reset: true, cut: true}, false, false},
	{"callbacks that panic", powers{panics: true, breakRules: true}, false, true},
	{"callbacks that panic, and a bad network", powers{panics: true, waits: true, breakWrite: true, reset: true}, false, false},
	{"data after Close on a bad network", powers{forge: true, empty: true, delay: true, cut: true, end: true, breakWrite: true, reset: true}, false, false},
	{"delayed, cut and ended", powers{delay: true, cut: true, end: true, breakRules: true, empty: true}, false, false},
	// What is garbled differs from what breaks a rule by its code alone, and what is
	// forged is looked at above.
	{"everything", everything, false, false},
	{"everything, without half-close", everythingWhole, false, false},
}

var everything = powers{
	breakRules: true, empty: true, abandon: true, impatient: true,
	delay: true, cut: true, end: true, breakWrite: true, reset: true,
}

var everythingWhole = func() powers { p := everything; p.whole, p.empty = true, false; return p }()

func (e exploration) explorer(m machine, stop int) *explorer {
	return &explorer{machine: m, may: e.may, tidy: e.tidy, prompt: e.prompt, stop: stop}
}

// Two machines and the network between them: whatever happens, in every world that
// can be reached the promises of promises_test.go are kept.
func TestTwoEnds(t *testing.T) {
	total := 0
	var all pairs
	var events cells
	// An emulated machine takes minutes for the largest explorations, and is not asked
	// about protocol but about arithmetic: there the smaller ones do.
	emulated := os.Getenv("HAWSER_THINNED") != ""
	for _, e := range explorations {
		if emulated && strings.HasPrefix(e.name, "everything") {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			x := e.explorer(engine(), 3)
			x.explore()
			x.print(t)
			if x.last == 0 {
				t.Error("it never ends")
			}
			total += len(x.worlds)
			all.add(&x.pairs)
			events.add(&x.cells)
			t.Logf("%d states in %d pairs, %d steps, %d endings, %d wait for a deadline", len(x.worlds), x.pairs.count(), len(x.edges), x.last, x.waits)
		})
	}
	if emulated {
		return // what all of them together reach is not reached
	}
	all.check(t)
	events.check(t)
	t.Logf("%d states in all, in %d of %d pairs", total, all.count(), numStates*numStates)
}
