// Package websocket is github.com/coder/websocket, implemented by
// github.com/hawser-ws/websocket. It consists of aliases to its package coder, which says how
// everything behaves. It takes the place of the original by one line in the go.mod of a
// program: see compat/README.md in the repository.
package websocket

import (
	"context"
	"net"
	"net/http"

	"github.com/hawser-ws/websocket/coder"
)

type (
	AcceptOptions   = websocket.AcceptOptions
	CloseError      = websocket.CloseError
	CompressionMode = websocket.CompressionMode
	Conn            = websocket.Conn
	DialOptions     = websocket.DialOptions
	MessageType     = websocket.MessageType
	StatusCode      = websocket.StatusCode
)

const (
	MessageText   = websocket.MessageText
	MessageBinary = websocket.MessageBinary

	CompressionDisabled          = websocket.CompressionDisabled
	CompressionContextTakeover   = websocket.CompressionContextTakeover
	CompressionNoContextTakeover = websocket.CompressionNoContextTakeover

	StatusNormalClosure           = websocket.StatusNormalClosure
	StatusGoingAway               = websocket.StatusGoingAway
	StatusProtocolError           = websocket.StatusProtocolError
	StatusUnsupportedData         = websocket.StatusUnsupportedData
	StatusNoStatusRcvd            = websocket.StatusNoStatusRcvd
	StatusAbnormalClosure         = websocket.StatusAbnormalClosure
	StatusInvalidFramePayloadData = websocket.StatusInvalidFramePayloadData
	StatusPolicyViolation         = websocket.StatusPolicyViolation
	StatusMessageTooBig           = websocket.StatusMessageTooBig
	StatusMandatoryExtension      = websocket.StatusMandatoryExtension
	StatusInternalError           = websocket.StatusInternalError
	StatusServiceRestart          = websocket.StatusServiceRestart
	StatusTryAgainLater           = websocket.StatusTryAgainLater
	StatusBadGateway              = websocket.StatusBadGateway
	StatusTLSHandshake            = websocket.StatusTLSHandshake
)

// ErrMessageTooBig matches the error of a read that met a message above the read limit.
var ErrMessageTooBig = websocket.ErrMessageTooBig

// Accept is websocket.Accept of package coder.
func Accept(w http.ResponseWriter, r *http.Request, opts *AcceptOptions) (*Conn, error) {
	return websocket.Accept(w, r, opts)
}

// Dial is websocket.Dial of package coder.
func Dial(ctx context.Context, u string, opts *DialOptions) (*Conn, *http.Response, error) {
	return websocket.Dial(ctx, u, opts)
}

// NetConn is websocket.NetConn of package coder.
func NetConn(ctx context.Context, c *Conn, msgType MessageType) net.Conn {
	return websocket.NetConn(ctx, c, msgType)
}

// CloseStatus returns the status code that the peer closed with. It returns -1 if err is nil
// or holds no [CloseError].
func CloseStatus(err error) StatusCode { return websocket.CloseStatus(err) }
