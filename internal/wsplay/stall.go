package wsplay

import (
	"context"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
)

// Stall is how many bytes the streams hold in tests where the peer stops reading.
const Stall = 64

// Stalled returns a connection to a peer that does not read, over a stream that is full
// to the last byte and holds no half frame.
func Stalled(t *testing.T, role websocket.Role, opts *websocket.ConnOptions) (*websocket.Conn, *Peer) {
	t.Helper()
	c, p := Pipe(t, role, opts, Stall)
	if err := c.Write(Patience(t), websocket.MessageText, []byte(Filling(role))); err != nil {
		t.Fatal(err)
	}
	return c, p
}

// Filling is the message whose frame fills the stream.
func Filling(role websocket.Role) string {
	if role == websocket.RoleClient {
		return strings.Repeat("f", Stall-6)
	}
	return strings.Repeat("f", Stall-2)
}

// PendingWrite is a Write that waits.
type PendingWrite struct {
	Cancel context.CancelFunc
	Done   <-chan error
}

// StartWrite begins a Write that is expected to wait.
func StartWrite(t *testing.T, c *websocket.Conn, text string) PendingWrite {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	done := Go(func() error { return c.Write(ctx, websocket.MessageText, []byte(text)) })
	Pending(t, "Write to a peer that does not read", done)
	return PendingWrite{cancel, done}
}
