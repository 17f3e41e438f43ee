package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn"
)

// conformFlags are the flags of ws conform.
type conformFlags struct {
	servers        []target
	door           door // its address is -listen
	testee         string
	agent          string
	cases, exclude string
	quick          bool
	http2          bool
	out            string
	specFile       string
	outdir         string // as the file of -spec has it, if that counts
	skip           func(agent, id string) bool
	parallel       int
	timeout        time.Duration
	wait           time.Duration
	compress       compression
	request        request
	json, list     bool

	baseline, writeBaseline string
	known                   *baseline // what is in either; nil without
	junitFile, markdownFile string
	annotate                bool
	args                    []string // the command line
}

// A target is a server to judge.
type target struct {
	name, url string // name may be empty
	spec      *specServer
}

func readConformFlags(args []string) (*conformFlags, error) {
	f := &conformFlags{args: args}
	flags := newFlags("conform", conformUsage)
	flags.Func("server", "judge the server at this `url`, or name=url; may be repeated", f.addServer)
	flags.StringVar(&f.door.address, "listen", "", "judge the clients that connect to this `address`; port 0 picks a free one")
	f.door.tlsFlags(flags)
	flags.StringVar(&f.testee, "testee", "", "be the client of the fuzzing server at this `url`")
	f.compress.flags(flags)
	flags.StringVar(&f.agent, "agent", "", "`name` in reports; default: the server's own name, and hawser with -testee")
	flags.StringVar(&f.cases, "cases", "", "cases to play, `pattern,…` such as 1.*,7.9.*; default: all, with -listen those of Autobahn|Testsuite")
	flags.StringVar(&f.exclude, "exclude", "", "cases to leave out, `pattern,…`")
	flags.BoolVar(&f.quick, "quick", false, "play a selection that finds nearly everything in a few seconds")
	flags.BoolVar(&f.http2, "http2", false, "over streams of HTTP/2 (RFC 8441): cases that are not about HTTP/1.1 or TCP, and chapter 21")
	flags.StringVar(&f.out, "o", "", "write reports into this `directory`: index.html, and the JSON files of Autobahn|Testsuite")
	flags.StringVar(&f.specFile, "spec", "", "judge as this `file` says: fuzzingclient.json or fuzzingserver.json of Autobahn|Testsuite")
	flags.BoolVar(&f.list, "list", false, "describe the cases without playing any")
	flags.BoolVar(&f.json, "json", false, "print the result as one JSON object")
	flags.IntVar(&f.parallel, "parallel", 0, "play `n` cases at a time; default: 16, with -testee 1")
	flags.DurationVar(&f.timeout, "timeout", autobahn.Timeout, "how much `time` a peer has to reply")
	flags.DurationVar(&f.wait, "wait", 0, "for a server that does not answer yet, wait this much `time`")
	f.request.flags(flags)
	flags.StringVar(&f.baseline, "baseline", "", "`file` with known failures: exit 1 only for what is new, or mended and still there")
	flags.StringVar(&f.writeBaseline, "write-baseline", "", "write the failures of this run into this `file`, or bring it up to date")
	flags.StringVar(&f.junitFile, "junit", "", "write a JUnit `file`, for Jenkins, GitLab and others")
	flags.StringVar(&f.markdownFile, "markdown", "", "write a summary into this `file`; added to it if it is that of $GITHUB_STEP_SUMMARY")
	flags.BoolVar(&f.annotate, "annotate", onGitHub(), "print annotations for GitHub Actions; default: if GITHUB_ACTIONS is true")
	rest, err := parse(flags, args)
	if err != nil {
		return nil, err
	}
	if f.specFile != "" {
		if err := f.applySpec(); err != nil {
			return nil, err
		}
	}
	return f, f.check(flags, rest)
}

// addServer parses a value of -server.
func (f *conformFlags) addServer(s string) error {
	t := target{url: s}
	if name, rest, ok := strings.Cut(s, "="); ok && name != "" && !strings.ContainsAny(name, ":/?") {
		t = target{name: strings.TrimSpace(name), url: rest}
	}
	f.servers = append(f.servers, t)
	return nil
}

// check reports flags that do not make sense.
func (f *conformFlags) check(flags *flag.FlagSet, rest []string) error {
	given := func(name string) (is bool) {
		flags.Visit(func(g *flag.Flag) { is = is || g.Name == name })
		return is
	}
	switch {
	case len(rest) > 0 && strings.Contains(rest[0], "://"):
		return usageError(fmt.Sprintf("unexpected argument %q: is it -server %s?", rest[0], rest[0]))
	case len(rest) > 0:
		return usageError(fmt.Sprintf("unexpected argument %q", rest[0]))
	case given("parallel") && f.parallel < 1:
		return usageError("-parallel must be at least 1")
	case f.timeout <= 0:
		return usageError("-timeout must be positive")
	case f.wait < 0:
		return usageError("-wait must not be negative")
	case f.quick && given("cases"):
		return usageError("-quick and -cases exclude each other")
	case f.baseline != "" && f.writeBaseline != "":
		return usageError("-baseline and -write-baseline exclude each other; -write-baseline keeps what it finds in the file")
	}
	if err := f.checkMode(flags); err != nil {
		return err
	}
	if err := f.compress.check(flags); err != nil {
		return err
	}
	if err := f.door.check(); err != nil {
		return err
	}
	if err := f.request.check(); err != nil {
		return err
	}
	if err := f.request.checkFuzzing(); err != nil && f.testee == "" {
		return err
	}
	if err := f.checkTargets(); err != nil {
		return err
	}
	return f.readKnown()
}

// checkMode reports flags that do not go together.
func (f *conformFlags) checkMode(flags *flag.FlagSet) error {
	mode, modes := "", 0
	takes := []string{"cases", "exclude", "quick", "list", "o", "json", "parallel", "timeout", "http2", // of every mode except -testee
		"spec", "baseline", "write-baseline", "junit", "markdown", "annotate"}
	without := "without -server"
	if len(f.servers) > 0 {
		mode, modes, takes = "server", modes+1, append(takes, "agent", "wait")
		takes = append(takes, requestFlags...)
	}
	if f.door.address != "" {
		mode, modes = "listen", modes+1
		takes = slices.DeleteFunc(takes, func(name string) bool { return name == "parallel" })
		takes = append(takes, "tls", "tls-cert", "tls-key")
	}
	if f.testee != "" {
		mode, modes, takes = "testee", modes+1, []string{"agent", "parallel", "timeout", "http2"}
		takes = slices.Concat(takes, compressFlags, requestFlags)
	}
	if modes > 1 {
		return usageError("-server, -listen and -testee exclude each other")
	}
	if mode != "" {
		without = "with -" + mode
	}
	var err error
	flags.Visit(func(g *flag.Flag) {
		if mode == "" && slices.Contains(compressFlags, g.Name) {
			err = usageError(fmt.Sprintf("-%s makes no sense without -testee", g.Name))
		} else if g.Name != mode && !slices.Contains(takes, g.Name) {
			err = usageError(fmt.Sprintf("-%s makes no sense %s", g.Name, without))
		}
	})
	return err
}

// checkTargets checks URLs and names, so that a typo in the last one is found before the first
// is judged.
func (f *conformFlags) checkTargets() error {
	if f.testee != "" {
		return checkURL("testee", f.testee)
	}
	taken := map[string]bool{}
	for i, t := range f.servers {
		if err := checkURL("server", t.url); err != nil {
			return err
		}
		if f.agent != "" {
			if len(f.servers) > 1 || t.name != "" {
				return usageError("-agent names a single server; name several with -server NAME=URL")
			}
			f.servers[i].name = f.agent
		}
		if t.name != "" && taken[t.name] {
			return usageError(fmt.Sprintf("two servers are called %q", t.name))
		}
		taken[t.name] = true
	}
	return nil
}

func checkURL(name, s string) error {
	if target, ok := errors.AsType[*autobahn.TargetError](autobahn.CheckURL(s)); ok {
		return usageError(fmt.Sprintf("-%s %q is not the URL of a WebSocket server: %s", name, s, target.Reason))
	}
	return nil
}

// selection returns the cases to play, by role. A role without cases is left out, unless there
// is no other.
func (f *conformFlags) selection() (sides []side, err error) {
	roles := []autobahn.Role{autobahn.Server, autobahn.Client}
	patterns := f.cases
	switch {
	case f.door.address != "":
		roles = roles[1:]
	case len(f.servers) > 0:
		roles = roles[:1]
	}
	switch {
	case f.quick:
		patterns = autobahn.Quick
	case patterns == "" && f.door.address != "" && f.http2:
		patterns = autobahn.Original + ",21.*"
	case patterns == "" && f.door.address != "":
		patterns = autobahn.Original
	}
	choose := autobahn.Select
	if f.http2 {
		choose = autobahn.SelectHTTP2
	}
	for _, role := range roles {
		cases, none := choose(role, patterns, f.exclude)
		if none != nil {
			if text := strings.TrimPrefix(none.Error(), "autobahn: "); err == nil || strings.Contains(text, "HTTP/2") {
				err = usageError(text)
			}
			continue
		}
		sides = append(sides, side{role: role, cases: cases})
	}
	if len(sides) > 0 {
		return sides, nil
	}
	return nil, err
}
