//go:build !race

package fuzz_test

// every: all streams are seeds.
const every = 1
