//go:build !plan9

package wstest

import "syscall"

// The errors of a connection that was reset, and of one that nobody reads.
const (
	errReset  = syscall.ECONNRESET
	errBroken = syscall.EPIPE
)
