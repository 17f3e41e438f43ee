//go:build race

package fuzz_test

// every: each stream would take the race detector longer than it is worth.
const every = 4
