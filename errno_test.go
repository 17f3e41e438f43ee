//go:build !plan9

package websocket_test

import "syscall"

// connReset is what a system says of a connection that is reset.
const connReset = syscall.ECONNRESET
