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

Judges how well WebSocket is spoken, by the cases of Autobahn|Testsuite and some
of our own. Alone it judges this library, as a server and then as a client.

-server judges anybody's echo server; several stand side by side. -listen judges
anybody's clients, which ask for cases by the URLs of Autobahn|Testsuite
(/getCaseCount, /runCase?case=1&agent=NAME, /updateReports?agent=NAME), until
SIGINT, SIGTERM or /stopServer. -testee makes this library the client of a
fuzzing server, this one's or Autobahn's own, which then has the verdicts; it
compresses as -compress and its like say.

A case counts by the worse of its two verdicts, on what was said and on how the
connection ended. One that does not pass while others run is played again alone,
and counts as it went then; with -listen that is for the client to do. The exit
code is 0 if all are OK, INFORMATIONAL or NON-STRICT, which the RFC allows, 1 if
not, and 2 if the command line makes no sense or the run could not be finished. A
peer without compression has UNIMPLEMENTED cases: -exclude them.`

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
	if f.out != "" {
		if err := os.MkdirAll(f.out, 0o755); err != nil { // rather now than when all is done
			return &exitError{exitUsage, err.Error()}
		}
	}
	switch {
	case f.door.address != "":
		return judgeClients(ctx, f, p, &sides[0])
	case len(f.servers) > 0:
		judgeServers(ctx, f, p, &sides[0])
	default:
		judgeOwn(ctx, f, p, sides)
	}
	return f.conclude(p, sides)
}

// A side is a role, and those who were judged in it.
type side struct {
	role     autobahn.Role
	cases    []*autobahn.Case
	agents   []autobahn.Agent
	problems []error // why runs were not finished
}

// conclude shows what was found out, writes the report and says how to exit.
func (f *conformFlags) conclude(p *progress, sides []side) error {
	if f.json {
		if err := printJSON(os.Stdout, sides); err != nil {
			return &exitError{exitUsage, err.Error()}
		}
	} else {
		newScreen(os.Stdout).show(sides)
	}
	return f.judgement(p, sides)
}

// judgement writes the report and says how to exit.
func (f *conformFlags) judgement(p *progress, sides []side) error {
	var problems []error
	failed := false
	for _, s := range sides {
		problems = append(problems, s.problems...)
		for _, a := range s.agents {
			failed = failed || !counts(a.Results).passed()
		}
	}
	if f.out != "" {
		if err := writeReport(f.out, sides); err != nil {
			problems = append(problems, fmt.Errorf("the report: %w", err))
		} else {
			p.say("The report is " + pageName(f.out))
		}
	}
	switch {
	case len(problems) > 0:
		return &exitError{exitUsage, errors.Join(problems...).Error()}
	case failed:
		return &exitError{exitFailed, ""} // the table says it all
	}
	return nil
}

// A partialError says why a run was not finished, and how far it came.
type partialError struct {
	agent    string
	err      error
	done, of int
	kept     string // directory of the report, if there is one
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
	what = visible(strings.ReplaceAll(what, "autobahn: ", ""), false)
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
