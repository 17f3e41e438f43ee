package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// list describes the cases of all roles: what is sent, what must come back, and in chapter 20
// the sentence of the RFC.
func (s *screen) list(sides []side) {
	const column = 11 // of the text, as in findings
	var told []string // ids, descriptions and sentences printed so far: most cases are for both roles
	title := ""
	for _, side := range sides {
		for _, c := range side.cases {
			if slices.Contains(told, c.ID+c.Description+c.Sentence) {
				continue
			}
			told = append(told, c.ID+c.Description+c.Sentence)
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

// titleOf returns the number and title of a case's group, or of its chapter if that has no
// groups.
func titleOf(id string) string {
	group := id[:strings.LastIndexByte(id, '.')]
	return strings.TrimSpace(group + "  " + autobahn.Title(group))
}
