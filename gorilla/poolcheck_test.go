//go:build poolcheck

package websocket

import (
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// TestMain looks whether all tests together gave nothing back twice, or to a pool that had
// not lent it.
func TestMain(m *testing.M) {
	code := m.Run()
	if faults := poolcheck.Faults(); len(faults) > 0 {
		fmt.Printf("given back and not lent: %q\n", faults)
		code = 1
	}
	os.Exit(code)
}

func out() (n int) {
	for _, l := range poolcheck.All() {
		n += l.Out
	}
	return n
}

// What a connection has borrowed is given back when its messages have been read and its
// writers closed, and when its reads have failed, wherever that was.
func TestPoolCheckOfConnections(t *testing.T) {
	before := out()
	for _, terms := range []*deflateTerms{nil, noContext} {
		eachRole(t, terms, func(t *testing.T, c, peer *Conn) {
			if err := peer.WriteMessage(BinaryMessage, []byte(noise(70_000))); err != nil {
				t.Fatal(err)
			}
			wantMessage(t, c, BinaryMessage, noise(70_000))
			w, err := peer.NextWriter(BinaryMessage)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				_, _ = io.WriteString(w, noise(70_000))
			}
			_, r, err := c.NextReader()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(r, make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if w, err = peer.NextWriter(BinaryMessage); err != nil { // of which half arrives
				t.Fatal(err)
			}
			_, _ = io.WriteString(w, noise(100_000))
			peer.Close()
			_ = w.Close()
			_, _, err = c.ReadMessage()
			for range 3 {
				_, _, err = c.ReadMessage()
			}
			if !IsCloseError(err, CloseAbnormalClosure) {
				t.Errorf("%v", err)
			}
			_, _, _ = peer.ReadMessage()
		})
	}
	// The last write of each, which has failed, keeps its outbox: see loan.giveBack.
	if n := out() - before; n > 4 {
		t.Errorf("%d values are out: %+v", n, poolcheck.All())
	}
}
