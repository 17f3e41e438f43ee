package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

const conformUsage = `ws conform [flags]
ws conform -server [NAME=]ws://HOST:PORT/ [-server …] [flags]
ws conform -listen 127.0.0.1:9001 [flags]
ws conform -testee ws://HOST:PORT [flags]

Judges WebSocket implementations with the cases of Autobahn|Testsuite and some of
our own. Without flags it judges this library, first as a server, then as a client.

-server judges any echo server; several are compared side by side. -listen judges
any client that requests cases by the URLs of Autobahn|Testsuite (/getCaseCount,
/runCase?case=1&agent=NAME, /updateReports?agent=NAME). It runs until SIGINT,
SIGTERM or /stopServer. -testee makes this library the client of a fuzzing server,
either ws conform -listen or Autobahn's own, which then has the verdicts. The
compression flags control how that client compresses.

With -http2 all of that goes over streams of HTTP/2 (RFC 8441): chapter 21 is about
that, and left out are cases about the opening handshake of HTTP/1.1 and about TCP.
wss:// has to choose h2 by ALPN; ws:// begins with HTTP/2 at once (h2c).

A case counts by the worse of its two verdicts: on the messages, and on how the
connection ended. A case that fails while others run is played again alone, and
that result counts; with -listen the client has to repeat it. The exit code is 0
if all cases are OK, INFORMATIONAL or NON-STRICT, which the RFC allows; 1 if not;
and 2 if the command line is invalid, the server does not echo, or the run could
not be finished. A peer without compression has UNIMPLEMENTED cases: -exclude them.

In CI, -write-baseline FILE writes down what fails today. With -baseline FILE the
exit code is 1 only for a failure that is new, for one whose verdict has changed, and
for one that is mended and still in the file; the last says how to write it anew.
Cases that were not played count for nothing. -H, -subprotocol, -origin and -ca are
for servers that ask for them. A server that selects no subprotocol is judged all the
same, as the RFC allows; one that selects what was not offered fails.`

// conform is the command ws conform.
func conform(ctx context.Context, args []string) error {
	f, err := readConformFlags(args)
	if err != nil {
		return err
	}
	p := newProgress(os.Stderr, f.json)
	if f.testee != "" {
		return playTestee(ctx, f, p)
	}
	sides, err := f.selection()
	if err != nil {
		return err
	}
	if f.list {
		newScreen(os.Stdout).list(sides)
		return nil
	}
	if err := f.checkOutputs(); err != nil { // better fail now than at the end
		return err
	}
	switch {
	case f.door.address != "":
		return judgeClients(ctx, f, p, &sides[0])
	case len(f.servers) > 0:
		judgeServers(ctx, f, p, &sides[0])
	default:
		judgeOwn(ctx, f, p, sides)
	}
	return f.conclusion(sides).conclude(p)
}

// A side is a role and the agents judged in it.
type side struct {
	role      autobahn.Role
	cases     []*autobahn.Case
	agents    []autobahn.Agent
	problems  []error    // why runs did not finish
	standings []standing // of the agents; compare fills it in
}

// A partialError says why a run did not finish, and how far it got.
type partialError struct {
	agent    string
	err      error
	done, of int
	kept     string // directory of the report, if any
}

func (e *partialError) Error() string {
	what, at := fmt.Sprintf("%s: %v", e.agent, e.err), ""
	switch gone, ok := errors.AsType[*autobahn.UnreachableError](e.err); {
	case errors.Is(e.err, context.Canceled):
		what = e.agent + ": interrupted"
	case ok && e.done == 0:
		what = fmt.Sprintf("%s cannot be judged: %v", gone.URL, gone.Err)
	case ok:
		what, at = fmt.Sprintf("%s is gone: %v", gone.URL, gone.Err), " at case "+gone.Case
	}
	_, lines := errors.AsType[*deafError](e.err)
	what = visible(strings.ReplaceAll(what, "autobahn: ", ""), lines)
	if e.done == 0 {
		return what
	}
	kept := "the table is of these"
	if e.kept != "" {
		kept = "the report of these is in " + e.kept
	}
	return fmt.Sprintf("%s\nstopped%s after %d of %d cases; %s", what, at, e.done, e.of, kept)
}

func (e *partialError) Unwrap() error { return e.err }
