package autobahn

import (
	"context"
	"fmt"
	"strings"
)

// A case that does not pass while other cases run is played again alone before it
// is judged: on a busy machine a correct peer can be late. What it gets alone
// counts.

// inDoubt reports whether r does not count yet. UNIMPLEMENTED has nothing to do
// with other cases: it is what the peer answered in the opening handshake.
func (r *Result) inDoubt() bool {
	worst := r.Worst()
	return r.crowded && !worst.Passed() && worst != Unimplemented
}

// replace makes r the result of its case in place of first, which may be nil. If
// first was in doubt and r is not, r says how they differ.
func (r *Result) replace(first *Result) {
	if first == nil || !first.inDoubt() || r.crowded {
		return
	}
	r.BesideOthers = first.Worst()
	if now := r.Worst(); now != r.BesideOthers {
		r.add(fmt.Sprintf("Played again alone: %s. While other cases ran it was %s.", now, r.BesideOthers))
	}
}

// add puts a sentence behind those of Result.
func (r *Result) add(sentence string) {
	if r.Result = strings.TrimSpace(r.Result); r.Result != "" && !strings.HasSuffix(r.Result, ".") {
		r.Result += "."
	}
	r.Result = strings.TrimSpace(r.Result + " " + sentence)
}

// leaveInDoubt says of a result in doubt that nobody played it alone.
func (r *Result) leaveInDoubt(why string) {
	if r.inDoubt() {
		r.add("Other cases ran at the same time, and it was not played again alone: " + why + ".")
	}
}

// doubted are those of cases whose results are in doubt.
func doubted(cases []*Case, results []*Result) (list []*Case) {
	doubt := map[string]bool{}
	for _, r := range results {
		doubt[r.ID] = r.inDoubt()
	}
	for _, c := range cases {
		if doubt[c.ID] {
			list = append(list, c)
		}
	}
	return list
}

// playAlone has the testee play what is in doubt, one case at a time, each when
// the one before is over for the server too.
func (o *Own) playAlone(ctx context.Context, suite *FuzzingServer, testee *Testee) error {
	over := func() { suite.await(ctx, func() bool { return len(suite.playing[ownName]) == 0 }) }
	over()
	agents := suite.Agents()
	if len(agents) == 0 {
		return nil
	}
	for _, n := range indexes(o.Cases, doubted(o.Cases, agents[0].Results)) {
		if err := testee.Play(ctx, []int{n}); err != nil {
			return err
		}
		over()
	}
	return nil
}

// opened counts r among the plays under way, from the end of the opening handshake
// on. A client that plays one case after the other is alone, although the suite
// may not have seen the end of the last connection when the next one comes.
func (f *FuzzingServer) opened(r *Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r.crowded = len(f.open) > 0
	for other := range f.open {
		other.crowded = true
	}
	f.open[r] = true
}

// over takes r from the plays under way, before its client can see the end.
func (f *FuzzingServer) over(r *Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, r)
}
