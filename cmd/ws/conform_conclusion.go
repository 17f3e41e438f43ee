package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// A conclusion is what a run ends with: how everybody did beside the baseline, and what went wrong.
type conclusion struct {
	flags    *conformFlags
	sides    []side
	stale    []*knownFailure // lines of the baseline that do not hold
	problems []error         // why the run is not finished, or a report not written
}

// conclusion compares the sides with the baseline.
func (f *conformFlags) conclusion(sides []side) *conclusion {
	o := &conclusion{flags: f, sides: sides, stale: compare(sides, f.known)}
	for _, s := range sides {
		o.problems = append(o.problems, s.problems...)
	}
	return o
}

// file returns the name of the baseline.
func (o *conclusion) file() string {
	if o.flags.known == nil {
		return ""
	}
	return o.flags.known.file
}

// A novelty is what a result is beside the baseline.
type novelty int

const (
	isFine novelty = iota
	isNew
	isKnown
	isMended
)

func (st *standing) novelty(r *autobahn.Result) novelty {
	switch {
	case slices.Contains(st.fresh, r):
		return isNew
	case slices.Contains(st.known, r):
		return isKnown
	case slices.Contains(st.better, r):
		return isMended
	}
	return isFine
}

// title names who was judged.
func (st *standing) title() string { return fmt.Sprintf("%s as a %v", st.agent.Name, st.role) }

// verdictsText returns the verdicts of a line.
func (k *knownFailure) verdictsText() string {
	var list []string
	for _, v := range k.allowed {
		list = append(list, v.String())
	}
	return strings.Join(list, " | ")
}

// mendedText says of a case that its line is out of date.
func (o *conclusion) mendedText(st *standing, r *autobahn.Result) string {
	return fmt.Sprintf("%s is %s now; %s:%d still has it as %s",
		r.ID, verdictsOf(r), o.file(), st.before[r].number, st.before[r].verdictsText())
}

// staleText says what does not hold in the baseline, and how to write it anew.
func (o *conclusion) staleText() string {
	var lines []string
	for _, k := range o.stale {
		why := "does better now"
		if !k.exists() {
			why = "is not a case of this suite"
		}
		lines = append(lines, fmt.Sprintf("%s:%d: %v %s %s (%s) %s", o.file(), k.number, k.role, k.agentText(), k.id, k.verdictsText(), why))
	}
	const shown = 10
	if more := len(lines) - shown; more > 1 {
		lines = append(lines[:shown], fmt.Sprintf("and %d more", more))
	}
	how := "to write the file anew"
	if n := o.fresh(); n > 0 { // which nobody should accept unread
		how += ", with the " + plural(n, "new failure") + " in it"
	}
	return strings.Join(lines, "\n") + "\n" + how + ": " + o.flags.rewrite()
}

// fresh is how many failures are new.
func (o *conclusion) fresh() (n int) {
	for _, st := range standings(o.sides) {
		n += len(st.fresh)
	}
	return n
}

// failed reports whether the exit code is 1.
func (o *conclusion) failed() bool { return len(o.stale) > 0 || o.fresh() > 0 }

// plural returns "1 byte" or "2 bytes".
func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// conclude prints the results, writes the reports and returns the exit status.
func (o *conclusion) conclude(p *progress) error {
	if !o.flags.json {
		o.print()
	} else if err := printJSON(os.Stdout, o); err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	return o.judgement(p)
}

// print prints the tables.
func (o *conclusion) print() {
	show := func() { newScreen(os.Stdout).show(o) }
	if o.flags.annotate || onGitHub() {
		withoutCommands(os.Stdout, show)
		return
	}
	show()
}

// judgement writes the reports and returns the exit status.
func (o *conclusion) judgement(p *progress) error {
	f := o.flags
	o.writeReports(p)
	if f.annotate {
		out := os.Stdout
		if f.json { // which is one object
			out = os.Stderr
		}
		o.annotate(out)
	}
	switch {
	case len(o.problems) > 0:
		return &exitError{exitUsage, inert(errors.Join(o.problems...).Error())}
	case o.failed() && len(o.stale) > 0:
		why := "known failures are mended, so the baseline is out of date\n"
		if n := o.fresh(); n > 0 {
			why = plural(n, "new failure") + "; and " + why
		}
		return &exitError{exitFailed, why + inert(visible(o.staleText(), true))}
	case o.failed():
		return &exitError{exitFailed, ""} // the table has said everything
	}
	return nil
}

// writeReports writes the files that flags ask for. What cannot be written is a problem.
func (o *conclusion) writeReports(p *progress) {
	f := o.flags
	try := func(what string, err error) {
		if err != nil {
			o.problems = append(o.problems, fmt.Errorf("%s: %w", what, err))
		}
	}
	if f.writeBaseline != "" {
		o.writeBaseline(p)
	}
	if f.out != "" {
		err := f.writeReport(o.sides)
		try("the report", err)
		if err == nil {
			p.say("The report is " + pageName(f.out))
		}
	}
	if f.junitFile != "" {
		text, err := o.junit()
		if err == nil {
			err = replaceFile(f.junitFile, text)
		}
		try("-junit", err)
	}
	if f.markdownFile != "" {
		try("-markdown", o.writeMarkdown(f.markdownFile))
	}
}

// writeBaseline updates the file of -write-baseline. A run that did not finish knows too little.
func (o *conclusion) writeBaseline(p *progress) {
	b := o.flags.known
	if len(o.problems) > 0 {
		o.problems = append(o.problems, fmt.Errorf("%s was not written, because the run is not finished", b.file))
		return
	}
	c := b.fit(o.sides, o.stale, o.flags.nameOf)
	if err := replaceFile(b.file, b.encode()); err != nil {
		o.problems = append(o.problems, fmt.Errorf("-write-baseline: %w", err))
		return
	}
	o.stale = compare(o.sides, b) // to the other reports all of it is known now
	p.say(fmt.Sprintf("%s has %s: %d added, %d changed, %d removed", b.file, plural(len(b.all()), "known failure"), c.added, c.changed, c.removed))
}

// checkOutputs finds out now what could not be written at the end.
func (f *conformFlags) checkOutputs() error {
	if f.out != "" {
		if err := os.MkdirAll(f.out, 0o755); err != nil {
			return &exitError{exitUsage, err.Error()}
		}
		if err := checkWritable(f.out); err != nil {
			return &exitError{exitUsage, "-o: " + err.Error()}
		}
	}
	for _, output := range []struct{ name, file string }{
		{"junit", f.junitFile}, {"markdown", f.markdownFile}, {"write-baseline", f.writeBaseline},
	} {
		switch output.file {
		case "":
			continue
		case "-":
			return &exitError{exitUsage, fmt.Sprintf("-%s: - is no file; /dev/stdout is", output.name)}
		}
		if err := os.MkdirAll(filepath.Dir(output.file), 0o755); err != nil {
			return &exitError{exitUsage, fmt.Sprintf("-%s: %v", output.name, err)}
		}
		info, err := os.Stat(output.file)
		switch {
		case err == nil && info.IsDir():
			return &exitError{exitUsage, fmt.Sprintf("-%s: %s is a directory", output.name, output.file)}
		case err == nil && !info.Mode().IsRegular(): // such as /dev/stdout
			continue
		}
		if err := checkWritable(filepath.Dir(output.file)); err != nil {
			return &exitError{exitUsage, fmt.Sprintf("-%s: %v", output.name, err)}
		}
	}
	return nil
}

// checkWritable reports why no file can be made in a directory.
func checkWritable(dir string) error {
	file, err := os.CreateTemp(dir, ".ws-conform-*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}
