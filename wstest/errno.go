//go:build !plan9

package wstest

import "syscall"

// What a system says of a connection that is reset, and of one that nobody reads.
const (
	errReset  = syscall.ECONNRESET
	errBroken = syscall.EPIPE
)
