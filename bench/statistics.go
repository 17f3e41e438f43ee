package main

import "slices"

// Summary is what several rounds say about one figure.
type Summary struct {
	Median, Least, Most float64
}

// summarize looks at one figure of all rounds.
func summarize[R any](rounds []R, figure func(R) float64) Summary {
	var v []float64
	for _, r := range rounds {
		v = append(v, figure(r))
	}
	if len(v) == 0 {
		return Summary{}
	}
	slices.Sort(v)
	n := len(v)
	return Summary{Median: (v[(n-1)/2] + v[n/2]) / 2, Least: v[0], Most: v[n-1]}
}

// Spread is the distance between the extremes as a part of the median.
func (s Summary) Spread() float64 {
	if s.Median == 0 {
		return 0
	}
	return (s.Most - s.Least) / s.Median
}

// mostRounds is how many rounds a table is made of.
func mostRounds[R any](rows []R, rounds func(R) int) (most int) {
	for _, r := range rows {
		most = max(most, rounds(r))
	}
	return most
}
