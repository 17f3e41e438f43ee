package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/bench/servers"
)

// LoopReport is the result of the command loop: connections without goroutines.
type LoopReport struct {
	Machine Machine
	Echo    []*EchoCase
	Blocked []*BlockedRow
	Idle    *IdleReport
}

// The parts of the command.
var loopParts = []string{"echo", "blocked", "idle"}

type loopFlags struct {
	echoFlags
	only        []string // of loopParts
	idleRounds  int
	idleCounts  []int
	blockedTime time.Duration
}

// loopLibs are what the loop is compared with: all Go libraries that are measured, and the
// floors.
var loopLibs = []string{servers.Loop, servers.Upgrade, "hawser", "gorilla", "coder", "gws", "gobwas", "nbio", "nbio-blocking", "xnet", "rawconn", servers.Epoll}

func (f *loopFlags) register(flags *flag.FlagSet) {
	f.choices, f.only = plainChoices(loopLibs), loopParts
	f.registerPlain(flags)
	flags.Func("only", "`parts`, of echo,blocked,idle (default all)", func(s string) error {
		f.only = nil
		for name := range strings.SplitSeq(s, ",") {
			if !slices.Contains(loopParts, name) {
				return fmt.Errorf("no part %q; there are %q", name, loopParts)
			}
			f.only = append(f.only, name)
		}
		return nil
	})
	flags.IntVar(&f.rounds, "rounds", 0, "`rounds` (default 7, with -quick 2)")
	flags.DurationVar(&f.duration, "duration", 0, "`time` of a server in a round (default 500ms, with -quick 100ms)")
}

func (f *loopFlags) settleLoop() {
	f.rounds = f.or(f.rounds, 7, 2)
	f.duration = time.Duration(f.or(int(f.duration), int(500*time.Millisecond), int(100*time.Millisecond)))
	f.idleRounds = f.or(f.idleRounds, 2, 1)
	f.blockedTime = time.Duration(f.or(int(f.blockedTime), int(3*time.Second), int(600*time.Millisecond)))
	if f.idleCounts == nil {
		f.idleCounts = []int{idleMain, 19000}
		if f.quick {
			f.idleCounts = []int{1000, 4000}
		}
	}
}

// loop measures connections on a Loop beside others.
func loop(ctx context.Context, args []string) error {
	var f loopFlags
	flags := flag.NewFlagSet("bench loop", flag.ContinueOnError)
	f.register(flags)
	if err := f.parse(flags, args); err != nil {
		return err
	}
	b, err := newBench()
	if err != nil {
		return err
	}
	report, err := runLoop(ctx, b, &f)
	if err != nil {
		return err
	}
	printMachine(os.Stdout, report.Machine)
	for _, g := range report.grids() {
		g.print(os.Stdout)
	}
	fmt.Println()
	for _, r := range report.ratios() {
		mark := ""
		if r.missed() {
			mark = "  MISSED"
		}
		fmt.Printf("%s%s\n", r, mark)
	}
	fmt.Printf("load average after: %s\n", loadAverage())
	return errors.Join(writeJSON(f.json, report), report.failure())
}

// loopSection is a run with the defaults.
func loopSection(ctx context.Context, b *bench, quick bool) (any, []Ratio, error) {
	f := loopFlags{echoFlags: echoFlags{choices: plainChoices(loopLibs)}, only: loopParts}
	if f.quick = quick; quick {
		f.libs = []string{servers.Loop, servers.Upgrade, "gobwas", "gws", servers.Epoll}
		f.limit = 3 * time.Second
	}
	report, err := runLoop(ctx, b, &f)
	return report, report.ratios(), errors.Join(err, report.failure())
}

func runLoop(ctx context.Context, b *bench, f *loopFlags) (*LoopReport, error) {
	f.settleLoop()
	r := &LoopReport{Machine: machine(f.libs), Idle: new(IdleReport)}
	if slices.Contains(f.only, "echo") {
		r.Echo = []*EchoCase{
			f.newCase(64, 32, 1, 1),
			f.newCase(64, 32, 16, 1),
			f.newCase(1000, 32, 1, 1),
			f.newCase(1000, 1<<10, 1, 1),
			f.newCase(64, longMessage, 1, 1),
		}
		if err := runCases(ctx, b, &f.echoFlags, r.Echo); err != nil {
			return r, err
		}
	}
	if slices.Contains(f.only, "blocked") {
		r.Blocked = blockedRows()
		err := takeTurns(ctx, r.Blocked, &f.choices, f.idleRounds, func(r *BlockedRow) *Result { return &r.Result },
			func(r *BlockedRow) error { return r.round(ctx, b, f.blockedTime) })
		if err != nil {
			return r, err
		}
	}
	if slices.Contains(f.only, "idle") {
		for _, n := range f.idleCounts {
			r.Idle.Rows = append(r.Idle.Rows,
				newIdleRow(servers.Loop, n, ""), newIdleRow(servers.Loop, n, halfMessage), newIdleRow(servers.Loop, n, halfHeader),
				newIdleRow(servers.LoopTLS, n, ""), newIdleRow(servers.Upgrade, n, ""), newIdleRow("hawser", n, ""),
				newIdleRow("nbio", n, ""), newIdleRow(servers.EpollIdle, n, ""))
		}
		return r, r.Idle.run(ctx, b, &f.choices, f.idleRounds)
	}
	return r, nil
}

// failure returns the error of a server that could not be compared.
func (r *LoopReport) failure() (all error) {
	for _, c := range r.Echo {
		all = errors.Join(all, c.failure())
	}
	for _, row := range r.Blocked {
		if !row.Compared {
			all = errors.Join(all, fmt.Errorf("%s: %s", row.Lib, row.Note))
		}
	}
	for _, row := range r.Idle.Rows {
		if !row.Compared {
			all = errors.Join(all, fmt.Errorf("idle: %s: %s", row.name(), row.Note))
		}
	}
	return all
}
