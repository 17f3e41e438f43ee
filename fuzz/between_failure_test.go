package fuzz_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/wstest"
)

// An application that closes at the moment in which its peer breaks a rule: if it was
// the peer who ended the connection, the Close frame says so. FuzzBetween saw it say
// 1000, when the state changed between two looks at it.
func TestCloseMeetsViolation(t *testing.T) {
	wrong := naive.Encode(naive.Frame{FIN: true, Opcode: 3, Masked: true})
	for i := range 5000 {
		stream, peer := wstest.NetPipe(0)
		c := websocket.NewConn(stream, websocket.RoleServer, &websocket.ConnOptions{Buffered: wrong})
		var both sync.WaitGroup
		var ready atomic.Int32
		together := func() {
			for ready.Add(1); ready.Load() < 2; {
				runtime.Gosched()
			}
		}
		var err error
		both.Go(func() {
			together()
			_, _, err = c.Read(context.Background())
		})
		both.Go(func() {
			together()
			for range i % 50 {
				_ = c.Subprotocol() // a moment
			}
			_ = c.BeginClose(context.Background(), websocket.StatusNormalClosure, "")
		})
		both.Wait()
		_ = peer.(interface{ CloseWrite() error }).CloseWrite()
		_ = c.Close(websocket.StatusNormalClosure, "")
		wire, _ := io.ReadAll(peer)
		_ = peer.Close()
		f, _ := naive.Decode(wire)
		code, _, _ := naive.Close(f.Payload)
		ended, _ := errors.AsType[*websocket.ClosedError](err)
		want := 1002
		if ended.Began == websocket.SideLocal {
			want = 1000
		}
		if code != want {
			t.Fatalf("%v: %v began, and code %d was sent", err, ended.Began, code)
		}
	}
}
