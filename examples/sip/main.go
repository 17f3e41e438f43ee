// Sip is SIP over WebSocket (RFC 7118): a client, and a server that browsers can register with.
//
//	go run ./examples/sip front    -listen 127.0.0.1:5066 -user alice:secret -user bob:secret
//	go run ./examples/sip listen   -user bob   -password secret ws://127.0.0.1:5066/
//	go run ./examples/sip message  -user alice -password secret -to sip:bob@127.0.0.1 ws://127.0.0.1:5066/ "hello"
//	go run ./examples/sip register -user alice -password secret ws://127.0.0.1:5066/
//	go run ./examples/sip options  -user alice -password secret ws://127.0.0.1:5066/
//
// What to look at:
//
//   - Package transport: the rules of RFC 7118, such as one SIP message in one WebSocket message.
//   - Package agent, session.go: where sipgo's client and transactions meet a [websocket.Conn].
//   - Package front, peer.go: a Hub with one connection serves as a queue that waits for nobody. It closes
//     a client that does not read with 1013.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// errUsage reports an invalid command line that has already been explained.
var errUsage = errors.New("usage")

// command is one of the commands. It ends when ctx does.
type command struct {
	name, arguments, about string
	run                    func(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer, log *slog.Logger) error
}

var commands = []command{
	{"front", "", "serve a registrar and proxy over WebSocket", runFront},
	{"register", "URL", "register, say for how long, take it back", runRegister},
	{"options", "URL", "ask a server or user what it can do", runOptions},
	{"message", "URL TEXT", "send a text to a user", runMessage},
	{"listen", "URL", "stay registered and print the texts that come", runListen},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "sip:", err)
		os.Exit(1)
	}
}

// run is main without the process.
func run(ctx context.Context, args []string, out, diagnostics io.Writer) error {
	if len(args) > 0 {
		for _, c := range commands {
			if c.name != args[0] {
				continue
			}
			flags := flag.NewFlagSet("sip "+c.name, flag.ContinueOnError)
			flags.SetOutput(diagnostics)
			level := new(slog.LevelVar)
			flags.BoolFunc("v", "also show every message", func(string) error { level.Set(slog.LevelDebug); return nil })
			flags.Usage = func() {
				fmt.Fprintf(diagnostics, "sip %s [flags] %s: %s\n", c.name, c.arguments, c.about)
				flags.PrintDefaults()
			}
			log := slog.New(slog.NewTextHandler(diagnostics, &slog.HandlerOptions{Level: level}))
			return c.run(ctx, flags, args[1:], out, log)
		}
	}
	fmt.Fprintln(diagnostics, "usage: sip COMMAND [flags] …, where COMMAND is")
	for _, c := range commands {
		fmt.Fprintf(diagnostics, "  %-8s  %s\n", c.name, c.about)
	}
	return errUsage
}

// misuse explains what is wrong with a command line.
func misuse(flags *flag.FlagSet, format string, args ...any) error {
	fmt.Fprintf(flags.Output(), format+"\n", args...)
	flags.Usage()
	return errUsage
}
