//go:build !plan9

package wsplay

import "syscall"

// ConnReset is what a system says of a connection that is reset.
const ConnReset = syscall.ECONNRESET
