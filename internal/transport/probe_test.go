//go:build unix

package transport

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
	var s Socket
	if New(near, &s) != Transport(&s) {
		t.Fatal("it is not driven as a socket")
	}
	defer s.Close()
	var b Buffer
	defer b.Discard()
	s.inline = &inlineLoop{}
	if !s.inline.skipProbe(&s) {
		t.Fatal("the probe is not skipped")
	}
	_ = near.SetReadDeadline(past) // the time is over
	if _, err := far.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Fill(&b); n != 1 || err != nil {
		t.Errorf("%d, %v after the deadline of a loop", n, err)
	}
	_ = near.SetReadDeadline(past)
	if _, err := s.Fill(&b); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v after a deadline of somebody else", err)
	}
}
