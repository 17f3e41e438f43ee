package wire

import "github.com/hawser-ws/websocket"

// The status codes of this application (RFC 6455 §7.4.2: 4000 to 4999 are for private use).
const (
	StatusRoomFull     websocket.StatusCode = 4001
	StatusTooManyRooms websocket.StatusCode = 4002
	StatusReplaced     websocket.StatusCode = 4009
	StatusNoJoin       websocket.StatusCode = 4010
)

// Refuse closes a connection because of a message from the page.
func Refuse(err error) websocket.CloseError {
	return websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: err.Error()}
}
