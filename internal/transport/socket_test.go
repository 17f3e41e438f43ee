//go:build unix

package transport

import (
	"bytes"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// eachSocket runs a test of a socket of each kind.
func eachSocket(t *testing.T, test func(t *testing.T, s *Socket, far net.Conn)) {
	t.Helper()
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			near, far := pair(t, network)
			s := new(Socket)
			if New(near, s) != Transport(s) {
				t.Fatal("it is not driven as a socket")
			}
			defer s.Close()
			test(t, s, far)
		})
	}
}

// A socket holds no buffer while it waits, loses nothing when it is interrupted, and ends
// as net.Conn does.
func TestSocketReads(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) { testReads(t, s, far) })
}

// testReads holds for every transport over a descriptor.
func testReads(t *testing.T, s Transport, far net.Conn) {
	t.Helper()
	var b Buffer
	got := background(func() error { _, err := s.Fill(&b); return err })
	s.InterruptRead(true)
	wantIs(t, "Fill", <-got, os.ErrDeadlineExceeded)
	if b.data != nil {
		t.Error("it held a buffer while it waited")
	}
	wantIs(t, "Fill again", (<-fill(s)).err, os.ErrDeadlineExceeded)
	s.InterruptRead(false)
	text := strings.Repeat("t", 1000)
	send(t, far, text)
	wantFill(t, s, text)
	send(t, far, "more")
	p := make([]byte, 2)
	for _, want := range []string{"mo", "re"} {
		if n, err := s.Read(p); string(p[:n]) != want || err != nil {
			t.Errorf("%q, %v", p[:n], err)
		}
	}
	if !s.CloseWrite() {
		t.Error("CloseWrite")
	}
	if rest, err := io.ReadAll(far); len(rest) > 0 || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
	_ = far.Close()
	wantIs(t, "Fill at the end", (<-fill(s)).err, io.EOF)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wantIs(t, "Fill of what is closed", (<-fill(s)).err, net.ErrClosed)
	_, err := s.Write([]byte("x"), nil)
	wantIs(t, "Write to what is closed", err, net.ErrClosed)
	if s.CloseWrite() {
		t.Error("CloseWrite of what is closed")
	}
}

// An error of the system is told as net.Conn tells it.
func TestSocketIsReset(t *testing.T) {
	near, far := pair(t, "tcp")
	s := new(Socket)
	New(near, s)
	defer s.Close()
	send(t, near, "unread")
	_ = far.(*net.TCPConn).SetLinger(0)
	_ = far.Close()
	_, err := s.Read(make([]byte, 1))
	wantIs(t, "Read", err, syscall.ECONNRESET)
	if _, ok := err.(*net.OpError); !ok || !strings.Contains(err.Error(), near.RemoteAddr().String()) {
		t.Errorf("Read: %T %v", err, err)
	}
	for err = nil; err == nil; {
		_, err = s.Write([]byte("head"), []byte("tail"))
	}
	wantIs(t, "Write", err, syscall.EPIPE)
	if s.TryWrite([]byte("x")) != 0 {
		t.Error("something was sent")
	}
}

// A write that waits is interrupted, or ends by its limit, and tells how far it came.
func TestSocketWrites(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) {
		part := bytes.Repeat([]byte("x"), 1<<20)
		total := 0
		for n := 1; n > 0; total += n {
			n = s.TryWrite(part)
		}
		if total == 0 {
			t.Fatal("TryWrite sends nothing")
		}
		type result struct {
			n   int
			err error
		}
		write := func() <-chan result {
			return background(func() result { n, err := s.Write(part, part); return result{n, err} })
		}
		s.InterruptWrite(true)
		r := <-write()
		wantIs(t, "Write", r.err, os.ErrDeadlineExceeded)
		total += r.n
		s.InterruptWrite(false)
		s.LimitWrite(time.Now().Add(10 * time.Millisecond))
		r = <-write()
		wantIs(t, "Write with a limit", r.err, os.ErrDeadlineExceeded)
		total += r.n
		s.LimitWrite(time.Time{})
		all := write()
		arrived := background(func() int64 { n, _ := io.Copy(io.Discard, far); return n })
		if r = <-all; r.n != 2*len(part) || r.err != nil {
			t.Errorf("%d bytes, %v", r.n, r.err)
		}
		s.CloseWrite()
		if n := <-arrived; n != int64(total+r.n) {
			t.Errorf("%d bytes have arrived, %d were counted", n, total+r.n)
		}
	})
}

// A socket that was made blocking behind our back blocks nobody: the calls do not wait in
// the system, whatever mode it is in.
func TestSocketIsMadeBlocking(t *testing.T) {
	eachSocket(t, func(t *testing.T, s *Socket, far net.Conn) {
		f, err := s.Conn.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := syscall.SetNonblock(int(f.Fd()), false); err != nil {
			t.Fatal(err)
		}
		got := fill(s)
		s.InterruptRead(true)
		wantIs(t, "Fill", (<-got).err, os.ErrDeadlineExceeded)
		s.InterruptRead(false)
		for s.TryWrite(make([]byte, 1<<20)) > 0 {
		}
		done := background(func() error { _, err := s.Write([]byte("head"), make([]byte, 1<<20)); return err })
		s.InterruptWrite(true)
		wantIs(t, "Write", <-done, os.ErrDeadlineExceeded)
	})
}
