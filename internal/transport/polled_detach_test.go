//go:build linux

package transport

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
)

// What cannot leave package net stays as it is.
func TestDriveRefuses(t *testing.T) {
	pipe, end := net.Pipe()
	defer end.Close()
	plain, far := pair(t, "tcp")
	secure, _ := overTLS(t, plain, far)
	near, far := pair(t, "tcp")
	before, _ := pair(t, "tcp")
	closed, _ := pair(t, "tcp")
	lost, _ := pair(t, "tcp")
	var s, none Socket
	New(closed, &s)
	_ = s.Close()
	none.init(lost, lost.(*net.TCPConn))
	_ = lost.Close()
	for name, test := range map[string]struct {
		t    Transport
		want error
	}{
		"a pipe":                  {New(pipe, new(Socket)), errNoDetach},
		"TLS that is not on ours": {New(secure, new(Socket)), errNoDetach},
		"TLS before handshake":    {New(tls.Server(Movable(near), &tls.Config{}), new(Socket)), errNoDetach},
		"bytes before":            {Preload(New(before, new(Socket)), new(Buffer), make([]byte, readSize+1)), errNoDetach},
		"a closed socket":         {&s, net.ErrClosed},
		"a socket closed below":   {&none, net.ErrClosed},
		"a moved one, closed":     {&netConn{Movable(lost)}, net.ErrClosed},
	} {
		if can := CanDrive(test.t); can && test.want == errNoDetach && name != "TLS before handshake" {
			t.Errorf("%s: CanDrive says that it can be driven", name)
		}
		if d, _, err := Drive(test.t, new(Polled), nil); d != nil {
			t.Errorf("%s: it is driven", name)
		} else {
			wantIs(t, name, err, test.want)
		}
	}
	_, err := Detach(&net.TCPConn{})
	wantIs(t, "Detach", err, syscall.EINVAL)
	_, err = Detach(pipe)
	wantIs(t, "Detach", err, errNoDetach)
	send(t, near, "still here")
	if _, err := io.ReadFull(far, make([]byte, 10)); err != nil {
		t.Error(err)
	}
}

// A socket that stood behind bytes is driven once they have been read, and a Movable is driven
// without TLS as well.
func TestDriveWithout(t *testing.T) {
	near, far := pair(t, "tcp")
	under := New(near, new(Socket))
	before := strings.Repeat("b", readSize+1)
	s := Preload(under, new(Buffer), []byte(before))
	wantFill(t, s, before)
	other, otherFar := pair(t, "unix")
	for s, far := range map[Transport]net.Conn{s: far, New(Movable(other), new(Socket)): otherFar} {
		if !CanDrive(s) {
			t.Error("CanDrive says that it cannot be driven")
		}
		w := &watched{}
		d, fd, err := Drive(s, new(Polled), w)
		if err != nil {
			t.Fatal(err)
		}
		if w.fd = fd; d.TryWrite([]byte("hello")) != 5 {
			t.Error("nothing was sent")
		}
		if p := make([]byte, 5); true {
			if _, err := io.ReadFull(far, p); string(p) != "hello" {
				t.Errorf("%q, %v", p, err)
			}
		}
		_ = d.Close()
		d.FreeRead()
		d.FreeWrite()
	}
}

// A socket on which a loop runs inline stays where it is; one that such a loop has left leaves no
// descriptor behind.
func TestDriveAfterInline(t *testing.T) {
	near, far := pair(t, "tcp")
	s := new(Socket)
	New(near, s)
	var b Buffer
	inBody, leave := make(chan bool), make(chan bool)
	ended := background(func() error {
		return s.RunInline(&b, func() bool {
			b.Discard()
			s.Release()
			inBody <- true
			return <-leave // as a body that is outside the gate
		})
	})
	send(t, far, "first")
	<-inBody
	_, _, err := Drive(s, new(Polled), nil)
	wantIs(t, "Drive in the body", err, errInBody)
	got := fill(s) // by a duplicate
	send(t, far, "second")
	if r := <-got; r.text != "second" {
		t.Errorf("%q, %v", r.text, r.err)
	}
	leave <- false
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if s.state.Load() != socketDoubled {
		t.Fatal("there is no duplicate: the test tests nothing")
	}
	w := &watched{}
	d, fd, err := Drive(s, new(Polled), w)
	if err != nil {
		t.Fatal(err)
	}
	w.fd = fd
	if s.inline.dupFD.Load() != nil {
		t.Error("the duplicate is left")
	}
	_, err = s.Read(make([]byte, 1))
	wantIs(t, "Read of what was left", err, net.ErrClosed)
	send(t, far, "third")
	for err := ErrAgain; err == ErrAgain; _, err = d.TryFill(&b) {
		d.Ready(Readable)
	}
	wantBytes(t, &b, "third")
	b.Discard()
	_ = d.Close()
	d.FreeRead()
	d.FreeWrite()
}
