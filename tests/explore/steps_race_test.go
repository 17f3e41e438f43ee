//go:build race

package explore_test

// exploreSteps is less with the race detector, where a script takes ten times as long.
const exploreSteps = 3
