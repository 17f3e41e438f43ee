//go:build !poolcheck

package poolcheck

import "sync"

// Enabled reports whether values lent are counted.
const Enabled = false

// Pool is sync.Pool.
type Pool = sync.Pool

// All returns what each pool has lent.
func All() []Outstanding { return nil }

// Faults returns what pools were given that was not theirs.
func Faults() []string { return nil }

// Lose takes v, which was lent and will not be given back, off the list.
func Lose(*Pool, any) {}

// NewPool returns a pool whose values make makes. name is for [All].
func NewPool(_ string, make func() any) *Pool { return &Pool{New: make} }
