package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

func TestErrorTexts(t *testing.T) {
	bye := &websocket.CloseError{Code: 1000, Reason: "bye"}
	none := &websocket.CloseError{Code: websocket.StatusNoStatusRcvd}
	violation := &websocket.ProtocolError{Code: 1007, Violation: frame.ErrText}
	tooBig := &websocket.LimitError{What: "message", Limit: 10, Size: 11}
	for _, test := range []struct {
		err  error
		text string
		is   []error
	}{
		{&websocket.ClosedError{Received: bye, Sent: bye, Began: websocket.SideRemote}, `websocket: closed by the peer: 1000 "bye"`, []error{net.ErrClosed, *bye}},
		{&websocket.ClosedError{Received: none, Began: websocket.SideRemote}, `websocket: closed by the peer: no status`, []error{net.ErrClosed, *none}},
		{&websocket.ClosedError{Received: none, Sent: bye, Began: websocket.SideLocal}, `websocket: closed by us: 1000 "bye"`, []error{net.ErrClosed, *none}},
		{&websocket.ClosedError{Received: bye, Began: websocket.SideLocal}, `websocket: closed by us`, []error{net.ErrClosed, *bye}},
		{&websocket.ClosedError{Sent: bye, Began: websocket.SideLocal}, `websocket: closed by us: 1000 "bye"`, []error{net.ErrClosed}},
		{&websocket.ClosedError{Began: websocket.SideLocal}, `websocket: closed by us without a closing handshake`, []error{net.ErrClosed}},
		{&websocket.ClosedError{Sent: bye, Began: websocket.SideLocal, Cause: websocket.ErrCloseTimeout}, `websocket: connection lost: closing handshake timed out`, []error{net.ErrClosed, websocket.ErrCloseTimeout}},
		{&websocket.ClosedError{Began: websocket.SideRemote, Cause: io.ErrUnexpectedEOF}, `websocket: connection lost: unexpected EOF`, []error{net.ErrClosed, io.ErrUnexpectedEOF}},
		{&websocket.ClosedError{Began: websocket.SideRemote, Cause: violation}, `websocket: connection lost: peer broke the protocol: ` + frame.ErrText.Error(), []error{net.ErrClosed, violation, frame.ErrText}},
		{&websocket.ClosedError{Cause: tooBig}, `websocket: connection lost: message of 11 bytes exceeds the limit of 10`, []error{websocket.ErrMessageTooBig, tooBig}},
		{tooBig, `message of 11 bytes exceeds the limit of 10`, []error{websocket.ErrMessageTooBig}},
		{*bye, `status = StatusNormalClosure and reason = "bye"`, nil},
		{&websocket.UsageError{Method: "Conn.Write", Problem: "no"}, `websocket: Conn.Write: no`, nil},
	} {
		if test.err.Error() != test.text {
			t.Errorf("got  %s\nwant %s", test.err, test.text)
		}
		for _, target := range test.is {
			if !errors.Is(test.err, target) {
				t.Errorf("%v does not match %v", test.err, target)
			}
		}
		if errors.Is(test.err, context.Canceled) {
			t.Errorf("%v matches what it is not", test.err)
		}
	}
	if got := websocket.CloseStatus(&websocket.ClosedError{Received: bye}); got != 1000 {
		t.Errorf("CloseStatus %d", got)
	}
	if got := websocket.CloseStatus(&websocket.ClosedError{Sent: bye}); got != -1 {
		t.Errorf("CloseStatus of what only we sent: %d", got)
	}
	if got := websocket.CloseStatus(io.EOF); got != -1 {
		t.Errorf("CloseStatus of another error: %d", got)
	}
	for side, text := range map[websocket.Side]string{websocket.SideNone: "neither", websocket.SideLocal: "us", websocket.SideRemote: "the peer"} {
		if side.String() != text {
			t.Errorf("%v, want %s", side, text)
		}
	}
}

// What an error of a lost connection tells, by how it was lost.
func TestErrorsOfLostConnections(t *testing.T) {
	for _, test := range []struct {
		loss  string
		lose  func(c *websocket.Conn, p *wsplay.Peer)
		sent  websocket.StatusCode
		cause error
	}{
		{"end of stream", func(_ *websocket.Conn, p *wsplay.Peer) { p.Close() }, 0, io.EOF},
		{"reset", func(_ *websocket.Conn, p *wsplay.Peer) { p.Reset() }, 0, wsplay.ConnReset},
		{"half a header", func(_ *websocket.Conn, p *wsplay.Peer) {
			p.SendBytes(p.Wire(wsplay.Frame(wsplay.OpText, "abc"))[:1])
			p.Close()
		}, 0, io.ErrUnexpectedEOF},
		{"bad text", func(_ *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.Frame(wsplay.OpText, "\xff"))
			p.Next()
			p.Close()
		}, 1007, frame.ErrText},
		{"too big", func(_ *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.Frame(wsplay.OpText, "0123456789+"))
			p.Next()
			p.Close()
		}, 1009, websocket.ErrMessageTooBig},
	} {
		t.Run(test.loss, func(t *testing.T) {
			wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
				c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{Limits: websocket.Limits{Message: 10}}, 0)
				reading := wsplay.Go(func() error { _, _, err := c.Read(context.Background()); return err })
				test.lose(c, p)
				first := <-reading
				wsplay.WantEnding(t, "Read", first, test.sent, 0, websocket.SideRemote, test.cause)
				_, _, err := c.Reader(wsplay.Patience(t))
				for _, again := range []error{err, c.Write(wsplay.Patience(t), websocket.MessageText, nil), c.Ping(wsplay.Patience(t)), c.Close(1000, "")} {
					wsplay.WantEnding(t, "later", again, test.sent, 0, websocket.SideRemote, test.cause)
				}
			})
		})
	}
}

// A limit that is changed counts from the next frame on.
func TestSetReadLimit(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 1<<20)
		text := string(make([]byte, 100))
		p.Send(wsplay.Frame(wsplay.OpBinary, text))
		wsplay.WantRead(t, c, text)
		c.SetReadLimit(-1)
		p.Send(wsplay.Frame(wsplay.OpBinary, string(make([]byte, 1<<19))))
		wsplay.WantRead(t, c, string(make([]byte, 1<<19)))
		c.SetReadLimit(99)
		p.Send(wsplay.Frame(wsplay.OpBinary, text))
		_, _, err := c.Read(wsplay.Patience(t))
		wsplay.WantIs(t, "Read", err, websocket.ErrMessageTooBig)
		p.WantClose("too big", websocket.StatusMessageTooBig)
	})
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) { // zero: empty ones only
		c, p := wsplay.Pipe(t, role, nil, 0)
		c.SetReadLimit(0)
		p.Send(wsplay.Frame(wsplay.OpText, ""), wsplay.Frame(wsplay.OpText, "a"))
		wsplay.WantRead(t, c, "")
		_, _, err := c.Read(wsplay.Patience(t))
		if over, ok := errors.AsType[*websocket.LimitError](err); !ok || over.Limit != 0 || over.Size != 1 {
			t.Errorf("Read: %v", err)
		}
		p.WantClose("too big", websocket.StatusMessageTooBig)
	})
}
