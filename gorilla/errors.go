package websocket

import (
	"errors"
	"os"

	"github.com/hawser-ws/websocket/frame"
)

var (
	errWriteTimeout        = &netError{text: "websocket: write timeout", timeout: true, temporary: true}
	errBadWriteOpCode      = errors.New("websocket: bad write message type")
	errWriteClosed         = errors.New("websocket: write closed")
	errInvalidControlFrame = errors.New("websocket: invalid control frame")
	errOvertaken           = errors.New("websocket: a handler has read on, past the message that is being read")
	errCompressionLevel    = errors.New("websocket: invalid compression level")
)

// netError is a [net.Error]. Only the timeout of a write that has not begun is temporary.
type netError struct {
	text      string
	temporary bool
	timeout   bool
}

func (e *netError) Error() string   { return e.text }
func (e *netError) Temporary() bool { return e.temporary }
func (e *netError) Timeout() bool   { return e.timeout }

// Is has a timeout match [os.ErrDeadlineExceeded], as the timeouts of package net do.
func (e *netError) Is(target error) bool { return e.timeout && target == os.ErrDeadlineExceeded }

// isTemporary reports whether err itself says that it is temporary. gorilla, and package net
// up to Go 1.17, mean by that: trying again may help.
func isTemporary(err error) bool {
	e, ok := err.(interface{ Temporary() bool })
	return ok && e.Temporary()
}

// lasting is err without a claim to be temporary. Errors of a connection are sticky, and a
// program that tries again after a temporary one would not stop.
func lasting(err error) error {
	if !isTemporary(err) {
		return err
	}
	timeout, ok := err.(interface{ Timeout() bool })
	return &netError{text: err.Error(), timeout: ok && timeout.Timeout()}
}

// protocolError is what the peer did against the rules.
type protocolError struct{ violation *frame.Violation }

func (e *protocolError) Error() string { return "websocket: " + e.violation.Error() }
