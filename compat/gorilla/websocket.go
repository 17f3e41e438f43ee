// Package websocket is [github.com/hawser-ws/websocket/gorilla] under the path of
// github.com/gorilla/websocket, for programs that import that themselves or through others.
// Everything here is an alias. How to switch, and what differs, is in
// https://github.com/hawser-ws/websocket/blob/main/compat/README.md.
package websocket

import (
	"io"
	"net"
	"net/http"
	"net/url"

	gorilla "github.com/hawser-ws/websocket/gorilla"
)

// The types are the very same.
type (
	BufferPool      = gorilla.BufferPool
	CloseError      = gorilla.CloseError
	Conn            = gorilla.Conn
	Dialer          = gorilla.Dialer
	HandshakeError  = gorilla.HandshakeError
	PreparedMessage = gorilla.PreparedMessage
	Upgrader        = gorilla.Upgrader
)

// Close codes: see RFC 6455 §7.4.1.
const (
	CloseNormalClosure           = gorilla.CloseNormalClosure
	CloseGoingAway               = gorilla.CloseGoingAway
	CloseProtocolError           = gorilla.CloseProtocolError
	CloseUnsupportedData         = gorilla.CloseUnsupportedData
	CloseNoStatusReceived        = gorilla.CloseNoStatusReceived
	CloseAbnormalClosure         = gorilla.CloseAbnormalClosure
	CloseInvalidFramePayloadData = gorilla.CloseInvalidFramePayloadData
	ClosePolicyViolation         = gorilla.ClosePolicyViolation
	CloseMessageTooBig           = gorilla.CloseMessageTooBig
	CloseMandatoryExtension      = gorilla.CloseMandatoryExtension
	CloseInternalServerErr       = gorilla.CloseInternalServerErr
	CloseServiceRestart          = gorilla.CloseServiceRestart
	CloseTryAgainLater           = gorilla.CloseTryAgainLater
	CloseTLSHandshake            = gorilla.CloseTLSHandshake
)

// Message types: see RFC 6455 §11.8.
const (
	TextMessage   = gorilla.TextMessage
	BinaryMessage = gorilla.BinaryMessage
	CloseMessage  = gorilla.CloseMessage
	PingMessage   = gorilla.PingMessage
	PongMessage   = gorilla.PongMessage
)

// DefaultDialer is [gorilla.DefaultDialer] until it is assigned to: only programs read this
// variable. What a nil *Dialer means was settled before.
var DefaultDialer = gorilla.DefaultDialer

// The errors are the very same.
var (
	ErrBadHandshake = gorilla.ErrBadHandshake
	ErrCloseSent    = gorilla.ErrCloseSent
	ErrReadLimit    = gorilla.ErrReadLimit
)

// FormatCloseMessage is [gorilla.FormatCloseMessage].
func FormatCloseMessage(closeCode int, text string) []byte {
	return gorilla.FormatCloseMessage(closeCode, text)
}

// IsCloseError is [gorilla.IsCloseError].
func IsCloseError(err error, codes ...int) bool { return gorilla.IsCloseError(err, codes...) }

// IsUnexpectedCloseError is [gorilla.IsUnexpectedCloseError].
func IsUnexpectedCloseError(err error, expectedCodes ...int) bool {
	return gorilla.IsUnexpectedCloseError(err, expectedCodes...)
}

// IsWebSocketUpgrade is [gorilla.IsWebSocketUpgrade].
func IsWebSocketUpgrade(r *http.Request) bool { return gorilla.IsWebSocketUpgrade(r) }

// JoinMessages is [gorilla.JoinMessages].
func JoinMessages(c *Conn, term string) io.Reader { return gorilla.JoinMessages(c, term) }

// NewClient is [gorilla.NewClient].
//
// Deprecated: use [Dialer].
func NewClient(netConn net.Conn, u *url.URL, requestHeader http.Header, readBufSize, writeBufSize int) (c *Conn, response *http.Response, err error) {
	return gorilla.NewClient(netConn, u, requestHeader, readBufSize, writeBufSize)
}

// NewPreparedMessage is [gorilla.NewPreparedMessage].
func NewPreparedMessage(messageType int, data []byte) (*PreparedMessage, error) {
	return gorilla.NewPreparedMessage(messageType, data)
}

// ReadJSON is [gorilla.ReadJSON].
//
// Deprecated: use [gorilla.Conn.ReadJSON].
func ReadJSON(c *Conn, v any) error { return c.ReadJSON(v) }

// Subprotocols is [gorilla.Subprotocols].
func Subprotocols(r *http.Request) []string { return gorilla.Subprotocols(r) }

// Upgrade is [gorilla.Upgrade].
//
// Deprecated: use [Upgrader].
func Upgrade(w http.ResponseWriter, r *http.Request, responseHeader http.Header, readBufSize, writeBufSize int) (*Conn, error) {
	return gorilla.Upgrade(w, r, responseHeader, readBufSize, writeBufSize)
}

// WriteJSON is [gorilla.WriteJSON].
//
// Deprecated: use [gorilla.Conn.WriteJSON].
func WriteJSON(c *Conn, v any) error { return c.WriteJSON(v) }
