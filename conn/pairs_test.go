package conn

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// wantPairs is every pair of states, of the server and of the client: a dot where the
// explorer comes in some world, and a where unheard says why it cannot.
const wantPairs = `
server          open  closed-by-us  closed-by-peer  acknowledged  failed  cut  terminated
open            .     .             a               a             .       .    .
closed-by-us    .     .             .               .             .       .    .
closed-by-peer  a     .             a               a             .       .    .
acknowledged    a     .             a               .             .       .    .
failed          .     .             .               .             .       .    .
cut             .     .             .               .             .       .    .
terminated      .     .             .               .             .       .    .
`

// unheard is the one reason why a pair of states cannot be: a Close frame that was read
// was said before. It has two halves, and each is held against every world.
var unheard = struct {
	near []State // has read a Close frame, so the far end has said one
	far  []State // has said none
}{
	near: []State{ClosedByPeer, Acknowledged},
	far:  []State{Open, ClosedByPeer},
}

// pairs are the pairs of states visited: how often, and how often against unheard.
type pairs struct {
	visits   [numStates][numStates]int
	unsaid   int // near has read what far did not say
	answered int // far has said what it should not have
}

func (p *pairs) note(w *world) {
	p.visits[w.end[server].State()][w.end[client].State()]++
	for i := range 2 {
		state, said, heard := w.end[i].State(), w.seen[i].said != 0, w.seen[1-i].said != 0
		if slices.Contains(unheard.near, state) && !heard {
			p.unsaid++
		}
		if slices.Contains(unheard.far, state) && said {
			p.answered++
		}
	}
}

func (p *pairs) add(q *pairs) {
	for s := range p.visits {
		for c := range p.visits[s] {
			p.visits[s][c] += q.visits[s][c]
		}
	}
	p.unsaid += q.unsaid
	p.answered += q.answered
}

func (p *pairs) count() (n int) {
	for s := range p.visits {
		for _, visits := range p.visits[s] {
			n += min(visits, 1)
		}
	}
	return n
}

// check compares with wantPairs.
func (p *pairs) check(t *testing.T) {
	t.Helper()
	if p.unsaid > 0 || p.answered > 0 {
		t.Errorf("that a pair is unheard of is no reason: a Close frame was read unsaid in %d worlds, and said too early in %d", p.unsaid, p.answered)
	}
	var got, counts strings.Builder
	fmt.Fprint(&got, "\nserver         ")
	for c := range State(numStates) {
		fmt.Fprintf(&got, " %-14s", oneWord(c))
	}
	fmt.Fprintln(&got)
	for s := range State(numStates) {
		fmt.Fprintf(&got, "%-15s", oneWord(s))
		fmt.Fprintf(&counts, "\n%-15s", oneWord(s))
		for c := range State(numStates) {
			mark := "?" // not visited, and nothing says why
			near := func(near, far State) bool {
				return slices.Contains(unheard.near, near) && slices.Contains(unheard.far, far)
			}
			switch {
			case p.visits[s][c] > 0:
				mark = "."
			case near(s, c), near(c, s):
				mark = "a"
			}
			fmt.Fprintf(&got, " %-14s", mark)
			fmt.Fprintf(&counts, " %8d", p.visits[s][c])
		}
		fmt.Fprintln(&got)
	}
	if !slices.Equal(strings.Fields(got.String()), strings.Fields(wantPairs)) {
		t.Errorf("the pairs visited are%v\nwant%v", got.String(), wantPairs)
	}
	t.Logf("worlds by pair, the server's state down, the client's across:%v", counts.String())
}

func oneWord(s State) string { return strings.ReplaceAll(s.String(), " ", "-") }

// cells are how often each event was taken in each state.
type cells [numStates][numEvents]int

func (c *cells) add(d *cells) {
	for s := range c {
		for e := range c[s] {
			c[s][e] += d[s][e]
		}
	}
}

// check demands that every cell of the table was used.
func (c *cells) check(t *testing.T) {
	t.Helper()
	used := 0
	for s := range State(numStates) {
		for e := range Event(numEvents) {
			_, _, ok := next(s, e)
			if ok && c[s][e] == 0 {
				t.Errorf("%v × %v was never used", s, e)
			}
			used += min(c[s][e], 1)
		}
	}
	t.Logf("%d cells of the table of transitions were used", used)
}
