// Bench measures WebSocket libraries side by side. See README.md for how to read
// what it prints.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

const usage = `bench COMMAND [flags]

  deflate         CPU time and size on the wire of an echo with compression
  deflate-memory  memory of connections that have compressed and now are idle

bench COMMAND -h tells the flags.
`

// commands by their names.
var commands = map[string]func(ctx context.Context, args []string) error{
	"deflate":        deflate,
	"deflate-memory": deflateMemory,
	serveCommand:     serve,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	err := commands[os.Args[1]](ctx, os.Args[2:])
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
