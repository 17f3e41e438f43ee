package seeds

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"

	_ "embed"
)

// What the conformance suite sends in its cases to a peer that does what it can to
// hear all of it. A line is what, case, and bytes in base64: "request", "response",
// or a stream: "client" or "server" is the end that the suite is, with "+deflate".
// TestCases says how it is made.
//
//go:embed testdata/cases.txt
var cases string

// played is testdata/cases.txt.
var played = sync.OnceValue(func() source {
	all, err := parseCases(cases)
	if err != nil {
		panic(err)
	}
	return all
})

func parseCases(file string) (all source, err error) {
	for line := range strings.Lines(file) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			return all, fmt.Errorf("seeds: cases.txt: %q", line)
		}
		data, err := base64.RawStdEncoding.DecodeString(fields[2])
		if err != nil {
			return all, fmt.Errorf("seeds: cases.txt: %s: %w", fields[1], err)
		}
		name := "case " + fields[1]
		end, deflate := strings.CutSuffix(fields[0], "+deflate")
		switch end {
		case "request":
			all.requests = append(all.requests, Head{name, data})
		case "response":
			all.responses = append(all.responses, Head{name, data})
		case "client", "server":
			all.streams = append(all.streams, Stream{name + " from a " + end, end == "client", deflate, data})
		default:
			return all, fmt.Errorf("seeds: cases.txt: %q", line)
		}
	}
	return all, nil
}
