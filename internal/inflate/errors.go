package inflate

import "fmt"

// Error reports a stream that violates a rule of DEFLATE (RFC 1951) or of permessage-deflate
// (RFC 7692).
type Error struct {
	RFC     int    // 1951 or 7692
	Section string // of that RFC, such as "3.2.7"
	Reason  string
}

// Error returns the reason and the section of the rule.
func (e *Error) Error() string {
	return fmt.Sprintf("inflate: %s (RFC %d §%s)", e.Reason, e.RFC, e.Section)
}

// The errors of [Decoder.Inflate].
var (
	ErrReservedBlock = &Error{1951, "3.2.3", "block type 3 is reserved"}
	ErrStoredLength  = &Error{1951, "3.2.4", "NLEN is not the complement of LEN"}

	ErrLiteralCount   = &Error{1951, "3.2.7", "more than 286 literal/length codes"}
	ErrDistanceCount  = &Error{1951, "3.2.7", "more than 30 distance codes"}
	ErrRepeatNothing  = &Error{1951, "3.2.7", "a repeated code length without one before it"}
	ErrRepeatTooFar   = &Error{1951, "3.2.7", "a repetition beyond the last code length"}
	ErrCodeLengthCode = &Error{1951, "3.2.7", "code length code over-subscribed or incomplete"}
	ErrLiteralCode    = &Error{1951, "3.2.7", "literal/length code over-subscribed or incomplete"}
	ErrDistanceCode   = &Error{1951, "3.2.7", "distance code over-subscribed or incomplete"}
	ErrNoEndOfBlock   = &Error{1951, "3.2.5", "literal/length code without end-of-block"}

	ErrUnusedCode     = &Error{1951, "3.2.2", "bits that the code in use gives no meaning"}
	ErrLengthSymbol   = &Error{1951, "3.2.6", "length symbol 286 or 287"}
	ErrDistanceSymbol = &Error{1951, "3.2.6", "distance symbol 30 or 31"}

	ErrBeforeStart  = &Error{1951, "3.2.3", "distance reaches before the beginning of the stream"}
	ErrBeyondWindow = &Error{7692, "7.1.2", "distance beyond the agreed window"}
	ErrPadding      = &Error{7692, "7.2.1", "padding after a final block is not zero"}
)
