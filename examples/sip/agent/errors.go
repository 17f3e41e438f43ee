package agent

import (
	"fmt"

	"github.com/emiago/sipgo/sip"

	"github.com/hawser-ws/websocket"
)

// ConnectionError reports the end of the connection.
type ConnectionError struct {
	Err error
}

// Error says how the connection ended.
func (e *ConnectionError) Error() string {
	switch code := websocket.CloseStatus(e.Err); code {
	case -1:
		return "connection lost: " + e.Err.Error()
	case websocket.StatusGoingAway, websocket.StatusServiceRestart:
		return "the server goes away: " + e.Err.Error()
	default:
		return "the server closed the connection: " + e.Err.Error()
	}
}

// Unwrap returns Err.
func (e *ConnectionError) Unwrap() error { return e.Err }

// ResponseError reports a final response that refuses a request.
type ResponseError struct {
	Method sip.RequestMethod
	Status int
	Reason string
	// Challenged says that the request had credentials when it was refused.
	Challenged bool
}

// Error says what was refused, and what that means if known.
func (e *ResponseError) Error() string {
	meaning := ""
	switch e.Status {
	case sip.StatusUnauthorized, sip.StatusProxyAuthRequired:
		meaning = ": a password is needed"
		if e.Challenged {
			meaning = ": wrong user or password"
		}
	case sip.StatusNotFound:
		meaning = ": no such user or domain there"
	case sip.StatusRequestTimeout:
		meaning = ": no answer in time"
	case sip.StatusTemporarilyUnavailable:
		meaning = ": nobody is registered there now"
	}
	return fmt.Sprintf("%s: %d %s%s", e.Method, e.Status, e.Reason, meaning)
}

// permanent reports whether a repetition would have the same result.
func (e *ResponseError) permanent() bool {
	switch e.Status {
	case sip.StatusRequestTimeout, sip.StatusTemporarilyUnavailable:
		return false
	}
	return e.Status < 500
}
