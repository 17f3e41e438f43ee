package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn"
)

const (
	host = "127.0.0.1"
	// startLimit is how long a server may take until it accepts TCP.
	startLimit = time.Minute
	// roleLimit is how long the run of a role may take.
	roleLimit = time.Hour
	// shares is how many processes of a client play at a time.
	shares = 8
	// fewLeft is how many cases get a server of their own after others were ended.
	fewLeft = 20
	// pause is time for the suite to see the end of a connection.
	pause = 200 * time.Millisecond
)

// judge plays cases with p in one role. Where it could not play all of them, it
// returns the results so far and an error.
func (p *peer) judge(ctx context.Context, role autobahn.Role, cases []*autobahn.Case) (*autobahn.Agent, error) {
	ctx, cancel := context.WithTimeout(ctx, roleLimit)
	defer cancel()
	if role == autobahn.Client {
		return p.judgeClient(ctx, cases)
	}
	return p.judgeServer(ctx, cases)
}

// judgeServer starts the server again when a case has ended it, and plays the cases that
// have no result, or one in doubt, with fewer at a time.
func (p *peer) judgeServer(ctx context.Context, cases []*autobahn.Case) (*autobahn.Agent, error) {
	agent := &autobahn.Agent{Name: p.Key}
	var problem error
	for _, parallel := range []int{0, 4, 1} {
		part, err := p.serve(ctx, cases, parallel)
		if part != nil {
			agent.URL, agent.Took = part.URL, agent.Took+part.Took
			var settled []*autobahn.Result
			for _, r := range part.Results {
				if err == nil || !inDoubt(r) {
					settled = append(settled, r)
				}
			}
			agent.Results = append(agent.Results, settled...)
			cases = slices.DeleteFunc(slices.Clone(cases), func(c *autobahn.Case) bool { return resultOf(settled, c.ID) != nil })
		}
		problem = errors.Join(problem, err)
		if err == nil {
			break
		}
		if _, gone := errors.AsType[*autobahn.UnreachableError](err); !gone || part == nil || len(part.Results) == 0 {
			byIndex(agent.Results)
			return agent, problem
		}
	}
	// What ends the server is among these.
	for _, c := range cases[:min(len(cases), fewLeft)] {
		part, err := p.serve(ctx, []*autobahn.Case{c}, 1)
		if part != nil {
			agent.Results = append(agent.Results, part.Results...)
		}
		problem = errors.Join(problem, err)
	}
	byIndex(agent.Results)
	return agent, problem
}

// inDoubt reports whether a result failed beside others and was not played again alone.
func inDoubt(r *autobahn.Result) bool {
	return strings.Contains(r.Result, doubt)
}

// doubt is what the suite adds to the result of a case in doubt.
const doubt = "it was not played again alone"

func resultOf(results []*autobahn.Result, id string) *autobahn.Result {
	if i := slices.IndexFunc(results, func(r *autobahn.Result) bool { return r.ID == id }); i >= 0 {
		return results[i]
	}
	return nil
}

func byIndex(results []*autobahn.Result) {
	slices.SortFunc(results, func(a, b *autobahn.Result) int { return cmp.Compare(a.Case, b.Case) })
}

// serve plays cases with one process of the server.
func (p *peer) serve(ctx context.Context, cases []*autobahn.Case, parallel int) (*autobahn.Agent, error) {
	port, err := freePort(host)
	if err != nil {
		return nil, err
	}
	server, err := p.start(ctx, "server", "server", host, port)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	starting, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	address := net.JoinHostPort(host, port)
	if err := server.listening(starting, address); err != nil {
		return nil, err
	}
	suite := &autobahn.FuzzingClient{URL: "ws://" + address + "/", Agent: p.Key, Cases: cases, Parallel: parallel}
	agent, err := suite.Run(ctx)
	select {
	case <-server.done:
		err = errors.Join(err, server.failure())
	default:
	}
	return agent, err
}

// judgeClient shares the cases among processes of the client, since most of a case
// is waiting. What fails is played again alone.
func (p *peer) judgeClient(ctx context.Context, cases []*autobahn.Case) (*autobahn.Agent, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	suite := &autobahn.FuzzingServer{Cases: cases}
	serving, stop := context.WithCancel(ctx)
	over := make(chan error, 1)
	go func() { over <- suite.Serve(serving, l) }()
	defer func() { stop(); <-over }()

	url := "ws://" + l.Addr().String()
	size := (len(cases) + shares - 1) / shares
	problem := p.play(ctx, url, spans(len(cases), size), shares)
	agent := &autobahn.Agent{Name: p.Key}
	for _, a := range suite.Agents() {
		if a.Name == p.Key {
			problem = errors.Join(problem, p.play(ctx, url, failed(cases, a.Results), 1))
		}
	}
	for _, a := range suite.Agents() {
		if a.Name == p.Key {
			for _, s := range singly(cases, a.Results) {
				time.Sleep(pause)
				problem = errors.Join(problem, p.playSpan(ctx, url, s, 0))
			}
		}
	}
	for _, a := range suite.Agents() {
		if a.Name == p.Key {
			agent = &a
		}
	}
	if len(agent.Results) < len(cases) {
		problem = errors.Join(problem, fmt.Errorf("%s/client played %d of %d cases", p.Key, len(agent.Results), len(cases)))
	}
	return agent, problem
}

// A span is consecutive cases; the first case is 1.
type span struct{ from, to int }

// spans divides 1 to n into spans of size.
func spans(n, size int) (list []span) {
	for from := 1; from <= n; from += size {
		list = append(list, span{from, min(from+size-1, n)})
	}
	return list
}

// failed returns the cases that have to be played again alone.
func failed(cases []*autobahn.Case, results []*autobahn.Result) (list []span) {
	byID := map[string]*autobahn.Result{}
	for _, r := range results {
		byID[r.ID] = r
	}
	for i, c := range cases {
		r := byID[c.ID]
		if r != nil && (r.Worst().Passed() || r.Worst() == autobahn.Unimplemented) {
			continue
		}
		if last := len(list) - 1; last >= 0 && list[last].to == i {
			list[last].to = i + 1
		} else {
			list = append(list, span{i + 1, i + 1})
		}
	}
	return list
}

// singly returns the cases, one by one, whose connection met that of the case before, since
// a client may be faster than the suite, and those that were not played, since a case before
// may have ended the client.
func singly(cases []*autobahn.Case, results []*autobahn.Result) (list []span) {
	for i, c := range cases {
		if r := resultOf(results, c.ID); r == nil || inDoubt(r) {
			list = append(list, span{i + 1, i + 1})
		}
	}
	return list
}

// play runs the client for each span, at most n at a time.
func (p *peer) play(ctx context.Context, url string, list []span, n int) error {
	errs := make(chan error, len(list))
	turn := make(chan struct{}, n)
	for i, s := range list {
		turn <- struct{}{}
		go func() {
			defer func() { <-turn }()
			errs <- p.playSpan(ctx, url, s, i)
		}()
	}
	var problems []error
	for range list {
		problems = append(problems, <-errs)
	}
	return errors.Join(problems...)
}

func (p *peer) playSpan(ctx context.Context, url string, s span, i int) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	client, err := p.start(ctx, "client-"+strconv.Itoa(i), "client", url, p.Key, strconv.Itoa(s.from), strconv.Itoa(s.to))
	if err != nil {
		return err
	}
	defer client.stop()
	select {
	case <-client.done:
	case <-ctx.Done():
		return fmt.Errorf("%s, cases %d to %d: %w", client.name, s.from, s.to, context.Cause(ctx))
	}
	if client.err != nil {
		return client.failure()
	}
	return nil
}
