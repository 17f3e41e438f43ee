package attack_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// The attacks of a checklist drawn from the published advisories of WebSocket
// implementations, by file: what a peer, an attacker or a bad network will send. A
// test is named by its line of the list. Each is run against the server and the
// client, whose other end is played by hand, byte by byte, through
// internal/naive. Those on the headers of the opening handshake are in package
// handshake.

// attack runs a test against each role, as eachRole does: once on a connection that is read by
// calls, and once on one that a Loop reads. The test reads by read. opts may be nil.
func attack(t *testing.T, name string, opts *websocket.ConnOptions, test func(t *testing.T, c *websocket.Conn, p *wsplay.Peer)) {
	t.Helper()
	attackReading(t, name, opts, test)
	wsplay.ForRoles(t, name+"/on a loop/", func(t *testing.T, role websocket.Role) {
		c, p := onLoop(t, role, opts)
		test(t, c, p)
	})
}

// attackReading is attack for a test that reads in ways of its own.
func attackReading(t *testing.T, name string, opts *websocket.ConnOptions, test func(t *testing.T, c *websocket.Conn, p *wsplay.Peer)) {
	t.Helper()
	wsplay.ForRoles(t, name+"/", func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, opts, 0)
		test(t, c, p)
	})
}

// refused says that the peer was refused with code: on the wire, in the error of
// the call that met it, and in every call from then on.
func refused(p *wsplay.Peer, c *websocket.Conn, err error, code websocket.StatusCode) {
	p.T.Helper()
	closed := wsplay.WantClosed(p.T, err)
	if closed.Sent == nil || closed.Sent.Code != code || closed.Received != nil || closed.Began != websocket.SideRemote {
		p.T.Errorf("sent %v, received %v, began by %v; want %d sent because of the peer", closed.Sent, closed.Received, closed.Began, code)
	}
	if got := websocket.CloseStatus(err); got != -1 {
		p.T.Errorf("CloseStatus is %d, but the peer sent no Close frame", got)
	}
	if code == websocket.StatusMessageTooBig {
		over, ok := errors.AsType[*websocket.LimitError](err)
		if !ok || !errors.Is(err, websocket.ErrMessageTooBig) || over.Size <= uint64(over.Limit) {
			p.T.Errorf("%v holds no LimitError that says so", err)
		}
	} else if broken, ok := errors.AsType[*websocket.ProtocolError](err); !ok || broken.Code != code {
		p.T.Errorf("%v holds no ProtocolError with %d", err, code)
	}
	reason := p.WantReply(code)
	if !strings.Contains(err.Error(), reason) || reason == "" {
		p.T.Errorf("the peer was told %q, the caller %q", reason, err)
	}
	wsplay.WantSticky(p.T, c, closed.Cause)
	_ = p.Close()
	synctest.Wait()
	wsplay.WantSticky(p.T, c, closed.Cause)
	wsplay.WantCause(p.T, "Close", c.Close(websocket.StatusNormalClosure, ""), closed.Cause)
	wsplay.WantCause(p.T, "CloseNow", c.CloseNow(), closed.Cause)
}
