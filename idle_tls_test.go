//go:build !race

package websocket_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// A connection over TLS that has received a message of 1 KiB holds no more memory
// afterwards than one that has received one of a few bytes.
func TestIdleMemoryTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const conns = 200
		large := bytes.Repeat([]byte("x"), 1<<10)
		var peers []*websocket.Conn
		for range conns {
			a, b := wstest.NetPipe(0)
			near, other := wsplay.TLSPair(t, a, b)
			for range 2 { // what crypto/tls and the pipe grow to
				exchange(t, near, other, large)
				exchange(t, other, near, large)
			}
			c := websocket.NewConn(near, websocket.RoleServer, nil)
			wsplay.Echo(context.Background(), c, func(string) {})
			peers = append(peers, websocket.NewConn(other, websocket.RoleClient, nil))
		}
		echo := func(message []byte) {
			for _, p := range peers {
				if err := p.Write(t.Context(), websocket.MessageText, message); err != nil {
					t.Fatal(err)
				}
				if _, got, err := p.Read(t.Context()); err != nil || !bytes.Equal(got, message) {
					t.Fatalf("%d bytes, %v", len(got), err)
				}
			}
			synctest.Wait()
		}
		echo([]byte("few bytes"))
		before := heap()
		echo(large)
		if each := (heap() - before) / conns; each > 1<<10 {
			t.Errorf("%d bytes for each idle connection after a message of 1 KiB", each)
		}
		for _, p := range peers {
			_ = p.CloseNow()
		}
	})
}

// exchange sends p from one end to the other.
func exchange(t *testing.T, from, to net.Conn, p []byte) {
	t.Helper()
	sent := wsplay.Go(func() error { _, err := from.Write(p); return err })
	if _, err := io.ReadFull(to, make([]byte, len(p))); err != nil {
		t.Fatal(err)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
}

// heap returns what is in use of it, without what pools hold.
func heap() int {
	runtime.GC() // twice: a pool gives up its memory in two steps
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
