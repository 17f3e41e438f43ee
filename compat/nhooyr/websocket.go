// Package websocket is [github.com/hawser-ws/websocket/coder] under the path of
// nhooyr.io/websocket, the old path of github.com/coder/websocket, for programs that import
// that themselves or through others. Everything here is an alias. How to switch, and what
// differs, is in
// https://github.com/hawser-ws/websocket/blob/main/compat/README.md.
//
// TestSurfaceOfCoder in compat/check holds this file and compat/coder to package coder.
package websocket

import (
	"context"
	"net"
	"net/http"

	coder "github.com/hawser-ws/websocket/coder"
)

// The types are the very same.
type (
	AcceptOptions   = coder.AcceptOptions
	CloseError      = coder.CloseError
	CompressionMode = coder.CompressionMode
	Conn            = coder.Conn
	DialOptions     = coder.DialOptions
	MessageType     = coder.MessageType
	StatusCode      = coder.StatusCode
)

// Types of messages, modes of compression, and status codes: see RFC 6455 §7.4.1.
const (
	MessageText   = coder.MessageText
	MessageBinary = coder.MessageBinary

	CompressionDisabled          = coder.CompressionDisabled
	CompressionContextTakeover   = coder.CompressionContextTakeover
	CompressionNoContextTakeover = coder.CompressionNoContextTakeover

	StatusNormalClosure           = coder.StatusNormalClosure
	StatusGoingAway               = coder.StatusGoingAway
	StatusProtocolError           = coder.StatusProtocolError
	StatusUnsupportedData         = coder.StatusUnsupportedData
	StatusNoStatusRcvd            = coder.StatusNoStatusRcvd
	StatusAbnormalClosure         = coder.StatusAbnormalClosure
	StatusInvalidFramePayloadData = coder.StatusInvalidFramePayloadData
	StatusPolicyViolation         = coder.StatusPolicyViolation
	StatusMessageTooBig           = coder.StatusMessageTooBig
	StatusMandatoryExtension      = coder.StatusMandatoryExtension
	StatusInternalError           = coder.StatusInternalError
	StatusServiceRestart          = coder.StatusServiceRestart
	StatusTryAgainLater           = coder.StatusTryAgainLater
	StatusBadGateway              = coder.StatusBadGateway
	StatusTLSHandshake            = coder.StatusTLSHandshake
)

// ErrMessageTooBig matches the error of a read that met a message above the read limit.
var ErrMessageTooBig = coder.ErrMessageTooBig

// Accept is [coder.Accept].
func Accept(w http.ResponseWriter, r *http.Request, opts *AcceptOptions) (*Conn, error) {
	return coder.Accept(w, r, opts)
}

// Dial is [coder.Dial].
func Dial(ctx context.Context, u string, opts *DialOptions) (*Conn, *http.Response, error) {
	return coder.Dial(ctx, u, opts)
}

// NetConn is [coder.NetConn].
func NetConn(ctx context.Context, c *Conn, msgType MessageType) net.Conn {
	return coder.NetConn(ctx, c, msgType)
}

// CloseStatus returns the status code that the peer closed with. It returns -1 if err is nil
// or holds no [CloseError].
func CloseStatus(err error) StatusCode { return coder.CloseStatus(err) }
