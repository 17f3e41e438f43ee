package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/bench/micro"
)

// MicroReport is the result of the command micro.
type MicroReport struct {
	Machine  Machine
	Contests []*micro.Contest
	Notes    []string `json:",omitempty"`
}

// microParts are the measurements within this process.
var microParts = []struct {
	name  string
	part  func(ctx context.Context, e micro.Effort) ([]*micro.Contest, error)
	batch time.Duration // where there is garbage, its collection needs time to become due
}{
	{"mask", mask, 2 * time.Millisecond},
	{"utf8", micro.Validation, 2 * time.Millisecond},
	{"fused", micro.Fused, 2 * time.Millisecond},
	{"header", micro.Headers, 2 * time.Millisecond},
	{"message", micro.Messages, 10 * time.Millisecond},
}

// microLibs are those whose versions are printed.
var microLibs = []string{"hawser", "hawser-as-gorilla", "gorilla", "coder", "gws", "gobwas", "xnet"}

// notMeasured is printed below the tables.
const notMeasured = "mask: that of gorilla, coder and gws is not exported, and so not here; it is part of their messages"

func mask(ctx context.Context, e micro.Effort) ([]*micro.Contest, error) {
	program, end, err := compileC("mask", maskC)
	if err != nil {
		return nil, err
	}
	defer end()
	return micro.Mask(ctx, e, program)
}

func microNames() (names []string) {
	for _, p := range microParts {
		names = append(names, p.name)
	}
	return names
}

// microCommand measures functions in this process.
func microCommand(ctx context.Context, args []string) error {
	names := microNames()
	parts := names
	flags := flag.NewFlagSet("bench micro", flag.ContinueOnError)
	flags.Func("parts", "what to measure, `a,b` (default "+strings.Join(names, ",")+")", func(s string) error {
		parts = strings.Split(s, ",")
		for _, p := range parts {
			if !slices.Contains(names, p) {
				return fmt.Errorf("no part %q; there are %q", p, names)
			}
		}
		return nil
	})
	rounds := flags.Int("rounds", 0, "`rounds` (default 21, with -quick 5)")
	quick := flags.Bool("quick", false, "less of everything")
	file := flags.String("json", "", "`file` to write the figures to, round by round")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is one argument too many", flags.Arg(0))
	}
	if _, err := newBench(); err != nil {
		return err
	}
	report, err := runMicro(ctx, parts, *rounds, *quick)
	if err != nil {
		return err
	}
	printMachine(os.Stdout, report.Machine)
	report.print(os.Stdout)
	fmt.Printf("load average after: %s\n", loadAverage())
	return writeJSON(*file, report)
}

func runMicro(ctx context.Context, parts []string, rounds int, quick bool) (*MicroReport, error) {
	report := &MicroReport{Machine: machine(microLibs)}
	if slices.Contains(parts, "mask") {
		report.Notes = append(report.Notes, notMeasured)
	}
	for _, p := range microParts {
		if !slices.Contains(parts, p.name) {
			continue
		}
		effort := micro.Effort{Rounds: 21, Batch: p.batch}
		if quick {
			effort = micro.Effort{Rounds: 5, Batch: p.batch}
		}
		if rounds > 0 {
			effort.Rounds = rounds
		}
		fmt.Fprintf(os.Stderr, "micro: %s\n", p.name)
		contests, err := p.part(ctx, effort)
		if err != nil {
			return report, err
		}
		report.Contests = append(report.Contests, contests...)
	}
	return report, nil
}
