//go:build !race

package seeds

// checked is what TestCases plays to see that it is still what is in cases.txt.
const checked = playedCases
