package report

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// How much of long sequences and payloads is shown, and how much of that precedes the first
// difference.
const (
	eventsShown  = 200
	bytesShown   = 256
	eventsBefore = 20
	bytesBefore  = 48
)

// compared compares the received events with each expected sequence, best first.
func (d *pageData) compared(r *verdict.Result) []comparisonData {
	if len(r.Expected) == 0 {
		return []comparisonData{d.compare("", r.Received, r.Received)}
	}
	all := []comparisonData{}
	for _, v := range slices.SortedFunc(maps.Keys(r.Expected), compareVerdicts) {
		all = append(all, d.compare(v, r.Expected[v], r.Received))
	}
	return all
}

// compareVerdicts orders verdicts like meanings, and others after them.
func compareVerdicts(a, b verdict.Verdict) int {
	rank := func(v verdict.Verdict) int {
		if n := slices.IndexFunc(meanings, func(m meaning) bool { return m.Verdict == v }); n >= 0 {
			return n
		}
		return len(meanings)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

func (d *pageData) compare(v verdict.Verdict, want, got []verdict.Event) comparisonData {
	c := comparisonData{Verdict: d.text(string(v)), Wants: len(want), Gots: len(got)}
	c.Row, c.Offset = firstDifference(want, got)
	if c.Row >= eventsShown {
		c.From = c.Row - eventsBefore
	}
	c.Want, c.Got = d.events(want, c), d.events(got, c)
	return c
}

// firstDifference returns the first event that differs, and the first byte of its payload that
// does, if the payload differs.
func firstDifference(want, got []verdict.Event) (row, offset int) {
	n := min(len(want), len(got))
	for i := range n {
		a, b := want[i], got[i]
		if a.Kind != b.Kind || a.Binary != b.Binary {
			return i, -1
		}
		if !bytes.Equal(a.Payload, b.Payload) {
			return i, sharedPrefix(a.Payload, b.Payload)
		}
	}
	if len(want) != len(got) {
		return n, -1
	}
	return -1, -1
}

func sharedPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// events returns the events that c shows.
func (d *pageData) events(all []verdict.Event, c comparisonData) [][]int {
	out := [][]int{}
	for i := c.From; i < min(len(all), c.From+eventsShown); i++ {
		e, start := all[i], 0
		if i == c.Row && c.Offset >= bytesShown {
			start = c.Offset - bytesBefore
		}
		shown := e.Payload[min(start, len(e.Payload)):]
		kind := 0
		if e.Binary {
			kind = 1
		}
		out = append(out, []int{d.text(e.Kind), len(e.Payload), d.blob(shown[:min(len(shown), bytesShown)]), kind, start})
	}
	return out
}
