package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"
)

// ScaleReport is the result of the command scale: the same echo with more and more connections.
type ScaleReport struct {
	Machine Machine
	Libs    []string
	Cases   []*EchoCase // one for each number of connections
}

// scale measures how CPU time and memory grow with connections.
func scale(ctx context.Context, args []string) error {
	f := echoFlags{
		choices:     plainChoices([]string{"hawser", "hawser-upgrade", "hawser-as-gorilla", "gorilla", "coder", "gws", "gobwas", "nbio", "tcp"}),
		connections: []int{10, 100, 1000, 10_000}, sizes: []int{32}, inFlight: []int{1}, procs: []int{1}, given: true,
	}
	flags := flag.NewFlagSet("bench scale", flag.ContinueOnError)
	f.registerPlain(flags)
	flags.Func("connections", "`numbers` of connections (default 10,100,1000,10000)", numbers(&f.connections))
	flags.Func("size", "`bytes` of the messages (default 32)", numbers(&f.sizes))
	flags.IntVar(&f.rounds, "rounds", 0, "`rounds` (default 5, with -quick 1)")
	flags.DurationVar(&f.duration, "duration", 0, "`time` of a library in a round (default 700ms, with -quick 150ms)")
	if err := f.parse(flags, args); err != nil {
		return err
	}
	if len(f.sizes) > 1 {
		return fmt.Errorf("one size at a time, not %d", f.sizes)
	}
	f.rounds = f.or(f.rounds, 5, 1)
	f.duration = time.Duration(f.or(int(f.duration), int(700*time.Millisecond), int(150*time.Millisecond)))
	b, err := newBench()
	if err != nil {
		return err
	}
	report := &ScaleReport{Machine: machine(f.libs), Libs: f.libs, Cases: f.cases()}
	printMachine(os.Stdout, report.Machine)
	for _, c := range report.Cases {
		if err := c.run(ctx, b, &f); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%d connections: done\n", c.Connections)
	}
	report.print(os.Stdout)
	fmt.Printf("load average after: %s\n", loadAverage())
	return writeJSON(f.json, report)
}
