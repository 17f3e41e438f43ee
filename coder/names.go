package websocket

import hawser "github.com/hawser-ws/websocket"

// The types that need no translation are those of the root, with all their fields.
type (
	AcceptOptions   = hawser.AcceptOptions
	DialOptions     = hawser.DialOptions
	CloseError      = hawser.CloseError
	StatusCode      = hawser.StatusCode
	MessageType     = hawser.MessageType
	CompressionMode = hawser.CompressionMode
)

// The types of messages.
const (
	MessageText   = hawser.MessageText
	MessageBinary = hawser.MessageBinary
)

// The modes of compression.
const (
	CompressionDisabled          = hawser.CompressionDisabled
	CompressionContextTakeover   = hawser.CompressionContextTakeover
	CompressionNoContextTakeover = hawser.CompressionNoContextTakeover
)

// The status codes of Close frames.
const (
	StatusNormalClosure           = hawser.StatusNormalClosure
	StatusGoingAway               = hawser.StatusGoingAway
	StatusProtocolError           = hawser.StatusProtocolError
	StatusUnsupportedData         = hawser.StatusUnsupportedData
	StatusNoStatusRcvd            = hawser.StatusNoStatusRcvd
	StatusAbnormalClosure         = hawser.StatusAbnormalClosure
	StatusInvalidFramePayloadData = hawser.StatusInvalidFramePayloadData
	StatusPolicyViolation         = hawser.StatusPolicyViolation
	StatusMessageTooBig           = hawser.StatusMessageTooBig
	StatusMandatoryExtension      = hawser.StatusMandatoryExtension
	StatusInternalError           = hawser.StatusInternalError
	StatusServiceRestart          = hawser.StatusServiceRestart
	StatusTryAgainLater           = hawser.StatusTryAgainLater
	StatusBadGateway              = hawser.StatusBadGateway
	StatusTLSHandshake            = hawser.StatusTLSHandshake
)

// ErrMessageTooBig matches the error of a read that met a message above the read limit.
var ErrMessageTooBig = hawser.ErrMessageTooBig

// CloseStatus returns the status code that the peer closed with. It returns -1 if err is nil
// or holds no [CloseError].
func CloseStatus(err error) StatusCode { return hawser.CloseStatus(err) }
