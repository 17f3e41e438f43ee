package h2

import "fmt"

// Code is an error code of RST_STREAM and GOAWAY (RFC 9113 §7).
type Code uint32

const (
	NoError            Code = 0x0
	ProtocolError      Code = 0x1
	InternalError      Code = 0x2
	FlowControlError   Code = 0x3
	SettingsTimeout    Code = 0x4
	StreamClosed       Code = 0x5
	FrameSizeError     Code = 0x6
	RefusedStream      Code = 0x7
	Cancel             Code = 0x8
	CompressionError   Code = 0x9
	ConnectError       Code = 0xa
	EnhanceYourCalm    Code = 0xb
	InadequateSecurity Code = 0xc
	HTTP11Required     Code = 0xd

	numCodes = 0xe
)

// The documents that sections are of.
const (
	defaultRFC         = 9113
	rfcExtendedConnect = 8441
)

var codeNames = [numCodes]string{
	"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
	"STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
	"CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
}

// String returns the name of the RFC, or the number of a code that it does not have.
func (c Code) String() string {
	if c < numCodes {
		return codeNames[c]
	}
	return fmt.Sprintf("error code %#x", uint32(c))
}

// Violation is a rule that the peer broke.
type Violation struct {
	// Code goes into the frame that answers it.
	Code Code
	// RFC is the number of the document that Section is in. Zero: 9113.
	RFC uint16
	// Section is the section that says so, as in "5.1". Empty: none says so, it is a limit of
	// ours.
	Section string
	// Reason says what the peer did.
	Reason string
}

// Error returns the code, the reason and the section, as in
// "PROTOCOL_ERROR: SETTINGS on stream 3 (RFC 9113 §6.5)".
func (v *Violation) Error() string {
	text := v.Code.String() + ": " + v.Reason
	if rule := v.Rule(); rule != "" {
		text += " (" + rule + ")"
	}
	return text
}

// ConnError ends the connection (RFC 9113 §5.4.1). A GOAWAY with its code is the last of what
// is to be written.
type ConnError struct{ Violation }

// StreamError ends one stream (RFC 9113 §5.4.2). A RST_STREAM with its code is on its way.
type StreamError struct {
	Violation
	Stream uint32
}

// Error is that of the violation, with the stream.
func (e *StreamError) Error() string {
	return fmt.Sprintf("stream %d: %s", e.Stream, e.Violation.Error())
}

// connError is a violation that costs the connection.
func connError(code Code, section, format string, args ...any) *ConnError {
	return &ConnError{Violation{Code: code, Section: section, Reason: fmt.Sprintf(format, args...)}}
}

// streamError is a violation that costs the stream.
func streamError(stream uint32, code Code, section, format string, args ...any) *StreamError {
	return &StreamError{Violation{Code: code, Section: section, Reason: fmt.Sprintf(format, args...)}, stream}
}
