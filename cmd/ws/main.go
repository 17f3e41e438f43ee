// Command ws is a WebSocket tool. It has an echo server, a client for terminals and pipes, a
// conformance suite for servers and clients, and a decoder of packet captures.
//
//	ws serve
//	ws dial ws://127.0.0.1:9000/
//	ws conform -server ws://127.0.0.1:9000/
//	ws trace call.pcapng
//
// Run ws to list the commands, and ws COMMAND -h for the flags of a command.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit codes, for scripts.
const (
	exitFine   = 0
	exitFailed = 1 // no connection, or it ended badly; a case of ws conform failed
	exitUsage  = 2 // invalid command line, or ws conform could not finish

	exitInterrupted = 130 // by Ctrl-C a second time, where that is not a signal
)

// command is one command of ws.
type command struct {
	name    string
	summary string
	// run executes the command. ctx ends at SIGINT and SIGTERM.
	run func(ctx context.Context, args []string) error
}

var commands = []command{
	{"serve", "an echo server", serve},
	{"dial", "an interactive client, and one for pipes", dial},
	{"conform", "how well a server or a client speaks WebSocket", conform},
	{"trace", "the conversations in a packet capture", traceFile},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(dispatch(ctx, os.Args[1:]))
}

func dispatch(ctx context.Context, args []string) int {
	if len(args) == 0 {
		printHelp(os.Stderr)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		printHelp(os.Stdout)
		return exitFine
	}
	for _, c := range commands {
		if c.name == args[0] {
			return report(c, c.run(ctx, args[1:]))
		}
	}
	fmt.Fprintf(os.Stderr, "ws: unknown command %q; run ws for a list of commands\n", args[0])
	return exitUsage
}

func printHelp(w io.Writer) {
	fmt.Fprint(w, "ws speaks WebSocket.\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  ws %-8s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, `
Begin with a server in one terminal and a client in another:

  ws serve
  ws dial ws://127.0.0.1:9000/

In a pipe a line is a message: echo hello | ws dial ws://127.0.0.1:9000/

Both speak HTTP/2 and HTTP/3 as well:

  ws serve -http2 -http3 -tls
  ws dial -http2 -insecure wss://127.0.0.1:9000/

Have a server judged by hundreds of cases: ws conform -server ws://127.0.0.1:9000/

See what was said in a packet capture: ws trace call.pcapng

ws COMMAND -h prints the flags of a command.
`)
}

// usageError reports an invalid command line.
type usageError string

func (e usageError) Error() string { return string(e) }

// exitError ends the program with its own exit code. An empty text means that the output has
// already said everything.
type exitError struct {
	code int
	text string
}

func (e *exitError) Error() string { return e.text }

// report prints why a command ended and returns its exit code.
func report(c command, err error) int {
	_, usage := errors.AsType[usageError](err)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitFine
	case usage:
		fmt.Fprintf(os.Stderr, "ws %s: %v (ws %s -h prints the flags)\n", c.name, err, c.name)
		return exitUsage
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		if e.text != "" {
			fmt.Fprintf(os.Stderr, "ws %s: %s\n", c.name, e.text)
		}
		return e.code
	}
	// A peer can influence the text: a certificate, for example, names its hosts.
	fmt.Fprintf(os.Stderr, "ws %s: %s\n", c.name, visible(plain(err), true))
	return exitFailed
}

// newFlags returns an empty set of flags. -h prints usage above them.
func newFlags(name, usage string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {
		fmt.Fprint(os.Stdout, usage, "\n\nFlags:\n")
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
	}
	return flags
}

// parse parses the command line. Flags may also follow the arguments.
func parse(flags *flag.FlagSet, args []string) (rest []string, err error) {
	help := flags.Usage
	flags.Usage = func() {} // do not print the usage at every mistake
	for {
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			help()
			return nil, err
		} else if err != nil {
			return nil, usageError(err.Error())
		}
		args = flags.Args()
		if len(args) == 0 {
			return rest, nil
		}
		rest = append(rest, args[0])
		args = args[1:]
	}
}

// list is a flag that may be given several times, or once with commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(s string) error {
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			*l = append(*l, part)
		}
	}
	return nil
}
