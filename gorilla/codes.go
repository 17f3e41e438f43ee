package websocket

import (
	"errors"
	"io"
	"slices"
	"strconv"
)

// Close codes of RFC 6455 §7.4.1 and its IANA registry.
const (
	CloseNormalClosure           = 1000
	CloseGoingAway               = 1001
	CloseProtocolError           = 1002
	CloseUnsupportedData         = 1003
	CloseNoStatusReceived        = 1005 // describes a Close frame without a code; never sent
	CloseAbnormalClosure         = 1006 // describes a stream that ended without a Close frame; never sent
	CloseInvalidFramePayloadData = 1007
	ClosePolicyViolation         = 1008
	CloseMessageTooBig           = 1009
	CloseMandatoryExtension      = 1010
	CloseInternalServerErr       = 1011
	CloseServiceRestart          = 1012
	CloseTryAgainLater           = 1013
	CloseTLSHandshake            = 1015 // describes a TLS handshake that failed; never sent
)

// Message types: the opcodes of RFC 6455 §11.8.
const (
	TextMessage   = 1
	BinaryMessage = 2
	// CloseMessage has the payload that [FormatCloseMessage] makes.
	CloseMessage = 8
	PingMessage  = 9
	PongMessage  = 10
)

// ErrCloseSent is returned by writes that come after a Close frame of ours.
var ErrCloseSent = errors.New("websocket: close sent")

// ErrReadLimit is returned by reads of a message that is larger than the limit of
// [Conn.SetReadLimit].
var ErrReadLimit = errors.New("websocket: read limit exceeded")

// CloseError says that the peer has sent a Close frame, or with the code
// [CloseAbnormalClosure] that the stream ended without one.
type CloseError struct {
	// Code is the close code. [CloseNoStatusReceived]: the frame had none.
	Code int
	// Text is the reason that the peer gives. It may be empty.
	Text string
}

// closeMeanings are the names of codes in error texts.
var closeMeanings = map[int]string{
	CloseNormalClosure:           "normal",
	CloseGoingAway:               "going away",
	CloseProtocolError:           "protocol error",
	CloseUnsupportedData:         "unsupported data",
	CloseNoStatusReceived:        "no status",
	CloseAbnormalClosure:         "abnormal closure",
	CloseInvalidFramePayloadData: "invalid payload data",
	ClosePolicyViolation:         "policy violation",
	CloseMessageTooBig:           "message too big",
	CloseMandatoryExtension:      "mandatory extension missing",
	CloseInternalServerErr:       "internal server error",
	CloseTLSHandshake:            "TLS handshake error",
}

// Error returns code, meaning and reason, as in
// "websocket: close 1006 (abnormal closure): unexpected EOF".
func (e *CloseError) Error() string {
	s := "websocket: close " + strconv.Itoa(e.Code)
	if meaning := closeMeanings[e.Code]; meaning != "" {
		s += " (" + meaning + ")"
	}
	if e.Text != "" {
		s += ": " + e.Text
	}
	return s
}

// errUnexpectedEOF is for a stream that ends without a Close frame. Programs compare its
// code and its text.
var errUnexpectedEOF = &CloseError{Code: CloseAbnormalClosure, Text: io.ErrUnexpectedEOF.Error()}

// IsCloseError reports whether err is a *[CloseError] with one of the codes. It does not
// look into errors that wrap one.
func IsCloseError(err error, codes ...int) bool {
	e, ok := err.(*CloseError) //nolint:errorlint // what is wrapped does not count
	return ok && slices.Contains(codes, e.Code)
}

// IsUnexpectedCloseError reports whether err is a *[CloseError] with none of the codes. It
// does not look into errors that wrap one.
func IsUnexpectedCloseError(err error, expectedCodes ...int) bool {
	e, ok := err.(*CloseError) //nolint:errorlint // what is wrapped does not count
	return ok && !slices.Contains(expectedCodes, e.Code)
}
