package autobahn

import (
	"context"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// A case that fails while other cases run is played again alone before it is judged, because on
// a busy machine a correct peer can be late. The second result counts.

// doubted returns the cases whose results are in doubt.
func doubted(cases []*Case, results []*Result) (list []*Case) {
	doubt := map[string]bool{}
	for _, r := range results {
		doubt[r.ID] = verdict.InDoubt(r)
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
	for other := range f.open {
		verdict.Crowd(other)
		verdict.Crowd(r)
	}
	f.open[r] = true
}

// over removes r from the plays in progress, before its client can see the end.
func (f *FuzzingServer) over(r *Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, r)
}
