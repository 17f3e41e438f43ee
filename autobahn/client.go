package autobahn

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// Timeout is the default for how long a peer has to reply.
const Timeout = 10 * time.Second

// A FuzzingClient judges a server. It must be used only once.
type FuzzingClient struct {
	URL   string // of the server: ws://HOST:PORT/PATH, or wss
	Agent string // name of the server in reports; default: its Server header
	Cases []*Case
	// Parallel is how many cases are played at a time; 0 means 16. Of the cases that move
	// megabytes, no more are played at a time than there are cores. A case that fails while
	// others run is played again alone. A server that leaves three openings in a row unanswered
	// gets a quarter as many at a time.
	Parallel int
	// Timeout is how long the server may take to accept TCP, how long for the opening
	// handshake, and how long it may be silent afterwards when it has to reply. Zero means the
	// constant Timeout.
	Timeout time.Duration
	// TLS is for wss URLs; nil means the defaults.
	TLS *tls.Config
	// HTTP2: the cases, which are of SelectHTTP2, are played over streams of HTTP/2 (RFC 8441), each
	// on a connection of its own. A wss server has to choose h2 by ALPN, a ws server has to take
	// HTTP/2 without asking ("prior knowledge").
	HTTP2 bool
	// Skip, if not nil, returns whether a server is spared a case. There is no result of it.
	Skip func(agent, id string) bool
	// Header has fields that every request gets, such as Authorization, Cookie or Origin. A
	// field of a case takes the place of one with that name. The fields of the opening
	// handshake, and Host, are the suite's own: Run returns an error if they are here. Reports
	// have the names of these fields, and the values of Origin and User-Agent only: the others
	// may be secret.
	Header http.Header
	// Subprotocols are offered in every request, except by cases that are about subprotocols.
	// A server that selects one that was not offered fails the case. One that selects none is
	// judged like any other, because the RFC allows that.
	Subprotocols []string
	// Progress, if not nil, is called with the result of each case, by one goroutine at a time.
	// If a case is played again alone, it is called only with that result.
	Progress func(*Result)

	route   route
	losses  atomic.Int32 // unanswered opening handshakes in a row
	mu      sync.Mutex
	results []*Result
	name    string
}

// maxLosses is how many opening handshakes in a row may go unanswered before the run ends, or
// while several cases are played, before fewer are.
const maxLosses = 3

// Run plays the cases. If the server is not or no longer reachable, it returns the results so
// far and an [*UnreachableError].
func (c *FuzzingClient) Run(ctx context.Context) (*Agent, error) {
	begun := time.Now()
	target, err := parseTarget(c.URL)
	if err != nil {
		return nil, err
	}
	extra, err := play.ExtraFields(c.Header, c.Subprotocols)
	if err != nil {
		return nil, err
	}
	c.route = route{target, extra, c.TLS, carrierOf(c.HTTP2)}
	c.Timeout = cmp.Or(c.Timeout, Timeout)
	c.name = c.Agent
	if err := c.probe(ctx); err != nil {
		return &Agent{Name: cmp.Or(c.name, target.Host), URL: c.URL, Stopped: err.Error()}, err
	}
	if c.Skip != nil {
		agent := cmp.Or(c.name, target.Host)
		c.Cases = slices.DeleteFunc(slices.Clone(c.Cases), func(cs *Case) bool { return c.Skip(agent, cs.ID) })
	}
	light, heavy := byWeight(c.Cases)
	parallel := cmp.Or(c.Parallel, defaultParallel)
	err = c.runCrowd(ctx, light, parallel)
	if err == nil {
		err = c.runCrowd(ctx, heavy, min(parallel, runtime.GOMAXPROCS(0)))
	}
	if err == nil {
		err = c.runAll(ctx, doubted(c.Cases, c.results), 1)
	}
	for _, r := range c.results {
		verdict.LeaveInDoubt(r, "the run had ended")
	}
	agent := &Agent{Name: cmp.Or(c.name, target.Host), URL: c.URL, Took: time.Since(begun), Results: verdict.InOrder(c.results)}
	for _, r := range agent.Results {
		r.Agent = agent.Name
	}
	if err != nil {
		agent.Stopped = err.Error()
	}
	return agent, err
}

// runCrowd plays cases, at most n at a time. A server that does not keep up with so many openings
// gets fewer at a time. It is gone only if it does not answer when no case is played.
func (c *FuzzingClient) runCrowd(ctx context.Context, cases []*Case, n int) error {
	for {
		err := c.runAll(ctx, cases, n)
		if _, lost := errors.AsType[*UnreachableError](err); n == 1 || !lost {
			return err
		}
		tries := 0
		for c.probe(ctx) != nil {
			if tries++; tries == maxLosses || ctx.Err() != nil {
				return err
			}
		}
		c.losses.Store(0)
		n = max(n/4, 1)
		cases = unplayed(cases, c.results)
	}
}

// runAll plays cases, at most n at a time.
func (c *FuzzingClient) runAll(ctx context.Context, cases []*Case, n int) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	queue := make(chan *Case)
	var workers sync.WaitGroup
	n = min(n, len(cases))
	for range n {
		workers.Go(func() {
			for cs := range queue {
				if err := c.playOne(ctx, cs, n > 1); err != nil {
					stop(err)
					return
				}
			}
		})
	}
feed:
	for _, cs := range cases {
		select {
		case queue <- cs:
		case <-ctx.Done():
			break feed
		}
	}
	close(queue)
	workers.Wait()
	return context.Cause(ctx)
}

// probe checks that there is a server, so that a wrong address gives one error and not hundreds
// of failed cases.
func (c *FuzzingClient) probe(ctx context.Context) error {
	s, err := c.dial(ctx, &play.Case{ID: "probe", Begin: func() play.Play { return play.Said(nil) }})
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	h, err := s.Knock(ctx, c.route.opener())
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if h != nil {
		c.name = cmp.Or(c.name, h.Get("Server"))
	}
	if _, refused := errors.AsType[*play.StatusError](err); err != nil && (refused || unanswered(h, err)) {
		return &UnreachableError{URL: c.URL, Err: err}
	}
	return nil
}

func (c *FuzzingClient) dial(ctx context.Context, cs *play.Case) (*play.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	stream, err := c.route.connect(ctx, cs)
	if err != nil {
		return nil, &UnreachableError{URL: c.URL, Case: cs.ID, Err: err}
	}
	return play.NewSession(Server, stream, cs, c.Timeout), nil
}

// playOne plays a case; crowded says that others run too. It returns an error if the run cannot
// continue.
func (c *FuzzingClient) playOne(ctx context.Context, cs *Case, crowded bool) error {
	var s *play.Session
	var h *play.Head
	var err error
	for wait := refusedPause; ; wait *= 2 {
		if s, err = c.dial(ctx, cs.play); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		}
		h, err = s.Play(ctx, c.route.opener())
		if ctx.Err() != nil {
			return context.Cause(ctx) // an interrupted play is no result
		}
		if !unprocessed(err) || wait > c.Timeout {
			break
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if err != nil && cs.play.Door == nil && cs.play.Offer == nil && unanswered(h, err) {
		if c.losses.Add(1) >= maxLosses {
			return &UnreachableError{URL: c.URL, Case: cs.ID, Err: err}
		}
	} else {
		c.losses.Store(0)
	}
	s.Result.Agent = cmp.Or(c.name, c.route.target.Host)
	if crowded {
		verdict.Crowd(s.Result)
	}
	c.keep(s.Result)
	return nil
}

// refusedPause is how long the suite leaves a server alone that had no room for a stream. It
// becomes longer each time.
const refusedPause = 100 * time.Millisecond

// keep stores a result, in place of an earlier one of the same case. A result in doubt is
// reported after the case has been played alone.
func (c *FuzzingClient) keep(r *Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.results, func(first *Result) bool { return first.ID == r.ID })
	if i < 0 {
		c.results = append(c.results, r)
	} else {
		verdict.Replace(c.results[i], r)
		c.results[i] = r
	}
	if c.Progress != nil && !verdict.InDoubt(r) {
		c.Progress(r)
	}
}

// unanswered reports whether an opening handshake failed because there is no server, or only a
// proxy in front of it. Any answer from a server, even a wrong one, is for the cases to judge.
func unanswered(h *play.Head, err error) bool {
	if status, ok := errors.AsType[*play.StatusError](err); ok {
		return status.Code() >= 502 && status.Code() <= 504
	}
	return h == nil && !answeredHTTP2(err)
}
