package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/hawser-ws/websocket/autobahn"
)

// maxSeparate is how many cases with the same verdict and result are listed one by one. More than
// that are listed in one line.
func maxSeparate(v autobahn.Verdict) int {
	if v == autobahn.Unimplemented {
		return 2 // then it does not matter what the cases are about
	}
	return 20
}

// findings prints the cases that are not OK and not known, worst first. named adds the name of
// the agent.
func (s *screen) findings(st *standing, named bool) {
	agent := st.agent
	for _, v := range autobahn.Verdicts() {
		var found []*autobahn.Result
		for _, r := range agent.Results {
			if r.Worst() == v && st.novelty(r) != isKnown {
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

// again lists the cases that did better alone than beside others.
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

// beside lists what the baseline knows of the agent.
func (s *screen) beside(o *conclusion, st *standing) {
	if o.flags.known == nil {
		return
	}
	line := func(what string, list []*autobahn.Result) {
		if len(list) > 0 {
			s.print("\n" + s.wrapped("", visible(st.title(), false)+": "+what+": "+ranges(list, st.agent.Results)) + "\n")
		}
	}
	line("new failures, not in "+o.file(), st.fresh)
	line("known failures", st.known)
	line("mended, but still in "+o.file(), st.better)
}

// detailed prints the cases in found with the verdict v. all is every case of the agent.
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
		case len(alike[key]) > maxSeparate(v):
			told[key] = true
			s.print("\n" + s.wrapped("  ", ranges(alike[key], all)+": "+key) + "\n")
		default:
			s.finding(r)
		}
	}
}

// finding prints one case.
func (s *screen) finding(r *autobahn.Result) {
	const column = 11 // of the text: room for the longest number
	s.print("\n" + s.wrapped(fmt.Sprintf("  %-*s", column-2, r.ID), r.Description) + "\n")
	s.print(s.wrapped(strings.Repeat(" ", column)+"expected  ", r.Expectation) + "\n")
	s.print(s.wrapped(strings.Repeat(" ", column)+"came      ", whatCame(r)) + "\n")
}

// whatCame says all of what happened instead of the expected result, or nothing if it did come.
func whatCame(r *autobahn.Result) string {
	events := received(r)
	if events == "" && !r.Behavior.Passed() && len(r.Expected[autobahn.OK]) > 0 && r.RemoteCloseCode != nil {
		events = "Received: nothing but the Close frame."
	}
	return strings.TrimSpace(came(r) + " " + events)
}

// came says what happened instead of the expected result. A case is listed under its worse
// verdict; the other one is named.
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
		words = append(words, closeCodes(r))
	}
	return visible(strings.Join(words, " "), false)
}

// closeCodes says with which code the peer closed, or answered the Close frame of the suite.
func closeCodes(r *autobahn.Result) string {
	if r.ClosedByMe && r.LocalCloseCode != nil {
		return fmt.Sprintf("The suite closed with %d, and the peer answered with %d.", *r.LocalCloseCode, *r.RemoteCloseCode)
	}
	return fmt.Sprintf("The peer's close code was %d.", *r.RemoteCloseCode)
}

// sentence returns s with a full stop at the end.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

// received returns the beginning of what the peer sent, where that is the fault.
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

// ranges lists cases. Consecutive ones in all are written as first and last.
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

// wrapped wraps words to the width of the screen, with lead before the first line and an equal
// indent before the others.
func (s *screen) wrapped(lead, words string) string {
	const narrowest = 20
	indent := text.StringWidthWithoutEscSequences(lead)
	lines := strings.Split(text.WrapSoft(words, max(s.width-indent, narrowest)), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return lead + strings.Join(lines, "\n"+strings.Repeat(" ", indent))
}
