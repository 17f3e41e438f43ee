package main

import (
	"context"
	"errors"
	"time"
)

// quickEchoLibs are the libraries of a short run. One of them has been the best peer in nearly
// every run.
var quickEchoLibs = []string{"hawser", "gobwas", "gws", "gorilla", "tcp"}

// echoSection is the part of echo in a run of everything.
func echoSection(ctx context.Context, b *bench, quick bool) (any, []Ratio, error) {
	f := echoFlags{choices: plainChoices(quickEchoLibs)}
	f.quick = quick
	f.settle()
	if quick {
		f.rounds, f.duration, f.limit = 3, 120*time.Millisecond, 3500*time.Millisecond
	}
	var cases []*EchoCase
	var ratios []Ratio
	var failures []error
	for _, c := range []*EchoCase{
		f.newCase(64, 32, 1, 1),
		f.newCase(64, 1<<10, 1, 1),
		f.newCase(64, longMessage, 1, 1),
		f.newCase(1000, 32, 1, 1),
		f.newCase(64, 32, 16, 1),
		f.newCase(64, 1<<10, 16, 1),
	} {
		if err := c.run(ctx, b, &f); err != nil {
			return cases, ratios, err
		}
		cases = append(cases, c)
		ratios = append(ratios, c.ratios()...)
		failures = append(failures, c.failure())
	}
	return cases, ratios, errors.Join(failures...)
}
