package main

import (
	"strconv"
	"strings"
	"unicode"
)

// oneLine replaces what a peer could use to forge lines or take the terminal over:
// everything in names and metadata is somebody else's choice.
func oneLine(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRune(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}
