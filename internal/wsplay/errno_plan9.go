package wsplay

import "syscall"

// ConnReset is what Plan 9 says of a connection that is reset, in memory.
const ConnReset = syscall.ErrorString("connection reset by peer")
