package main

import (
	"context"
	"fmt"
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
	return fmt.Sprintf("it does not echo, so there is nothing to judge\n"+
		"sent      a text message of 125 bytes, %s\n"+
		"expected  the same message back, and nothing before it\n"+
		"came      %s\n"+
		"To a binary message it did likewise: %s\n"+
		"Give the URL of a handler that sends every message back unchanged, with its type.",
		strconv.Quote(strings.Repeat("*", 8)+"…"), answer(e.text), answer(e.binary))
}

// answer says what came instead of an echo.
func answer(r *autobahn.Result) string {
	var words []string
	if list := received(r); list != "" {
		words = append(words, strings.TrimSuffix(strings.TrimPrefix(list, "Received: "), "."))
	} else {
		words = append(words, "no message")
	}
	if r.RemoteCloseCode != nil {
		end := fmt.Sprintf("Close %d", *r.RemoteCloseCode)
		if r.RemoteCloseReason != nil && *r.RemoteCloseReason != "" {
			end += " " + strconv.Quote(*r.RemoteCloseReason)
		}
		words = append(words, end)
	}
	if strings.Contains(r.Result, "handshake") {
		words = append(words, r.Result)
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
	suite := f.fuzzingClient(t, cases)
	suite.Parallel = 1
	agent, err := suite.Run(ctx)
	if agent == nil || err != nil || len(agent.Results) < len(cases) {
		if agent != nil {
			agent.Results = nil // these two do not count
		}
		return agent, err
	}
	text, binary := agent.Results[0], agent.Results[1]
	switch {
	case !text.Behavior.Passed() && !binary.Behavior.Passed():
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
