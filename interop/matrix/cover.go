package main

import (
	"fmt"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// verdicts are those of a role by case; what is not in it was not played.
type verdicts map[string]string

// uncovered describes cases that fail and have no finding, as the beginning of a
// findings file.
func uncovered(role autobahn.Role, order []string, got verdicts, notes *notebook) string {
	var b strings.Builder
	byVerdict := map[string][]string{}
	var kinds []string
	for _, id := range order {
		if v, ok := got[id]; ok && needsFinding(v) && notes.explains(role, id, v) == nil {
			if byVerdict[v] == nil {
				kinds = append(kinds, v)
			}
			byVerdict[v] = append(byVerdict[v], id)
		}
	}
	for _, v := range kinds {
		fmt.Fprintf(&b, "## Fault: %s\n- role: %s\n- cases: %s\n\n", v, role, strings.Join(byVerdict[v], ", "))
	}
	return b.String()
}

// stale returns the findings and their patterns that cover no case that fails. got
// has the verdicts of the roles that were played with all cases.
func stale(list []*finding, got map[autobahn.Role]verdicts) (lines []string) {
	for _, f := range list {
		for _, pattern := range f.Cases {
			for _, role := range f.Roles {
				if got[role] != nil && !f.explainsSome(got[role], pattern) {
					lines = append(lines, fmt.Sprintf("line %d, %s: no case of %s fails as a %s", f.line, f.Title, pattern, role))
				}
			}
		}
	}
	return lines
}

// explainsSome reports whether a case that fails matches pattern.
func (f *finding) explainsSome(got verdicts, pattern string) bool {
	for id, v := range got {
		if needsFinding(v) && (f.Verdict == "" || f.Verdict == v) && matchesAny([]string{pattern}, id) {
			return true
		}
	}
	return false
}

func verdictsOf(p *played) verdicts {
	got := verdicts{}
	for _, r := range p.Results {
		got[r.ID] = verdict(r)
	}
	return got
}
