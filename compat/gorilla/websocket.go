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

	hawser "github.com/hawser-ws/websocket/gorilla"
)

// The types are the very same.
type (
	BufferPool      = hawser.BufferPool
	CloseError      = hawser.CloseError
	Conn            = hawser.Conn
	Dialer          = hawser.Dialer
	HandshakeError  = hawser.HandshakeError
	PreparedMessage = hawser.PreparedMessage
	Upgrader        = hawser.Upgrader
)

// Close codes: see RFC 6455 §7.4.1.
const (
	CloseNormalClosure           = hawser.CloseNormalClosure
	CloseGoingAway               = hawser.CloseGoingAway
	CloseProtocolError           = hawser.CloseProtocolError
	CloseUnsupportedData         = hawser.CloseUnsupportedData
	CloseNoStatusReceived        = hawser.CloseNoStatusReceived
	CloseAbnormalClosure         = hawser.CloseAbnormalClosure
	CloseInvalidFramePayloadData = hawser.CloseInvalidFramePayloadData
	ClosePolicyViolation         = hawser.ClosePolicyViolation
	CloseMessageTooBig           = hawser.CloseMessageTooBig
	CloseMandatoryExtension      = hawser.CloseMandatoryExtension
	CloseInternalServerErr       = hawser.CloseInternalServerErr
	CloseServiceRestart          = hawser.CloseServiceRestart
	CloseTryAgainLater           = hawser.CloseTryAgainLater
	CloseTLSHandshake            = hawser.CloseTLSHandshake
)

// Message types: see RFC 6455 §11.8.
const (
	TextMessage   = hawser.TextMessage
	BinaryMessage = hawser.BinaryMessage
	CloseMessage  = hawser.CloseMessage
	PingMessage   = hawser.PingMessage
	PongMessage   = hawser.PongMessage
)

// DefaultDialer is [hawser.DefaultDialer] until it is assigned to: only programs read this
// variable. What a nil *Dialer means was settled before.
var DefaultDialer = hawser.DefaultDialer

// The errors are the very same.
var (
	ErrBadHandshake = hawser.ErrBadHandshake
	ErrCloseSent    = hawser.ErrCloseSent
	ErrReadLimit    = hawser.ErrReadLimit
)

// FormatCloseMessage is [hawser.FormatCloseMessage].
func FormatCloseMessage(closeCode int, text string) []byte {
	return hawser.FormatCloseMessage(closeCode, text)
}

// IsCloseError is [hawser.IsCloseError].
func IsCloseError(err error, codes ...int) bool { return hawser.IsCloseError(err, codes...) }

// IsUnexpectedCloseError is [hawser.IsUnexpectedCloseError].
func IsUnexpectedCloseError(err error, expectedCodes ...int) bool {
	return hawser.IsUnexpectedCloseError(err, expectedCodes...)
}

// IsWebSocketUpgrade is [hawser.IsWebSocketUpgrade].
func IsWebSocketUpgrade(r *http.Request) bool { return hawser.IsWebSocketUpgrade(r) }

// JoinMessages is [hawser.JoinMessages].
func JoinMessages(c *Conn, term string) io.Reader { return hawser.JoinMessages(c, term) }

// NewClient is [hawser.NewClient].
//
// Deprecated: use [Dialer].
func NewClient(netConn net.Conn, u *url.URL, requestHeader http.Header, readBufSize, writeBufSize int) (c *Conn, response *http.Response, err error) {
	return hawser.NewClient(netConn, u, requestHeader, readBufSize, writeBufSize)
}

// NewPreparedMessage is [hawser.NewPreparedMessage].
func NewPreparedMessage(messageType int, data []byte) (*PreparedMessage, error) {
	return hawser.NewPreparedMessage(messageType, data)
}

// ReadJSON is [hawser.ReadJSON].
//
// Deprecated: use [hawser.Conn.ReadJSON].
func ReadJSON(c *Conn, v any) error { return c.ReadJSON(v) }

// Subprotocols is [hawser.Subprotocols].
func Subprotocols(r *http.Request) []string { return hawser.Subprotocols(r) }

// Upgrade is [hawser.Upgrade].
//
// Deprecated: use [Upgrader].
func Upgrade(w http.ResponseWriter, r *http.Request, responseHeader http.Header, readBufSize, writeBufSize int) (*Conn, error) {
	return hawser.Upgrade(w, r, responseHeader, readBufSize, writeBufSize)
}

// WriteJSON is [hawser.WriteJSON].
//
// Deprecated: use [hawser.Conn.WriteJSON].
func WriteJSON(c *Conn, v any) error { return c.WriteJSON(v) }
