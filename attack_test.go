package websocket_test

import (
	"errors"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
)

// The attacks of a checklist drawn from the published advisories of WebSocket
// implementations, by file: what a peer, an attacker or a bad network will send. A
// test is named by its line of the list. Each is run against the server and the
// client, whose other end is played by hand, octet by octet, through
// internal/naive. Those on the headers of the opening handshake are in package
// handshake.

// attack runs a test against each role, as eachRole does. opts may be nil.
func attack(t *testing.T, name string, opts *websocket.ConnOptions, test func(t *testing.T, c *websocket.Conn, p *peer)) {
	t.Helper()
	forRoles(t, name+"/", func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, opts, 0)
		test(t, c, p)
	})
}

// refused says that the peer was refused with code: on the wire, in the error of
// the call that met it, and in every call from then on.
func (p *peer) refused(c *websocket.Conn, err error, code websocket.StatusCode) {
	p.t.Helper()
	closed := wantClosed(p.t, err)
	if closed.Sent == nil || closed.Sent.Code != code || closed.Received != nil || closed.Began != websocket.SideRemote {
		p.t.Errorf("sent %v, received %v, began by %v; want %d sent because of the peer", closed.Sent, closed.Received, closed.Began, code)
	}
	if got := websocket.CloseStatus(err); got != -1 {
		p.t.Errorf("CloseStatus is %d, but the peer sent no Close frame", got)
	}
	if code == websocket.StatusMessageTooBig {
		over, ok := errors.AsType[*websocket.LimitError](err)
		if !ok || !errors.Is(err, websocket.ErrMessageTooBig) || over.Size <= uint64(over.Limit) {
			p.t.Errorf("%v holds no LimitError that says so", err)
		}
	} else if broken, ok := errors.AsType[*websocket.ProtocolError](err); !ok || broken.Code != code {
		p.t.Errorf("%v holds no ProtocolError with %d", err, code)
	}
	reason := p.wantReply(code)
	if !strings.Contains(err.Error(), reason) || reason == "" {
		p.t.Errorf("the peer was told %q, the caller %q", reason, err)
	}
	sticks(p.t, c, closed.Cause)
	_ = p.Close()
	synctest.Wait()
	sticks(p.t, c, closed.Cause)
	wantCause(p.t, "Close", c.Close(websocket.StatusNormalClosure, ""), closed.Cause)
	wantCause(p.t, "CloseNow", c.CloseNow(), closed.Cause)
}

func wantClosed(t *testing.T, err error) *websocket.ClosedError {
	t.Helper()
	closed, ok := errors.AsType[*websocket.ClosedError](err)
	if !ok || !errors.Is(err, net.ErrClosed) {
		t.Fatalf("got %v, want a ClosedError that is net.ErrClosed", err)
	}
	return closed
}

func wantCause(t *testing.T, call string, err, cause error) {
	t.Helper()
	if got := wantClosed(t, err).Cause; got != cause {
		t.Errorf("%s: %v, because of %v; want because of %v", call, err, got, cause)
	}
}

// sticks says that every call fails for the same cause, at once.
func sticks(t *testing.T, c *websocket.Conn, cause error) {
	t.Helper()
	ctx := patience(t)
	begin := time.Now()
	for range 2 {
		_, _, err := c.Read(ctx)
		wantCause(t, "Read", err, cause)
		_, got, err := c.ReadInto(ctx, []byte("as it was"))
		wantCause(t, "ReadInto", err, cause)
		if string(got) != "as it was" {
			t.Errorf("ReadInto changed the slice to %q", got)
		}
		_, _, err = c.Reader(ctx)
		wantCause(t, "Reader", err, cause)
		_, err = c.Writer(ctx, websocket.MessageText)
		wantCause(t, "Writer", err, cause)
		wantCause(t, "Write", c.Write(ctx, websocket.MessageText, []byte("x")), cause)
		wantCause(t, "WritePrepared", c.WritePrepared(ctx, framed), cause)
		wantCause(t, "Batch.Write", c.Batch().Write(ctx, websocket.MessageText, []byte("x")), cause)
		wantCause(t, "Ping", c.Ping(ctx), cause)
		for _, err := range c.Messages(ctx) {
			wantCause(t, "Messages", err, cause)
		}
	}
	if waited := time.Since(begin); waited != 0 {
		t.Errorf("calls on a connection that has failed waited for %v", waited)
	}
}

var framed = websocket.Prepare(websocket.MessageBinary, []byte("prepared"))

// allocated returns how many octets f has the program allocate.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// little is what may be allocated for a peer that has sent nothing but words:
// 64 KiB of room, and as much for everything else. A program with the race
// detector in it allocates the room twice.
var little = 64<<10 + allocated(func() { room = slices.Grow([]byte(nil), 64<<10) })

var room []byte
