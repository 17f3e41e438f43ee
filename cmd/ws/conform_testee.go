package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/autobahn"
)

// playTestee is ws conform -testee.
func playTestee(ctx context.Context, f *conformFlags, p *progress) error {
	done := 0
	opts := &websocket.DialOptions{
		Timeouts: websocket.Timeouts{Handshake: f.timeout},
	}
	f.request.fill(opts)
	if f.http2 {
		opts.HTTP2 = &websocket.HTTP2Pool{Require: true, PriorKnowledge: true}
		defer opts.HTTP2.Close()
	}
	opts.CompressionMode, opts.CompressionThreshold, opts.Compression = f.compress.options()
	testee := &autobahn.Testee{
		URL: f.testee, Agent: cmp.Or(f.agent, "hawser"), Parallel: f.parallel, Timeout: f.timeout, Dial: opts,
		Progress: func(n, _ int) {
			done = n
			p.played()
		},
	}
	n, err := testee.Count(ctx)
	if err != nil {
		return noFuzzingServer(f.testee, err)
	}
	p.begin(testee.Agent+" as a client of "+f.testee, n)
	all := make([]int, n)
	for i := range all {
		all[i] = i + 1
	}
	err = testee.Play(ctx, all)
	p.pause()
	if err == nil {
		err = testee.Finish(ctx)
	}
	if err != nil {
		why := noFuzzingServer(f.testee, err)
		return &exitError{exitUsage, fmt.Sprintf("%v\nstopped after %d of %d cases", why, done, n)}
	}
	fmt.Printf("%d cases were played as %q; the verdicts are with the fuzzing server at %s\n", n, testee.Agent, f.testee)
	return nil
}

// noFuzzingServer reports that the server was not reachable, or no longer is.
func noFuzzingServer(url string, err error) error {
	if errors.Is(err, context.Canceled) {
		return &exitError{exitUsage, "interrupted"}
	}
	if gone, ok := errors.AsType[*autobahn.UnreachableError](err); ok {
		err = gone.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("it does not tell how many cases it has")
	}
	text := strings.ReplaceAll(err.Error(), "websocket: ", "")
	return &exitError{exitUsage, inert(fmt.Sprintf("%s is not a fuzzing server, or is gone: %s", url, visible(text, false)))}
}
