package autobahn

import (
	"context"
	"fmt"
	"strings"
)

// A case that fails while other cases run is played again alone before it is judged, because on
// a busy machine a correct peer can be late. The second result counts.

// inDoubt reports whether r does not count yet. UNIMPLEMENTED does not depend on other cases:
// it is the peer's answer in the opening handshake.
func (r *Result) inDoubt() bool {
	worst := r.Worst()
	return r.crowded && !worst.Passed() && worst != Unimplemented
}

// replace makes r the result of its case in place of first, which may be nil. If first was in
// doubt and r is not, r says how they differ.
func (r *Result) replace(first *Result) {
	if first == nil || !first.inDoubt() || r.crowded {
		return
	}
	r.BesideOthers = first.Worst()
	if now := r.Worst(); now != r.BesideOthers {
		r.add(fmt.Sprintf("Played again alone: %s. While other cases ran it was %s.", now, r.BesideOthers))
	}
}

// add appends a sentence to Result.
func (r *Result) add(sentence string) {
	if r.Result = strings.TrimSpace(r.Result); r.Result != "" && !strings.HasSuffix(r.Result, ".") {
		r.Result += "."
	}
	r.Result = strings.TrimSpace(r.Result + " " + sentence)
}

// leaveInDoubt adds to a result in doubt that the case was not played alone.
func (r *Result) leaveInDoubt(why string) {
	if r.inDoubt() {
		r.add("Other cases ran at the same time, and it was not played again alone: " + why + ".")
	}
}

// doubted returns the cases whose results are in doubt.
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

// playAlone makes the testee play the cases in doubt one at a time. Each begins when the
// previous one is over for the server too.
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

// opened adds r to the plays in progress, at the end of the opening handshake. A client that
// plays one case after the other counts as alone, even if the suite has not seen the end of its
// last connection yet.
func (f *FuzzingServer) opened(r *Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r.crowded = len(f.open) > 0
	for other := range f.open {
		other.crowded = true
	}
	f.open[r] = true
}

// over removes r from the plays in progress, before its client can see the end.
func (f *FuzzingServer) over(r *Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, r)
}
