package main

import (
	"context"
	"fmt"
	"net/url"

	"github.com/hawser-ws/websocket/autobahn"
)

// judgeOwn judges this library in the roles of sides.
func judgeOwn(ctx context.Context, f *conformFlags, p *progress, sides []side) {
	for i := range sides {
		s := &sides[i]
		p.begin("hawser as a "+s.role.String(), len(s.cases))
		own := &autobahn.Own{
			Role: s.role, Cases: s.cases, Parallel: f.parallel, Timeout: f.timeout, HTTP2: f.http2, Progress: p.result,
		}
		agent, err := own.Run(ctx)
		s.add(agent, "hawser", err, f.out)
		p.end(agent)
		if ctx.Err() != nil {
			return
		}
	}
}

// judgeServers judges servers one after the other, so that each has the machine to itself. It
// continues when one is unreachable.
func judgeServers(ctx context.Context, f *conformFlags, p *progress, s *side) {
	for _, t := range f.servers {
		name := t.name
		if name == "" {
			name = t.url
		}
		f.await(ctx, t.url, func() { p.say(fmt.Sprintf("waiting for %s, at most %v", t.url, f.wait)) })
		p.begin(name+" as a server", len(s.cases))
		agent, err := hears(ctx, f, t, p)
		if agent == nil && err == nil {
			suite := f.fuzzingClient(t, s.cases)
			suite.Skip, suite.Progress = f.skip, p.result
			agent, err = suite.Run(ctx)
		}
		s.add(agent, name, err, f.out)
		p.end(agent)
		if ctx.Err() != nil {
			return
		}
	}
}

// fuzzingClient returns the suite that plays cases with a server.
func (f *conformFlags) fuzzingClient(t target, cases []*autobahn.Case) *autobahn.FuzzingClient {
	c := &autobahn.FuzzingClient{
		URL: t.url, Agent: t.name, Cases: cases, Parallel: f.parallel, Timeout: f.timeout, HTTP2: f.http2,
		TLS: f.request.tls, Header: f.request.header, Subprotocols: f.request.subprotocols,
	}
	if t.spec != nil {
		t.spec.fill(c)
	}
	return c
}

// add records the result of a run.
func (s *side) add(agent *autobahn.Agent, name string, err error, kept string) {
	done := 0
	if agent != nil {
		done = len(agent.Results)
		s.distinguish(agent)
		s.agents = append(s.agents, *agent)
	}
	if err != nil {
		s.problems = append(s.problems, &partialError{name, err, done, len(s.cases), kept})
	}
}

// distinguish gives an agent a unique name. A server without a given name is named by its
// Server header, which several may share.
func (s *side) distinguish(agent *autobahn.Agent) {
	taken := map[string]bool{}
	for _, a := range s.agents {
		taken[a.Name] = true
	}
	name := agent.Name
	if u, err := url.Parse(agent.URL); err == nil && taken[name] {
		name += " at " + u.Host
	}
	for n := 2; taken[name]; n++ {
		name = fmt.Sprintf("%s (%d)", agent.Name, n)
	}
	agent.Name = name
	for _, r := range agent.Results {
		r.Agent = name
	}
}
