package main

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
)

// plain is the text of an error for somebody who uses the program and has not written
// it: without the names of packages and calls.
func plain(err error) string {
	text := strings.TrimPrefix(err.Error(), "websocket: ")
	if op, ok := errors.AsType[*net.OpError](err); ok {
		text = strings.Replace(text, op.Error(), operation(op), 1)
	}
	return text
}

// operation is what is to be said of a call to the network: with whom and what came of
// it.
func operation(op *net.OpError) string {
	text := plainCause(op.Err)
	switch {
	case op.Op == "remote error": // an alert of TLS
		return "the server says: " + text
	case op.Op == "dial" && op.Addr != nil, op.Op == "listen" && op.Addr != nil:
		return op.Addr.String() + ": " + text
	}
	return text
}

func plainCause(err error) string {
	if unknown, ok := errors.AsType[*net.DNSError](err); ok {
		if unknown.IsNotFound {
			return "there is no host " + unknown.Name
		}
		return "looking up " + unknown.Name + ": " + unknown.Err
	}
	if code, ok := errors.AsType[syscall.Errno](err); ok {
		return code.Error()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "no answer in time"
	}
	return err.Error()
}
