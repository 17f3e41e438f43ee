package websocket_test

import "syscall"

// connReset is what Plan 9 says of a connection that is reset, in memory.
const connReset = syscall.ErrorString("connection reset by peer")
