package websocket

import (
	"errors"
	"net"
	"os"

	"github.com/hawser-ws/websocket/frame"
)

var (
	errWriteTimeout        = &netError{text: "websocket: write timeout", timeout: true, temporary: true}
	errBadWriteOpCode      = errors.New("websocket: bad write message type")
	errWriteClosed         = errors.New("websocket: write closed")
	errInvalidControlFrame = errors.New("websocket: invalid control frame")
	errCompressionLevel    = errors.New("websocket: invalid compression level")
)

// netError is a [net.Error]. Only a timeout that costs nothing is temporary.
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

// lasting is err without a claim to be temporary. Errors of a connection are sticky, and a
// program that tries again after a temporary one would not stop.
func lasting(err error) error {
	if e, ok := err.(net.Error); ok && e.Temporary() { //nolint:errorlint,staticcheck // what is wrapped does not count; the method is the matter
		return &netError{text: e.Error(), timeout: e.Timeout()}
	}
	return err
}

// protocolError is what the peer did against the rules.
type protocolError struct{ violation *frame.Violation }

func (e *protocolError) Error() string { return "websocket: " + e.violation.Error() }
