//go:build unix

package websocket

import (
	"errors"
	"net"
	"os"
	"testing"
)

// A loop that leaves its socket leaves there the deadline by which it would have looked
// whether the stream has ended. It is no timeout to whoever reads next.
func TestDeadlineOfALoopThatHasLeft(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := NewConn(near, RoleServer, nil)
	defer c.CloseNow()
	s := &c.socket
	s.residence = &residence{}
	if !s.residence.trust(s) {
		t.Fatal("the socket is not trusted")
	}
	_ = near.SetReadDeadline(past) // the time is over
	if _, err := far.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if n, err := s.fill(&c.in.buf); n != 1 || err != nil {
		t.Errorf("%d, %v after the deadline of a loop", n, err)
	}
	_ = near.SetReadDeadline(past)
	if _, err := s.fill(&c.in.buf); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v after a deadline of somebody else", err)
	}
}
