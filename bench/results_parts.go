package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/hawser-ws/websocket/bench/million"
	"github.com/hawser-ws/websocket/bench/servers"
)

// A resultPart is a part of the page.
type resultPart struct {
	name    string
	measure func(ctx context.Context, b *bench, r *Results, quick bool) error
}

// resultParts are the parts of the page. Together they take little more than half an hour.
var resultParts = []resultPart{
	{"echo", measureEcho},
	{"scale", measureScale},
	{"deflate", measureDeflate},
	{"deflate-memory", measureDeflateMemory},
	{"micro", func(ctx context.Context, _ *bench, r *Results, quick bool) (err error) {
		r.Micro, err = runMicro(ctx, microNames(), 0, quick)
		return err
	}},
	{"idle", func(ctx context.Context, b *bench, r *Results, quick bool) (err error) {
		r.Idle, err = runIdle(ctx, b, idleFlags{libs: idleLibs, counts: idleCounts}, quick)
		return err
	}},
	{"broadcast", func(ctx context.Context, b *bench, r *Results, quick bool) (err error) {
		var f broadcastFlags
		f.register(flag.NewFlagSet("", flag.ContinueOnError))
		r.Broadcast, err = runBroadcast(ctx, b, f, quick)
		return err
	}},
	{"handshake", func(ctx context.Context, b *bench, r *Results, quick bool) (err error) {
		var f handshakeFlags
		f.register(flag.NewFlagSet("", flag.ContinueOnError))
		r.Handshake, err = runHandshake(ctx, b, f, quick)
		return err
	}},
	{"http2", func(ctx context.Context, b *bench, r *Results, quick bool) (err error) {
		f := http2Flags{choices: choices{quick: quick}}
		f.settle()
		if r.HTTP2, err = runHTTP2(ctx, b, f); err == nil {
			err = r.HTTP2.failure()
		}
		return err
	}},
	{"loop", func(ctx context.Context, b *bench, r *Results, quick bool) (err error) {
		f := loopFlags{echoFlags: echoFlags{choices: plainChoices(loopLibs)}, only: loopParts}
		f.quick = quick
		if r.Loop, err = runLoop(ctx, b, &f); err == nil {
			err = r.Loop.failure()
		}
		return err
	}},
}

// askedParts are measured only if they are asked for by name: they take most of the machine.
var askedParts = []resultPart{{millionCommand, measureMillion}}

// resultLibs are the echo servers on the page: for each library its best variant.
var resultLibs = []string{"hawser", "hawser-upgrade", "hawser-loop", "hawser-as-gorilla", "gorilla", "hawser-as-coder", "coder", "gws", "gobwas", "nbio", "xnet", "tcp", "rawconn", "epoll"}

func known(libs []string) []string {
	return slices.DeleteFunc(slices.Clone(libs), func(lib string) bool { return servers.KindOf(lib) == 0 })
}

func measureEcho(ctx context.Context, b *bench, r *Results, quick bool) error {
	f := echoFlags{choices: plainChoices(known(resultLibs)), rounds: 5, duration: 400 * time.Millisecond}
	if quick {
		f.quick, f.rounds, f.duration = true, 1, 60*time.Millisecond
	}
	r.Echo = &EchoReport{Machine: machine(f.libs)}
	add := func(connections, size, inFlight int) {
		r.Echo.Cases = append(r.Echo.Cases, f.newCase(connections, size, inFlight, 1))
	}
	for _, size := range []int{32, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10} {
		add(64, size, 1)
	}
	for _, inFlight := range []int{4, 16, 64} {
		add(64, 32, inFlight)
	}
	add(64, 1<<10, 16)
	add(1000, 32, 1)
	add(1000, 1<<10, 1)
	for _, inFlight := range []int{1, 16} { // GOMAXPROCS 2: then the load has no core of its own
		r.Echo.Cases = append(r.Echo.Cases, f.newCase(64, 32, inFlight, 2))
	}
	return runCases(ctx, b, &f, r.Echo.Cases)
}

func measureScale(ctx context.Context, b *bench, r *Results, quick bool) error {
	f := echoFlags{
		choices:     plainChoices(known([]string{"hawser", "hawser-upgrade", "hawser-as-gorilla", "gorilla", "coder", "gws", "gobwas", "nbio", "tcp"})),
		connections: []int{10, 100, 1000, 10_000}, sizes: []int{32}, inFlight: []int{1}, procs: []int{1}, given: true,
		rounds: 3, duration: 500 * time.Millisecond,
	}
	if quick {
		f.quick, f.rounds, f.duration, f.connections = true, 1, 60*time.Millisecond, []int{10, 100, 1000}
	}
	r.Scale = &ScaleReport{Machine: machine(f.libs), Libs: f.libs, Cases: f.cases()}
	return runCases(ctx, b, &f, r.Scale.Cases)
}

func runCases(ctx context.Context, b *bench, f *echoFlags, cases []*EchoCase) error {
	for _, c := range cases {
		fmt.Fprintf(os.Stderr, "       %s\n", c.Name())
		if err := c.run(ctx, b, f); err != nil {
			return err
		}
	}
	return nil
}

func measureDeflate(ctx context.Context, b *bench, r *Results, quick bool) error {
	f := deflateFlags{sizes: []int{1 << 10, 64 << 10}, rounds: 3, connections: 64}
	f.register(flag.NewFlagSet("", flag.ContinueOnError))
	if quick {
		f.quick, f.rounds = true, 1
	}
	r.Deflate = &DeflateReport{Machine: machine(f.libs), Connections: f.connections}
	for _, s := range f.settings() {
		for _, size := range f.sizes {
			g := f.group(s, size)
			r.Deflate.Groups = append(r.Deflate.Groups, g)
			fmt.Fprintf(os.Stderr, "       %s, %d bytes\n", title(s), size)
			if err := g.run(ctx, b, &f); err != nil {
				return err
			}
		}
	}
	return nil
}

func measureDeflateMemory(ctx context.Context, b *bench, r *Results, quick bool) error {
	f := memoryFlags{rounds: 1, connections: 1000, busy: 64, long: longSize, settle: 5 * time.Second}
	f.register(flag.NewFlagSet("", flag.ContinueOnError))
	if quick {
		f.quick, f.connections, f.settle = true, 100, 500*time.Millisecond
	}
	r.DeflateMemory = &MemoryReport{Machine: machine(f.libs), Connections: f.connections}
	for _, s := range f.settings() {
		g := &MemoryGroup{Settings: s}
		for _, lib := range f.libs {
			g.Rows = append(g.Rows, &MemoryRow{Result: Result{Lib: lib}})
		}
		r.DeflateMemory.Groups = append(r.DeflateMemory.Groups, g)
		fmt.Fprintf(os.Stderr, "       %s\n", title(s))
		if err := g.run(ctx, b, &f); err != nil {
			return err
		}
	}
	return nil
}

func measureMillion(ctx context.Context, b *bench, r *Results, quick bool) error {
	p := million.Default()
	if quick {
		p.Connections, p.Per, p.For = 2000, 1000, time.Second
	}
	report, err := runMillion(ctx, b, p, os.Stderr)
	if report == nil {
		return err
	}
	r.Million = report
	if err == nil {
		err = report.Failure()
	}
	return err
}
