package websocket

import (
	"context"
	"net"
	"testing"
	"time"
)

// sinkConn counts what is written to it. Nothing can be read.
type sinkConn struct {
	net.Conn
	writes, bytes int
}

func (s *sinkConn) Write(p []byte) (int, error)      { s.writes++; s.bytes += len(p); return len(p), nil }
func (s *sinkConn) Close() error                     { return nil }
func (s *sinkConn) SetReadDeadline(time.Time) error  { return nil }
func (s *sinkConn) SetWriteDeadline(time.Time) error { return nil }

// A message that may wait does not keep a pong waiting, whichever came first.
func TestBatchDoesNotHoldPongs(t *testing.T) {
	for _, held := range []string{"", "held before"} {
		sink := &sinkConn{}
		c := NewConn(sink, RoleServer, nil)
		ctx := context.Background()
		want := 2 + len("ping") + 2 + len("more")
		if held != "" {
			if err := c.Batch().Write(ctx, MessageText, []byte(held)); err != nil || sink.writes != 0 {
				t.Fatal(sink.writes, err)
			}
			want += 2 + len(held)
		}
		// The pong finds the gate taken, so that the next to write has to send it.
		c.out.gate.TryLock()
		c.out.queuePong([]byte("ping"))
		c.out.gate.Unlock()
		if err := c.Batch().Write(ctx, MessageText, []byte("more")); err != nil {
			t.Fatal(err)
		}
		if sink.writes != 1 || sink.bytes != want {
			t.Errorf("held %q: %d writes of %d bytes, want 1 of %d", held, sink.writes, sink.bytes, want)
		}
		_ = c.CloseNow()
	}
}
