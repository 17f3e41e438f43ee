//go:build !race

package explore_test

// exploreSteps is how long the scripts of TestExplore are.
const exploreSteps = 4
