package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/hawser-ws/websocket/autobahn"
)

// GitHub shows this many errors of a step, and drops the others in silence.
const maxAnnotations = 10

// annotate prints workflow commands of GitHub Actions, which turn into annotations of the run:
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions. Only what fails
// the run gets one, the worst first.
func (o *conclusion) annotate(w io.Writer) {
	type annotation struct {
		title, text, short string
		at                 *knownFailure // nil: nowhere in the repository
	}
	var list []annotation
	for _, err := range o.problems {
		list = append(list, annotation{"ws conform: not finished", err.Error(), "a run that was not finished", nil})
	}
	if len(o.stale) > 0 {
		list = append(list, annotation{
			"ws conform: mended, but still in " + o.file(), o.staleText(), "known failures that are mended", o.stale[0],
		})
	}
	for _, v := range autobahn.Verdicts() {
		for _, st := range standings(o.sides) {
			for _, r := range st.fresh {
				if r.Worst() == v {
					title := fmt.Sprintf("%s: %s %s", st.title(), r.ID, verdictsOf(r))
					list = append(list, annotation{title, whatCame(r) + "\nexpected: " + r.Expectation, r.ID, nil})
				}
			}
		}
	}
	if len(list) > maxAnnotations {
		var rest []string
		for _, a := range list[maxAnnotations-1:] {
			rest = append(rest, a.short)
		}
		more := annotation{fmt.Sprintf("ws conform: %d more", len(rest)), strings.Join(slices.Compact(rest), ", "), "", nil}
		list = append(list[:maxAnnotations-1], more)
	}
	for _, a := range list {
		where := ""
		if a.at != nil && filepath.IsLocal(o.file()) { // GitHub takes it for a path in the repository
			where = fmt.Sprintf("file=%s,line=%d,", property(filepath.ToSlash(o.file())), a.at.number)
		}
		fmt.Fprintf(w, "::error %stitle=%s::%s\n", where, property(visible(a.title, false)), data(visible(strings.TrimSpace(a.text), true)))
	}
}

// data escapes the message of a workflow command.
func data(s string) string {
	const longest = 4000 // GitHub cuts at 4096
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// property escapes a property of a workflow command.
func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}

// withoutCommands calls print. Until it returns, GitHub obeys no workflow command in the output,
// which has texts of the peer's.
func withoutCommands(w io.Writer, print func()) {
	token := rand.Text()
	fmt.Fprintf(w, "::stop-commands::%s\n", token)
	print()
	fmt.Fprintf(w, "::%s::\n", token)
}

// inert returns lines that GitHub prints and does not obey, though they have texts of the peer's. It
// obeys a command at the beginning of a line, and one in the older form ##[error] anywhere.
func inert(s string) string {
	if !onGitHub() {
		return s
	}
	lines := strings.Split(strings.ReplaceAll(s, "##[", `##\[`), "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::") {
			lines[i] = `\` + line
		}
	}
	return strings.Join(lines, "\n")
}

// onGitHub reports whether this is a job of GitHub Actions.
func onGitHub() bool { return os.Getenv("GITHUB_ACTIONS") == "true" }
