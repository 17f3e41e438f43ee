package main

import (
	"errors"
	"fmt"
	"html"
	"os"
	"regexp"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// maxDetails is how many failures a summary tells in full. GitHub takes 1 MiB for a step.
const maxDetails = 50

// writeMarkdown writes the file of -markdown. The one in $GITHUB_STEP_SUMMARY belongs to the whole
// step, so the summary is added to it; any other file is replaced.
func (o *conclusion) writeMarkdown(name string) error {
	text := o.markdown()
	if name != os.Getenv("GITHUB_STEP_SUMMARY") {
		return replaceFile(name, []byte(text))
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString("\n" + text)
	return errors.Join(err, file.Close())
}

// markdown returns a summary of the run.
func (o *conclusion) markdown() string {
	var out strings.Builder
	out.WriteString("## WebSocket conformance\n\n")
	for _, err := range o.problems {
		out.WriteString("**Not finished:** " + inMarkdown(err.Error()) + "\n\n")
	}
	if len(o.stale) > 0 {
		fmt.Fprintf(&out, "**The baseline is out of date.**\n\n```text\n%s\n```\n\n", inBlock(o.staleText()))
	}
	details := maxDetails
	for _, st := range standings(o.sides) {
		fmt.Fprintf(&out, "### %s: %s\n\n", inMarkdown(st.title()), o.summary(st))
		if len(st.agent.Results) == 0 {
			continue
		}
		markdownTable(&out, st)
		for i, r := range st.fresh {
			if details--; details < 0 {
				fmt.Fprintf(&out, "And %d more: %s\n\n", len(st.fresh)-i, ranges(st.fresh[i:], st.agent.Results))
				break
			}
			fmt.Fprintf(&out, "<details><summary>%s <b>%s</b> %s</summary>\n\n```text\n%s```\n\n</details>\n\n",
				html.EscapeString(r.ID), html.EscapeString(verdictsOf(r).String()), html.EscapeString(visible(came(r), false)), inBlock(st.account(r)))
		}
		if len(st.known) > 0 {
			fmt.Fprintf(&out, "Known failures: %s\n\n", ranges(st.known, st.agent.Results))
		}
	}
	return out.String()
}

// summary says in words how an agent did.
func (o *conclusion) summary(st *standing) string {
	words := []string{fmt.Sprintf("%d of %d cases", len(st.agent.Results), st.of)}
	what := "failure"
	if o.flags.known != nil {
		what = "new failure"
	}
	words = append(words, plural(len(st.fresh), what))
	if n := len(st.known); n > 0 {
		words = append(words, fmt.Sprintf("%d known", n))
	}
	if n := len(st.better); n > 0 {
		words = append(words, fmt.Sprintf("%d mended", n))
	}
	return strings.Join(words, ", ")
}

// markdownTable writes the chapters and the number of each verdict.
func markdownTable(out *strings.Builder, st *standing) {
	total := counts(st.agent.Results)
	columns := occurring(total)
	out.WriteString("| | chapter |")
	for _, v := range columns {
		fmt.Fprintf(out, " %s |", v)
	}
	out.WriteString("\n|--:|:--|" + strings.Repeat("--:|", len(columns)) + "\n")
	row := func(number, title string, counted tally) {
		fmt.Fprintf(out, "| %s | %s |", number, inMarkdown(title))
		for _, v := range columns {
			if n := counted[v]; n > 0 {
				fmt.Fprintf(out, " %d |", n)
			} else {
				out.WriteString(" |")
			}
		}
		out.WriteString("\n")
	}
	for _, chapter := range chaptersOf([]autobahn.Agent{st.agent}) {
		row(chapter, autobahn.Title(chapter), counts(inChapter(chapter, st.agent.Results)))
	}
	row("", "All", total)
	out.WriteString("\n")
}

var markdownMarks = regexp.MustCompile("[\\\\`*_{}\\[\\]()#+!|~@]")

// inMarkdown escapes a text so that it stands as it is.
func inMarkdown(s string) string {
	s = strings.Join(strings.Fields(visible(s, true)), " ")
	return markdownMarks.ReplaceAllString(html.EscapeString(s), `\$0`)
}

// inBlock makes a text safe in a block that three backquotes end.
func inBlock(s string) string { return strings.ReplaceAll(visible(s, true), "```", "` ` `") }
