//go:build unix && !race

// The race detector makes sync.Pool forget at random, so this runs without it.

package transport

import (
	"io"
	"net"
	"testing"
)

// Reads and writes allocate nothing.
func TestSocketAllocates(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) {
		var b Buffer
		head, tail, p := []byte("head"), []byte("tail"), make([]byte, 8)
		cycle := func() {
			_, err1 := far.Write(head)
			_, err2 := s.Fill(&b)
			b.Consume(b.Buffered())
			b.Release()
			_, err3 := s.Write(head, tail)
			_, err4 := io.ReadFull(far, p)
			if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
				t.Fatal(err1, err2, err3, err4)
			}
		}
		cycle()
		if n := testing.AllocsPerRun(100, cycle); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
