package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/hawser-ws/websocket/autobahn"
)

// together is how many cases may share a verdict and a result before they are
// told of in one line.
func together(v autobahn.Verdict) int {
	if v == autobahn.Unimplemented {
		return 2 // what the cases are about does not matter, then
	}
	return 20
}

// findings prints what is not OK, the worst first. named says whose it is.
func (s *screen) findings(agent autobahn.Agent, named bool) {
	for _, v := range autobahn.Verdicts() {
		var found []*autobahn.Result
		for _, r := range agent.Results {
			if r.Worst() == v {
				found = append(found, r)
			}
		}
		if len(found) == 0 || v == autobahn.OK {
			continue
		}
		title := string(v)
		if named {
			title = visible(agent.Name, false) + ": " + title
		}
		title = s.paint(v, title)
		if v == autobahn.Informational {
			s.print("\n" + s.wrapped("", title+": "+ranges(found, agent.Results)) + "\n")
			continue
		}
		s.print("\n" + s.bold(title) + "\n")
		s.detailed(v, found, agent.Results)
	}
}

// again names the cases that did better alone than beside others.
func (s *screen) again(agent autobahn.Agent, named bool) {
	var better []*autobahn.Result
	for _, r := range agent.Results {
		if r.BesideOthers != "" && r.BesideOthers != r.Worst() {
			better = append(better, r)
		}
	}
	if len(better) == 0 {
		return
	}
	title := "Played again alone, with another verdict than beside other cases"
	if named {
		title = visible(agent.Name, false) + ": " + title
	}
	s.print("\n" + s.wrapped("", title+": "+ranges(better, agent.Results)) + "\n")
}

// detailed prints the cases found that have the verdict v. all is every case of the agent.
func (s *screen) detailed(v autobahn.Verdict, found, all []*autobahn.Result) {
	alike := map[string][]*autobahn.Result{}
	for _, r := range found {
		alike[came(r)] = append(alike[came(r)], r)
	}
	told := map[string]bool{}
	for _, r := range found {
		key := came(r)
		switch {
		case told[key]:
		case len(alike[key]) > together(v):
			told[key] = true
			s.print("\n" + s.wrapped("  ", ranges(alike[key], all)+": "+key) + "\n")
		default:
			s.finding(r)
		}
	}
}

// finding prints one case.
func (s *screen) finding(r *autobahn.Result) {
	const column = 10 // of the words: the longest number there is, and space around it
	s.print("\n" + s.wrapped(fmt.Sprintf("  %-*s", column-2, r.ID), r.Description) + "\n")
	s.print(s.wrapped(strings.Repeat(" ", column)+"expected  ", r.Expectation) + "\n")
	s.print(s.wrapped(strings.Repeat(" ", column)+"came      ", strings.TrimSpace(came(r)+" "+received(r))) + "\n")
}

// came is what happened instead of what was expected. A verdict that is not the
// worst, under which the case is told of, is named.
func came(r *autobahn.Result) string {
	var words []string
	add := func(v autobahn.Verdict, result string) {
		result = sentence(result)
		if v.Passed() || slices.Contains(words, result) {
			return
		}
		if v != r.Worst() {
			result = string(v) + ": " + result
		}
		words = append(words, result)
	}
	add(r.Behavior, r.Result)
	add(r.BehaviorClose, r.ResultClose)
	if r.RemoteCloseCode != nil && !r.BehaviorClose.Passed() {
		words = append(words, fmt.Sprintf("The peer's close code was %d.", *r.RemoteCloseCode))
	}
	return visible(strings.Join(words, " "), false)
}

// sentence ends in a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

// received is the beginning of what the peer sent, where that is what is wrong.
func received(r *autobahn.Result) string {
	const events, shown = 4, 24
	if r.Behavior.Passed() || len(r.Received) == 0 {
		return ""
	}
	var list []string
	for _, e := range r.Received[:min(len(r.Received), events)] {
		kind, payload, more := e.Kind, string(e.Payload[:min(len(e.Payload), shown)]), ""
		if e.Kind == "message" && e.Binary {
			kind = "binary message"
		}
		if len(e.Payload) > shown {
			more = fmt.Sprintf("… (%d bytes)", len(e.Payload))
		}
		list = append(list, kind+" "+strconv.Quote(payload)+more)
	}
	if more := len(r.Received) - events; more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return visible("Received: "+strings.Join(list, ", ")+".", false)
}

// ranges names cases; those that follow each other in all are named by the first
// and the last of a chapter.
func ranges(some, all []*autobahn.Result) string {
	var list []string
	for len(some) > 0 {
		at := slices.Index(all, some[0])
		n := 1
		for n < len(some) && all[at+n] == some[n] && chapterOf(some[n].ID) == chapterOf(some[0].ID) {
			n++
		}
		switch first, last := some[0].ID, some[n-1].ID; n {
		case 1:
			list = append(list, first)
		case 2:
			list = append(list, first, last)
		default:
			list = append(list, first+" to "+last)
		}
		some = some[n:]
	}
	return strings.Join(list, ", ")
}

// wrapped is words in the width of the screen, with lead before the first line
// and as much space before the others.
func (s *screen) wrapped(lead, words string) string {
	const narrowest = 20
	indent := text.StringWidthWithoutEscSequences(lead)
	lines := strings.Split(text.WrapSoft(words, max(s.width-indent, narrowest)), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return lead + strings.Join(lines, "\n"+strings.Repeat(" ", indent))
}
