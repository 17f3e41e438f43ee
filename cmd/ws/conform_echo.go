package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// echoCases are a text and a binary message of 125 bytes.
const echoCases = "1.1.2,1.2.2"

// A deafError says that a server does not echo, so that every case would fail.
type deafError struct {
	url          string
	text, binary *autobahn.Result
}

func (e *deafError) Error() string {
	if why := unopened(e.text); why != "" {
		return "its opening handshake fails, so there is nothing to judge\ncame      " + why
	}
	return fmt.Sprintf("it does not echo, so there is nothing to judge\n"+
		"sent      a text message of 125 bytes, %s, and in another connection a binary one\n"+
		"expected  the same message back, and nothing before it\n"+
		"came      %s\n"+
		"binary    %s\n"+
		"Give the URL of a handler that sends every message back unchanged, with its type.",
		strconv.Quote(strings.Repeat("*", 8)+"…"), answer(e.text), answer(e.binary))
}

// unopened says why the opening handshake failed, or nothing if it did not.
func unopened(r *autobahn.Result) string {
	if r.WhyNotClean == nil || !strings.Contains(r.ResultClose, "handshake was never completed") {
		return ""
	}
	return visible(*r.WhyNotClean, false)
}

// answer says what came instead of an echo.
func answer(r *autobahn.Result) string {
	if why := unopened(r); why != "" {
		return why
	}
	words := []string{"no message"}
	if r.FailedByMe && r.LocalCloseCode != nil && *r.LocalCloseCode == 1001 { // when time was up
		words[0] = "no message within a second"
	}
	if list := received(r); list != "" {
		words[0] = strings.TrimSuffix(strings.TrimPrefix(list, "Received: "), ".")
	}
	if r.RemoteCloseCode != nil && !r.ClosedByMe && !r.FailedByMe { // not the answer to ours
		end := fmt.Sprintf("Close %d", *r.RemoteCloseCode)
		if r.RemoteCloseReason != nil && *r.RemoteCloseReason != "" {
			end += " " + strconv.Quote(*r.RemoteCloseReason)
		}
		words = append(words, end)
	}
	return visible(strings.Join(words, ", then "), false)
}

// hears plays a text and a binary message before the cases. It returns what it learned of the
// server if there is no use in playing more.
func hears(ctx context.Context, f *conformFlags, t target, p *progress) (*autobahn.Agent, error) {
	cases, err := autobahn.Select(autobahn.Server, echoCases, "")
	if err != nil {
		return nil, err
	}
	agent, err := hearOnce(ctx, f, t, cases)
	if err == nil && deaf(agent) { // or its first answers are late, because it has just started
		agent, err = hearOnce(ctx, f, t, cases)
	}
	if agent == nil || err != nil || len(agent.Results) < len(cases) {
		if agent != nil {
			agent.Results = nil // these two do not count
		}
		return agent, err
	}
	text, binary := agent.Results[0], agent.Results[1]
	switch {
	case deaf(agent):
		err = &deafError{t.url, text, binary}
		agent.Results, agent.Stopped = nil, err.Error()
		return agent, err
	case !text.Behavior.Passed():
		p.say("it echoes binary messages, but not text: " + answer(text) + "; the cases with text will fail")
	case !binary.Behavior.Passed():
		p.say("it echoes text messages, but not binary ones: " + answer(binary) + "; the cases with binary messages will fail")
	}
	if len(f.request.subprotocols) > 0 && !strings.Contains(strings.ToLower(text.HTTPResponse), "\r\nsec-websocket-protocol:") {
		p.say(fmt.Sprintf("it selects none of the subprotocols %s, which the RFC allows", &f.request.subprotocols))
	}
	return nil, nil
}

func hearOnce(ctx context.Context, f *conformFlags, t target, cases []*autobahn.Case) (*autobahn.Agent, error) {
	suite := f.fuzzingClient(t, cases)
	suite.Parallel = 1
	return suite.Run(ctx)
}

// deaf reports whether neither message came back.
func deaf(agent *autobahn.Agent) bool {
	return !slices.ContainsFunc(agent.Results, func(r *autobahn.Result) bool { return r.Behavior.Passed() })
}
