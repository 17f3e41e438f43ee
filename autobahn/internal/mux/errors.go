package mux

import (
	"errors"
	"fmt"

	"golang.org/x/net/http2"
)

// A ResetError reports that the peer has sent RST_STREAM.
type ResetError struct{ Code http2.ErrCode }

func (e *ResetError) Error() string { return "the stream was reset with " + Name(e.Code) }

// A LostError reports that the connection has ended.
type LostError struct {
	GoAway *http2.ErrCode // of the peer's last GOAWAY; nil if none came
	Err    error          // of reading, often io.EOF
}

func (e *LostError) Error() string {
	if e.GoAway != nil && *e.GoAway != http2.ErrCodeNo {
		return "the connection ended with GOAWAY " + Name(*e.GoAway)
	}
	return fmt.Sprintf("the connection ended: %v", e.Err)
}

func (e *LostError) Unwrap() error { return e.Err }

// ErrHTTP1 reports that a server answers by HTTP/1.1.
var ErrHTTP1 = errors.New("what came is HTTP/1.1, and not HTTP/2")

// A FaultError reports that the peer broke the rules of HTTP/2.
type FaultError struct {
	Code http2.ErrCode // of our GOAWAY
	What string
}

func (e *FaultError) Error() string { return "the peer broke HTTP/2: " + e.What }

// faultf describes a fault.
func faultf(code http2.ErrCode, format string, args ...any) *FaultError {
	return &FaultError{code, fmt.Sprintf(format, args...)}
}

// Name returns the name of an error code (RFC 9113 section 7).
func Name(code http2.ErrCode) string { return code.String() }
