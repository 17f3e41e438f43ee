package attack_test

import (
	"context"
	"sync"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// inbox is the Receiver of a connection on a Loop. The test takes what has come out of it, as a
// caller of Read does.
type inbox struct {
	mu       sync.Mutex
	changed  sync.Cond
	messages []websocket.Message
	err      error // that Closed was called with
}

// inboxes are those of the connections on a Loop.
var inboxes sync.Map // of *websocket.Conn

// onLoop connects an engine to a peer as [wsplay.Pipe] does, and has a Loop drive it in turns.
func onLoop(t *testing.T, role websocket.Role, opts *websocket.ConnOptions) (*websocket.Conn, *wsplay.Peer) {
	t.Helper()
	near, other := wstest.NetPipe(0)
	c := websocket.NewConn(wsplay.Reporting(near, wsplay.Cuts{}), role, opts)
	p := wsplay.NewPeer(t, role, other)
	in := new(inbox)
	in.changed.L = &in.mu
	inboxes.Store(c, in)
	loop := &websocket.Loop{Closed: func(_ *websocket.Conn, _ websocket.Receiver, err error) { in.close(err) }}
	if err := loop.Add(c, in); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Close()
		_ = c.CloseNow()
		p.Floods.Wait()
		if err := loop.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		inboxes.Delete(c)
	})
	return c, p
}

func (in *inbox) Receive(_ context.Context, _ *websocket.Conn, m websocket.Message) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.messages = append(in.messages, websocket.Message{Type: m.Type, Data: append([]byte{}, m.Data...)})
	in.changed.Broadcast()
	return nil
}

func (in *inbox) close(err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.err = err
	in.changed.Broadcast()
}

func (in *inbox) next(ctx context.Context) (websocket.MessageType, []byte, error) {
	defer context.AfterFunc(ctx, func() {
		in.mu.Lock()
		defer in.mu.Unlock()
		in.changed.Broadcast()
	})()
	in.mu.Lock()
	defer in.mu.Unlock()
	for len(in.messages) == 0 && in.err == nil && ctx.Err() == nil {
		in.changed.Wait()
	}
	switch {
	case len(in.messages) > 0:
	case in.err != nil:
		return 0, nil, in.err
	default:
		return 0, nil, ctx.Err()
	}
	m := in.messages[0]
	in.messages = in.messages[1:]
	return m.Type, m.Data, nil
}

// read waits for the next message, by Read or from the Loop.
func read(t *testing.T, c *websocket.Conn) (websocket.MessageType, []byte, error) {
	t.Helper()
	return readUntil(wsplay.Patience(t), c)
}

// readUntil is read with a context.
func readUntil(ctx context.Context, c *websocket.Conn) (websocket.MessageType, []byte, error) {
	if in := inboxOf(c); in != nil {
		return in.next(ctx)
	}
	return c.Read(ctx)
}

// inboxOf returns nil for a connection that is not on a Loop.
func inboxOf(c *websocket.Conn) *inbox {
	in, _ := inboxes.Load(c)
	i, _ := in.(*inbox)
	return i
}

// wantRead reads the next message and compares it.
func wantRead(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	if _, p, err := read(t, c); string(p) != want || err != nil {
		t.Fatalf("read %d bytes %.40q, %v; want %d %.40q", len(p), p, err, len(want), want)
	}
}

// readWhole and readPieces are the two ways in which a compressed message is read. On a Loop there
// is one.
var readWhole, readPieces = orFromLoop(wsplay.ReadWhole), orFromLoop(wsplay.ReadPieces)

type readWay = func(ctx context.Context, c *websocket.Conn) (string, error)

func orFromLoop(way readWay) readWay {
	return func(ctx context.Context, c *websocket.Conn) (string, error) {
		if in := inboxOf(c); in != nil {
			_, p, err := in.next(ctx)
			return string(p), err
		}
		return way(ctx, c)
	}
}
