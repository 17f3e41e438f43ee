package wstest

import "syscall"

// Plan 9 reports errors as text.
const (
	errReset  = syscall.ErrorString("connection reset by peer")
	errBroken = syscall.ErrorString("write on a closed connection")
)
