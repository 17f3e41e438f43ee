package autobahn

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// A FuzzingServer judges clients. A client requests a case by URL, and echoes:
//
//	/getCaseCount                  a message with the number of cases
//	/runCase?case=N&agent=NAME     plays case N, the first is 1; also ?casetuple=6.4.1
//	/getCaseInfo?case=N            a JSON message with the case's id and description
//	/getCaseStatus?case=N&agent=NAME  a JSON message with the verdict
//	/updateReports?agent=NAME      the client is done; with &shutdownOnComplete=true
//	                               the server may end, too
//	/stopServer                    the server may end
//
// These are the URLs of Autobahn|Testsuite. Without a WebSocket, / is a page that makes a
// browser play the cases, and /report the report so far.
type FuzzingServer struct {
	Cases []*Case
	// Timeout is how long a client has to reply. Zero means the constant Timeout.
	Timeout time.Duration
	// Skip, if not nil, returns whether a client is spared a case. It may still ask for it: the
	// server closes at once, and there is no result.
	Skip func(agent, id string) bool
	// HTTP2: clients are judged over HTTP/2 (RFC 8441), by the cases of SelectHTTP2. They have to
	// begin with HTTP/2, and a listener with TLS has to offer h2 (ALPN).
	HTTP2 bool
	// Progress, if not nil, is called with each result, by one goroutine at a time.
	Progress func(*Result)
	// Report, if not nil, is called when a client asks for reports.
	Report func(agent string)

	mu      sync.Mutex
	results map[string]map[string]*Result // by agent and case
	begun   map[string]time.Time
	playing map[string]map[string]int // plays in progress, by agent and case
	open    map[*Result]bool          // plays of all agents whose connection is open
	keys    map[string]bool           // every Sec-WebSocket-Key received
	told    chan struct{}             // closed and renewed whenever a play is over
	stop    context.CancelCauseFunc
}

// ErrStopped is returned by Serve after /stopServer.
var ErrStopped = errors.New("autobahn: a client asked the server to stop")

// Agents returns the clients judged so far, by name.
func (f *FuzzingServer) Agents() (agents []Agent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, results := range f.results {
		agent := Agent{Name: name}
		for _, r := range results {
			agent.Results = append(agent.Results, r)
			if end := r.Started.Add(time.Duration(r.Duration) * time.Millisecond); end.Sub(f.begun[name]) > agent.Took {
				agent.Took = end.Sub(f.begun[name])
			}
		}
		agent.Results = verdict.InOrder(agent.Results)
		agents = append(agents, agent)
	}
	slices.SortFunc(agents, func(a, b Agent) int { return strings.Compare(a.Name, b.Name) })
	return agents
}

// play plays what a client has asked for.
func (f *FuzzingServer) play(ctx context.Context, c call, stream play.Stream, o play.Opener) {
	cs := c.cs
	if c.path == "/runCase" && f.Skip != nil && f.Skip(c.agent, c.cs.ID) {
		c.path = "/skip"
	}
	if c.path != "/runCase" {
		cs = &play.Case{ID: c.path, Begin: f.answer(ctx, c)}
	}
	s := play.NewSession(Client, stream, cs, f.Timeout)
	s.Result.Agent = c.agent
	if c.path == "/runCase" {
		f.enter(c.agent, c.cs.ID)
		defer f.leave(s.Result)
		s.Entered = func() { f.opened(s.Result) }
		s.Leaving = func() { f.over(s.Result) }
	}
	s.Play(ctx, o)
	if c.path == "/updateReports" && f.Report != nil {
		f.Report(c.agent)
	}
	if c.last {
		f.stop(ErrStopped)
	}
}

// answer returns the play of a URL that is not a case: it sends something and closes.
func (f *FuzzingServer) answer(ctx context.Context, c call) func() play.Play {
	return func() play.Play {
		switch c.path {
		case "/getCaseCount":
			return play.Said(len(f.Cases))
		case "/getCaseInfo":
			return play.Said(map[string]string{"id": c.cs.ID, "description": c.cs.Description})
		case "/getCaseStatus":
			verdict := Failed // also for a case never played
			f.await(ctx, func() bool {
				if r := f.results[c.agent][c.cs.ID]; r != nil {
					verdict = r.Behavior
				}
				return f.playing[c.agent][c.cs.ID] == 0
			})
			return play.Said(map[string]Verdict{"behavior": verdict})
		case "/updateReports":
			f.await(ctx, func() bool { return len(f.playing[c.agent]) == 0 })
		}
		return play.Said(nil)
	}
}

// used reports whether a key was used before.
func (f *FuzzingServer) used(key string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.keys[key]
	f.keys[key] = true
	return before
}

func (f *FuzzingServer) enter(agent, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.results[agent] == nil {
		f.playing[agent], f.results[agent] = map[string]int{}, map[string]*Result{}
		f.begun[agent] = time.Now()
	}
	f.playing[agent][id]++
}

// leave stores a result, in place of an earlier one of the same case.
func (f *FuzzingServer) leave(r *Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.playing[r.Agent][r.ID]--; f.playing[r.Agent][r.ID] == 0 {
		delete(f.playing[r.Agent], r.ID)
	}
	verdict.Replace(f.results[r.Agent][r.ID], r)
	verdict.LeaveInDoubt(r, "its client may ask for it again")
	f.results[r.Agent][r.ID] = r
	close(f.told)
	f.told = make(chan struct{})
	if f.Progress != nil {
		f.Progress(r)
	}
}

// await waits until done, which looks at the results, returns true. A client that asks has
// ended its connections, but the suite may not have seen the end yet.
func (f *FuzzingServer) await(ctx context.Context, done func() bool) {
	patience := time.After(f.Timeout)
	for {
		f.mu.Lock()
		over, told := done(), f.told
		f.mu.Unlock()
		if over {
			return
		}
		select {
		case <-told:
		case <-patience:
			return
		case <-ctx.Done():
			return
		}
	}
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
