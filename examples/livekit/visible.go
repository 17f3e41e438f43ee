package main

import (
	"strconv"
	"strings"
	"unicode"
)

// oneLine replaces characters that could forge lines or control the terminal. Peers choose all
// names and metadata.
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
