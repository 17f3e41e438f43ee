package wsplay

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

// WantClosed returns the ClosedError that err holds.
func WantClosed(t *testing.T, err error) *websocket.ClosedError {
	t.Helper()
	closed, ok := errors.AsType[*websocket.ClosedError](err)
	if !ok || !errors.Is(err, net.ErrClosed) {
		t.Fatalf("got %v, want a ClosedError that is net.ErrClosed", err)
	}
	return closed
}

// WantCause checks the cause of a ClosedError.
func WantCause(t *testing.T, call string, err, cause error) {
	t.Helper()
	if got := WantClosed(t, err).Cause; got != cause {
		t.Errorf("%s: %v, because of %v; want because of %v", call, err, got, cause)
	}
}

// WantSticky checks that every call fails for the same cause, at once.
func WantSticky(t *testing.T, c *websocket.Conn, cause error) {
	t.Helper()
	ctx := Patience(t)
	begin := time.Now()
	for range 2 {
		_, _, err := c.Read(ctx)
		WantCause(t, "Read", err, cause)
		_, got, err := c.ReadInto(ctx, []byte("as it was"))
		WantCause(t, "ReadInto", err, cause)
		if string(got) != "as it was" {
			t.Errorf("ReadInto changed the slice to %q", got)
		}
		_, _, err = c.Reader(ctx)
		WantCause(t, "Reader", err, cause)
		_, err = c.Writer(ctx, websocket.MessageText)
		WantCause(t, "Writer", err, cause)
		WantCause(t, "Write", c.Write(ctx, websocket.MessageText, []byte("x")), cause)
		WantCause(t, "WritePrepared", c.WritePrepared(ctx, Prepared), cause)
		WantCause(t, "Batch.Write", c.Batch().Write(ctx, websocket.MessageText, []byte("x")), cause)
		WantCause(t, "Ping", c.Ping(ctx), cause)
		for _, err := range c.Messages(ctx) {
			WantCause(t, "Messages", err, cause)
		}
	}
	if waited := time.Since(begin); waited != 0 {
		t.Errorf("calls on a connection that has failed waited for %v", waited)
	}
}

// Prepared is a prepared message, whatever it says.
var Prepared = websocket.Prepare(websocket.MessageBinary, []byte("prepared"))

// WantEnding compares what an error tells of the end of a connection.
func WantEnding(t *testing.T, why string, err error, sent, received websocket.StatusCode, began websocket.Side, cause error) {
	t.Helper()
	var e *websocket.ClosedError
	if !errors.As(err, &e) {
		t.Fatalf("%s: %v; want a ClosedError", why, err)
	}
	code := func(ce *websocket.CloseError) websocket.StatusCode {
		if ce == nil {
			return 0
		}
		return ce.Code
	}
	if code(e.Sent) != sent || code(e.Received) != received || e.Began != began || !errors.Is(e.Cause, cause) {
		t.Errorf("%s: sent %v, received %v, began %v, cause %v; want %d, %d, %v, %v", why, e.Sent, e.Received, e.Began, e.Cause, sent, received, began, cause)
	}
	if e.Clean() != (sent != 0 && received != 0) {
		t.Errorf("%s: Clean is %v", why, e.Clean())
	}
	WantIs(t, why, err, net.ErrClosed)
}

// CloseSoon are options with CloseTimeout.
var CloseSoon = &websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: CloseTimeout}}

// CloseTimeout is a Timeouts.Close other than the default.
const CloseTimeout = 7 * time.Second
