package main

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
)

// plain returns the text of an error without the names of Go packages and functions.
func plain(err error) string {
	text := strings.TrimPrefix(err.Error(), "websocket: ")
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return strings.Replace(text, op.Error(), operation(op), 1)
	}
	if unknown, ok := errors.AsType[*net.DNSError](err); ok {
		return strings.Replace(text, unknown.Error(), plainCause(unknown), 1)
	}
	return text
}

// operation describes a failed network call: with whom, and why it failed.
func operation(op *net.OpError) string {
	text := plainCause(op.Err)
	switch {
	case op.Op == "remote error": // a TLS alert
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
