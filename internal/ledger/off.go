//go:build !ledger

package ledger

import "sync"

// Enabled reports whether loans are counted.
const Enabled = false

// Pool is sync.Pool.
type Pool = sync.Pool

// Loans returns what each pool has lent.
func Loans() []Loan { return nil }

// Faults returns what pools were given that was not theirs.
func Faults() []string { return nil }

// NewPool returns a pool whose values make makes. name is for [Loans].
func NewPool(_ string, make func() any) *Pool { return &Pool{New: make} }
