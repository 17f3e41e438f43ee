//go:build !race

package websocket

// The race detector makes sync.Pool forget at random, so these run without it.

import (
	"testing"

	"github.com/hawser-ws/websocket/conn"
)

// Writing allocates nothing, reading only what it returns.
func TestAllocations(t *testing.T) {
	for _, n := range []int{0, 100, 4096, 20_000} {
		c := newLoop(n)
		writer := newConn(c.nc, connParams{role: conn.Client})
		p := make([]byte, n)
		pm, err := NewPreparedMessage(BinaryMessage, p)
		if err != nil {
			t.Fatal(err)
		}
		for name, test := range map[string]struct {
			do   func() error
			most float64
		}{
			"ReadMessage":            {func() error { _, _, err := c.ReadMessage(); return err }, 1},
			"NextReader":             {func() error { _, _, err := c.NextReader(); return err }, 1},
			"WriteMessage, server":   {func() error { return c.WriteMessage(BinaryMessage, p) }, 0},
			"WriteMessage, client":   {func() error { return writer.WriteMessage(BinaryMessage, p) }, 0},
			"prepared, server":       {func() error { return c.WritePreparedMessage(pm) }, 0},
			"prepared, client":       {func() error { return writer.WritePreparedMessage(pm) }, 0},
			"NextWriter and its end": {func() error { w, _ := c.NextWriter(TextMessage); return w.Close() }, 1},
		} {
			if got := testing.AllocsPerRun(200, func() {
				if err := test.do(); err != nil {
					t.Fatal(err)
				}
			}); got > test.most {
				t.Errorf("%s, %d bytes: %v allocations, want at most %v", name, n, got, test.most)
			}
		}
	}
}
