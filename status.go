package websocket

import (
	"errors"
	"strconv"

	"github.com/hawser-ws/websocket/frame"
)

// MessageType is the type of a data message (RFC 6455 §5.6).
type MessageType int

const (
	// MessageText is UTF-8 text. What is received is checked, always.
	MessageText MessageType = iota + 1
	// MessageBinary is bytes with whatever meaning the two ends agree on.
	MessageBinary
)

// String returns the constant's name.
func (t MessageType) String() string {
	switch t {
	case MessageText:
		return "MessageText"
	case MessageBinary:
		return "MessageBinary"
	}
	return "MessageType(" + strconv.Itoa(int(t)) + ")"
}

// opcode is the opcode of the first frame of such a message.
func (t MessageType) opcode() frame.Opcode { return frame.Opcode(t) }

// StatusCode is the status code of a Close frame (RFC 6455 §7.4 and the IANA
// registry "WebSocket Close Code Number"). 3000–3999 are registered by libraries
// and frameworks, 4000–4999 are free for applications.
type StatusCode int

const (
	StatusNormalClosure   StatusCode = 1000
	StatusGoingAway       StatusCode = 1001
	StatusProtocolError   StatusCode = 1002
	StatusUnsupportedData StatusCode = 1003

	// StatusNoStatusRcvd stands for a Close frame without a code. It never travels;
	// given to [Conn.Close] it sends such a frame.
	StatusNoStatusRcvd StatusCode = 1005

	// StatusAbnormalClosure stands for a connection that ended without a Close
	// frame. It never travels.
	StatusAbnormalClosure StatusCode = 1006

	StatusInvalidFramePayloadData StatusCode = 1007
	StatusPolicyViolation         StatusCode = 1008
	StatusMessageTooBig           StatusCode = 1009
	StatusMandatoryExtension      StatusCode = 1010
	StatusInternalError           StatusCode = 1011
	StatusServiceRestart          StatusCode = 1012
	StatusTryAgainLater           StatusCode = 1013
	StatusBadGateway              StatusCode = 1014

	// StatusTLSHandshake stands for a TLS handshake that failed. It never travels.
	StatusTLSHandshake StatusCode = 1015
)

var statusNames = map[StatusCode]string{
	StatusNormalClosure:           "StatusNormalClosure",
	StatusGoingAway:               "StatusGoingAway",
	StatusProtocolError:           "StatusProtocolError",
	StatusUnsupportedData:         "StatusUnsupportedData",
	StatusNoStatusRcvd:            "StatusNoStatusRcvd",
	StatusAbnormalClosure:         "StatusAbnormalClosure",
	StatusInvalidFramePayloadData: "StatusInvalidFramePayloadData",
	StatusPolicyViolation:         "StatusPolicyViolation",
	StatusMessageTooBig:           "StatusMessageTooBig",
	StatusMandatoryExtension:      "StatusMandatoryExtension",
	StatusInternalError:           "StatusInternalError",
	StatusServiceRestart:          "StatusServiceRestart",
	StatusTryAgainLater:           "StatusTryAgainLater",
	StatusBadGateway:              "StatusBadGateway",
	StatusTLSHandshake:            "StatusTLSHandshake",
}

// String returns the constant's name, or the number of a code without one.
func (s StatusCode) String() string {
	if name, ok := statusNames[s]; ok {
		return name
	}
	return "StatusCode(" + strconv.Itoa(int(s)) + ")"
}

// CloseStatus returns the status code that the peer closed with, or -1 if err is
// nil or holds no [CloseError].
func CloseStatus(err error) StatusCode {
	if ce, ok := errors.AsType[CloseError](err); ok {
		return ce.Code
	}
	return -1
}
