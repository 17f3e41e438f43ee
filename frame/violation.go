package frame

import "strconv"

// Violation says that the peer broke a MUST. It carries what the Close frame
// that answers it needs, so that one place can turn any of them into bytes.
//
// The violations of this package are the variables below: compare with ==, or
// with errors.Is once one has become an error. A function that returns a nil
// *Violation as an error must say nil itself.
type Violation struct {
	// Code is the close code to send (§7.4.1). Zero: none, a mistake.
	Code uint16
	// RFC is the number of the document that Section is in. Zero: 6455.
	RFC uint16
	// Section is the section that says so, as in "5.2".
	Section string
	// Reason says what the peer did. It goes into the Close frame, and is no
	// longer than [MaxReason]. Zero: no reason is sent.
	Reason string
}

// Error returns the reason and the section, as in
// "reserved bit RSV2 set (RFC 6455 §5.2)".
func (v *Violation) Error() string {
	rfc := v.RFC
	if rfc == 0 {
		rfc = 6455
	}
	return v.Reason + " (RFC " + strconv.Itoa(int(rfc)) + " §" + v.Section + ")"
}

// Close codes that the violations of one frame call for (§7.4.1).
const (
	codeProtocolError  = 1002
	codeInvalidPayload = 1007
)

// What [Check] and [CheckPrefix] find in a header.
var (
	ErrReservedOpcode    = &Violation{Code: codeProtocolError, Section: "5.2", Reason: "reserved opcode"}
	ErrRSV1              = &Violation{Code: codeProtocolError, Section: "5.2", Reason: "reserved bit RSV1 set"}
	ErrRSV1Misplaced     = &Violation{Code: codeProtocolError, RFC: 7692, Section: "6.1", Reason: "compressed bit RSV1 set on a control or continuation frame"}
	ErrRSV2              = &Violation{Code: codeProtocolError, Section: "5.2", Reason: "reserved bit RSV2 set"}
	ErrRSV3              = &Violation{Code: codeProtocolError, Section: "5.2", Reason: "reserved bit RSV3 set"}
	ErrFragmentedControl = &Violation{Code: codeProtocolError, Section: "5.5", Reason: "fragmented control frame"}
	ErrMaskMissing       = &Violation{Code: codeProtocolError, Section: "5.1", Reason: "unmasked frame from a client"}
	ErrMaskForbidden     = &Violation{Code: codeProtocolError, Section: "5.1", Reason: "masked frame from a server"}
	ErrControlTooLong    = &Violation{Code: codeProtocolError, Section: "5.5", Reason: "control frame longer than 125 bytes"}
	ErrLengthNotMinimal  = &Violation{Code: codeProtocolError, Section: "5.2", Reason: "payload length not in the minimal number of bytes"}
	ErrLengthTopBit      = &Violation{Code: codeProtocolError, Section: "5.2", Reason: "most significant bit of the 64-bit payload length set"}
)

// What [ParseClose] finds in a Close payload.
var (
	ErrCloseOneByte = &Violation{Code: codeProtocolError, Section: "5.5.1", Reason: "close payload of one byte"}
	ErrCloseCode    = &Violation{Code: codeProtocolError, Section: "7.4", Reason: "close code that may not be sent"}
	ErrCloseReason  = &Violation{Code: codeInvalidPayload, Section: "5.5.1", Reason: "close reason not valid UTF-8"}
)

// ErrText is for text messages that a [Validator] refuses. Nothing in this
// package returns it: whether a payload is text is not written in its frame.
var ErrText = &Violation{Code: codeInvalidPayload, Section: "8.1", Reason: "text message not valid UTF-8"}
