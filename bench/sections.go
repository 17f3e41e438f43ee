package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hawser-ws/websocket/bench/servers"
)

// A Section is a short run of one command, as a part of a run of everything.
type Section struct {
	Name string
	// Run measures. With quick it takes about 15 seconds. The first result has all figures,
	// ready for JSON.
	Run func(ctx context.Context, b *bench, quick bool) (any, []Ratio, error)
}

// A Ratio compares two contenders in one case.
type Ratio struct {
	Name  string // the case: "echo 64×32 B×1"
	Of    string // "hawser"
	To    string // "gws"
	Value float64
	Limit float64 // promised maximum; 0 if there is none
}

// A command is selected by the first argument.
type command struct {
	name, what string
	run        func(ctx context.Context, args []string) error
}

// commands has all of them, one per line.
var commands = []command{
	{"echo", "CPU time of an echo without compression, and of what it cannot do without", echo},
	{"scale", "CPU time and memory with 10 to 10,000 connections", scale},
	{"deflate", "CPU time and size on the wire of an echo with compression", deflate},
	{"deflate-memory", "memory of connections that have compressed and now are idle", deflateMemory},
	{"broadcast", "CPU time of one message to many connections", broadcast},
	{"handshake", "CPU time and allocations of opening handshakes", handshake},
	{"idle", "memory of connections on which nothing happens", idle},
	{"loop", "connections without goroutines: CPU time to C's, memory, and beside a handler that blocks", loop},
	{"http2", "CPU time of echoes over HTTP/2, and of streams beside others that stall", http2},
	{millionCommand, "a million connections on loops, as processes of 19,000: memory, latency, a broadcast, a shutdown", holdMillion},
	{"results", "all of this, as a page with plots", results},
	{"micro", "masking, UTF-8, headers and messages in this process, without a network", microCommand},
}

// sections are the parts of a run without a command, one per line.
var sections = []Section{
	{"echo", echoSection},
	{"micro", microSection},
	{"idle", idleSection},
	{"broadcast", broadcastSection},
	{"handshake", handshakeSection},
	{"http2", http2Section},
	{"loop", loopSection},
}

// Everything is the result of a run without a command.
type Everything struct {
	Machine  Machine
	Ratios   []Ratio
	Missed   []string // ratios above their limits, for people
	Sections []SectionRun
}

// SectionRun is the result of a section.
type SectionRun struct {
	Name    string
	Seconds float64
	Error   string `json:",omitempty"`
	Figures any    `json:",omitempty"`
}

// everything runs all sections.
func everything(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "less of everything, for less than 90 seconds")
	asJSON := flags.Bool("json", false, "print JSON")
	figures := flags.Bool("figures", false, "with -json: print what the ratios are made of, too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("no command %q", flags.Arg(0))
	}
	b, err := newBench()
	if err != nil {
		return err
	}
	report := Everything{Machine: machine(servers.EchoNames())}
	for _, s := range sections {
		fmt.Fprintf(os.Stderr, "%s …\n", s.Name)
		report.run(ctx, b, s, *quick)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if !*asJSON {
		report.print(os.Stdout)
		return nil
	}
	if !*figures {
		for i := range report.Sections {
			report.Sections[i].Figures = nil
		}
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "\t")
	return out.Encode(report)
}

// run runs one section. If it fails the others still run.
func (e *Everything) run(ctx context.Context, b *bench, s Section, quick bool) {
	start := time.Now()
	figures, ratios, err := s.Run(ctx, b, quick)
	one := SectionRun{Name: s.Name, Seconds: time.Since(start).Seconds(), Figures: figures}
	if err != nil {
		one.Error = err.Error()
	}
	e.Sections = append(e.Sections, one)
	e.Ratios = append(e.Ratios, ratios...)
	for _, r := range ratios {
		if r.missed() {
			e.Missed = append(e.Missed, r.String())
		}
	}
}

func (r Ratio) missed() bool { return r.Limit > 0 && r.Value > r.Limit }

func (r Ratio) String() string {
	s := fmt.Sprintf("%s: %s to %s %.2f", r.Name, r.Of, r.To, r.Value)
	if r.Limit > 0 {
		s += fmt.Sprintf(" (promised ≤ %.2f)", r.Limit)
	}
	return s
}

// print formats the result for people.
func (e *Everything) print(w io.Writer) {
	printMachine(w, e.Machine)
	for _, r := range e.Ratios {
		mark := ""
		if r.missed() {
			mark = "  MISSED"
		}
		fmt.Fprintf(w, "%s%s\n", r, mark)
	}
	for _, s := range e.Sections {
		if s.Error != "" {
			fmt.Fprintf(w, "%s failed: %s\n", s.Name, s.Error)
		}
	}
}
