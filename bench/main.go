// Bench measures WebSocket libraries side by side. README.md explains its output.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run, args := choose(os.Args[1:])
	if run == nil {
		fmt.Fprint(os.Stderr, usage())
		os.Exit(2)
	}
	err := run(ctx, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// choose finds the command for the arguments. Flags alone mean everything.
func choose(args []string) (run func(context.Context, []string) error, rest []string) {
	if len(args) == 0 {
		return nil, nil
	}
	if strings.HasPrefix(args[0], "-") {
		return everything, args
	}
	if args[0] == serveCommand {
		return serve, args[1:]
	}
	for _, c := range commands {
		if c.name == args[0] {
			return c.run, args[1:]
		}
	}
	return nil, nil
}

func usage() string {
	text := "bench COMMAND [flags]\nbench -quick [-json]   a short run of everything, and its ratios\n\n"
	for _, c := range commands {
		text += fmt.Sprintf("  %-14s  %s\n", c.name, c.what)
	}
	return text + "\nbench COMMAND -h tells the flags.\n"
}
