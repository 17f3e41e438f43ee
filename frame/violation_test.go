package frame

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

var violations = []*Violation{
	ErrReservedOpcode, ErrRSV1, ErrRSV1Misplaced, ErrRSV2, ErrRSV3, ErrFragmentedControl,
	ErrMaskMissing, ErrMaskForbidden, ErrControlTooLong, ErrLengthNotMinimal, ErrLengthTopBit,
	ErrCloseOneByte, ErrCloseCode, ErrCloseReason, ErrText,
}

func TestViolationText(t *testing.T) {
	for want, v := range map[string]*Violation{
		"reserved bit RSV2 set (RFC 6455 §5.2)":                                      ErrRSV2,
		"compressed bit RSV1 set on a control or continuation frame (RFC 7692 §6.1)": ErrRSV1Misplaced,
	} {
		if v.Error() != want {
			t.Errorf("got %q, want %q", v.Error(), want)
		}
	}
}

// Any violation can be turned into a Close frame as it is.
func TestViolationsCanBeSent(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range violations {
		if !ValidCloseCode(v.Code) {
			t.Errorf("%v: code %d may not be sent", v, v.Code)
		}
		if len(v.Reason) == 0 || len(v.Reason) > MaxReason || !utf8.ValidString(v.Reason) {
			t.Errorf("%v: the reason cannot be sent", v)
		}
		if strings.Contains(v.Error(), "websocket:") {
			t.Errorf("%v: the prefix belongs to the outermost layer", v)
		}
		if seen[v.Error()] {
			t.Errorf("%v: the same text for two rules", v)
		}
		seen[v.Error()] = true
		if err := fmt.Errorf("websocket: %w", v); !errors.Is(err, v) {
			t.Errorf("%v: lost by wrapping", v)
		}
	}
}
