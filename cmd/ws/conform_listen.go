package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/hawser-ws/websocket/autobahn"
)

// A clientJudge judges the clients that connect to it.
type clientJudge struct {
	flags    *conformFlags
	progress *progress
	side     *side
	suite    *autobahn.FuzzingServer

	mu       sync.Mutex
	finished map[string]bool // agents that asked for reports
	unshown  bool            // some results were in no table yet
}

// judgeClients is ws conform -listen.
func judgeClients(ctx context.Context, f *conformFlags, p *progress, s *side) error {
	var protocols []string // of ALPN
	if f.http2 {
		protocols = []string{"h2"}
	}
	l, url, err := f.door.open(protocols...)
	if err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	c := &clientJudge{flags: f, progress: p, side: s, finished: map[string]bool{}}
	c.suite = &autobahn.FuzzingServer{Cases: s.cases, Timeout: f.timeout, Skip: f.skip, HTTP2: f.http2, Progress: c.result, Report: c.report}
	page := "http" + strings.TrimPrefix(url, "ws") // https for wss
	fmt.Fprintf(os.Stderr, "listening on %s with %d cases; a browser plays them at %s\n", url, len(s.cases), page)
	err = c.suite.Serve(ctx, l)
	p.pause()
	if ctx.Err() == nil && !errors.Is(err, autobahn.ErrStopped) {
		s.problems = append(s.problems, err)
	}
	return c.conclude()
}

func (c *clientJudge) result(r *autobahn.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unshown = true
	c.progress.client(r, len(c.side.cases))
}

// report prints the results of an agent that says it is done.
func (c *clientJudge) report(agent string) {
	agents := c.suite.Agents()
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(agents, func(a autobahn.Agent) bool { return a.Name == agent })
	if i < 0 {
		return // it played nothing
	}
	c.finished[agent], c.unshown = true, false
	c.progress.left(agent)
	if !c.flags.json {
		c.flags.conclusion([]side{{role: autobahn.Client, cases: c.side.cases, agents: agents[i : i+1]}}).print()
	}
	if c.flags.out == "" {
		return
	}
	all := []side{{role: autobahn.Client, cases: c.side.cases, agents: agents}}
	if err := c.flags.writeReport(all); err != nil {
		c.progress.say("The report: " + err.Error()) // only a message now; it counts at the end
		return
	}
	c.progress.say("The report is " + pageName(c.flags.out))
}

// due returns how many cases an agent has to play: those that it is not spared.
func (c *clientJudge) due(agent string) (n int) {
	for _, cs := range c.side.cases {
		if c.flags.skip == nil || !c.flags.skip(agent, cs.ID) {
			n++
		}
	}
	return n
}

// conclude is called when no more clients are served.
func (c *clientJudge) conclude() error {
	s := c.side
	s.agents = c.suite.Agents()
	for i := range s.agents {
		a := &s.agents[i]
		due := c.due(a.Name)
		if c.finished[a.Name] || len(a.Results) == due {
			continue
		}
		// For scripts that only see the exit code, half of the cases are not a success.
		left := errors.New("it left without asking for the other cases or for its report")
		a.Stopped = left.Error()
		s.problems = append(s.problems, &partialError{a.Name, left, len(a.Results), due, c.flags.out})
	}
	if len(s.agents) == 0 && len(s.problems) == 0 {
		s.problems = append(s.problems, errors.New("no client connected"))
	}
	if c.flags.json || c.unshown || len(s.agents) > 1 {
		return c.flags.conclusion([]side{*s}).conclude(c.progress)
	}
	return c.flags.conclusion([]side{*s}).judgement(c.progress)
}
