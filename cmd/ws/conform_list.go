package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// list tells what the cases of all roles are: what is sent, what has to come,
// and of chapter 20 the sentence behind it.
func (s *screen) list(sides []side) {
	const column = 10 // of the words, as in findings
	var told []string // ids and descriptions: most cases are for both roles
	title := ""
	for _, side := range sides {
		for _, c := range side.cases {
			if slices.Contains(told, c.ID+c.Description) {
				continue
			}
			told = append(told, c.ID+c.Description)
			if t := titleOf(c.ID); t != title {
				title = t
				s.print("\n" + s.bold(t) + "\n")
			}
			s.print("\n" + s.wrapped(fmt.Sprintf("  %-*s", column-2, c.ID), c.Description) + "\n")
			for _, words := range []string{c.Expectation, c.Sentence} {
				if words != "" {
					s.print(s.wrapped(strings.Repeat(" ", column), words) + "\n")
				}
			}
		}
	}
	s.print("\n")
}

// titleOf is the number and the title of the group that a case is in, or of its
// chapter if that has no groups.
func titleOf(id string) string {
	group := id[:strings.LastIndexByte(id, '.')]
	return strings.TrimSpace(group + "  " + autobahn.Title(group))
}
