//go:build linux

package eventloop

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What a peer sends arrives, and the end of the stream after it.
func TestReading(t *testing.T) {
	l := newLoop(t)
	got := newList[string]()
	ours, theirs := pair(t)
	s := &stub{}
	s.turn = func(ev Events) bool {
		all, end := drain(ours)
		got.add(all)
		if end {
			got.add("end")
		}
		return false
	}
	if err := l.Add(ours, &s.Member, s); err != nil {
		t.Fatal(err)
	}
	defer s.Remove()
	if l.Len() != 1 {
		t.Fatal(l.Len())
	}
	joined := func(want string) func([]string) bool {
		return func(all []string) bool { return strings.Join(all, "") == want }
	}
	got.atLeast(1) // the first event
	send(t, theirs, "one ")
	got.until(joined("one "))
	send(t, theirs, "two ")
	got.until(joined("one two "))
	if err := unix.Shutdown(theirs, unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	got.until(joined("one two end"))
	s.Remove()
	if l.Len() != 0 {
		t.Fatal(l.Len())
	}
}
