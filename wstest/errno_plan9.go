package wstest

import "syscall"

// Plan 9 says these things in words.
const (
	errReset  = syscall.ErrorString("connection reset by peer")
	errBroken = syscall.ErrorString("write on a closed connection")
)
