package transport

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// halting returns from so many reads with nothing before each that brings something.
type halting struct {
	net.Conn
	empty, left int
}

func (h *halting) Read(p []byte) (int, error) {
	if h.left--; h.left >= 0 {
		return 0, nil
	}
	h.left = h.empty
	return h.Conn.Read(p)
}

// A read that brought nothing and no error means that nothing happened, a few times.
func TestEmptyReads(t *testing.T) {
	for name, drive := range map[string]func(h *halting) Transport{
		"net.Conn": func(h *halting) Transport { return New(h, new(Socket)) },
		"stream":   func(h *halting) Transport { return New(stream{h}, new(Socket)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				s := drive(&halting{near, emptyReads - 1, emptyReads - 1})
				for range 3 {
					got := fill(s)
					send(t, far, "a")
					if r := <-got; r.text != "a" || r.err != nil {
						t.Errorf("%q, %v", r.text, r.err)
					}
				}
				_ = s.Close()
				_ = far.Close()

				near, far = net.Pipe()
				s = drive(&halting{near, emptyReads, emptyReads})
				wantIs(t, "a stream that never brings anything", (<-fill(s)).err, io.ErrNoProgress)
				_ = s.Close()
				_ = far.Close()
			})
		})
	}
}

// eager returns its error together with bytes.
type eager struct {
	net.Conn
	left string
}

func (e *eager) Read(p []byte) (int, error) {
	n := copy(p, e.left)
	e.left = e.left[n:]
	return n, io.EOF
}

// Bytes that come together with an error are not lost, nor is the error.
func TestErrorWithBytes(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	s := New(&eager{near, "last"}, new(Socket))
	defer s.Close()
	wantFill(t, s, "last")
	_, err := s.Read(make([]byte, 1))
	wantIs(t, "Read", err, io.EOF)
}

// A read that is interrupted loses nothing; it goes on when the interruption ends. So
// does a write.
func TestNetConnIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		s := New(near, new(Socket))
		defer s.Close()
		got := fill(s)
		synctest.Wait()
		s.InterruptRead(true)
		wantIs(t, "Fill", (<-got).err, os.ErrDeadlineExceeded)
		wantIs(t, "Fill again", (<-fill(s)).err, os.ErrDeadlineExceeded)
		s.InterruptRead(false)
		got = fill(s)
		send(t, far, "text")
		if r := <-got; r.text != "text" || r.err != nil {
			t.Errorf("%q, %v", r.text, r.err)
		}

		type result struct {
			n   int
			err error
		}
		written := background(func() result { n, err := s.Write([]byte("head"), []byte("tail")); return result{n, err} })
		var p [6]byte
		_, _ = io.ReadFull(far, p[:])
		synctest.Wait()
		s.InterruptWrite(true)
		if r := <-written; r.n != 6 || !DeadlineExceeded(r.err) {
			t.Errorf("%d bytes written, %v", r.n, r.err)
		}
		s.InterruptWrite(false)
		s.LimitWrite(time.Now().Add(time.Second))
		_, err := s.Write(nil, []byte("il"))
		wantIs(t, "Write with a limit", err, os.ErrDeadlineExceeded)
		s.LimitWrite(time.Time{})
		done := background(func() error { _, err := s.Write([]byte("il"), nil); return err })
		_, _ = io.ReadFull(far, p[:2])
		if err := <-done; err != nil || string(p[:]) != "ilad"+"ta" {
			t.Errorf("%q, %v", p, err)
		}
		if s.TryWrite([]byte("x")) != 0 || s.CloseWrite() {
			t.Error("a pipe can neither say whether it would wait nor close a direction")
		}
	})
}

// stuck fails writes with an error of its own for deadlines, as streams of yamux and smux
// do.
type stuck struct {
	net.Conn
	err error
}

func (s *stuck) Write([]byte) (int, error) { return 0, s.err }

// A write that timed out by another error than net.Conn speaks of cannot go on; one over
// TLS never can.
func TestWriteCut(t *testing.T) {
	for _, test := range []struct {
		err      error
		cut, tls bool
	}{
		{timeout{}, true, true},
		{os.ErrDeadlineExceeded, false, true},
		{io.ErrClosedPipe, false, false},
	} {
		near, far := net.Pipe()
		s := New(&stuck{near, test.err}, new(Socket))
		_, err := s.Write([]byte("head"), nil)
		wantIs(t, "Write", err, test.err)
		if cut := strings.HasPrefix(err.Error(), ErrWriteCut.Error()); cut != test.cut {
			t.Errorf("%v: cut is %v", err, cut)
		}
		secure := &tlsConn{netConn: netConn{&stuck{near, test.err}}}
		_, err = secure.Write([]byte("head"), nil)
		wantIs(t, "Write", err, test.err)
		if cut := strings.HasPrefix(err.Error(), ErrWriteCut.Error()); cut != test.tls {
			t.Errorf("over TLS %v: cut is %v", err, cut)
		}
		_ = near.Close()
		_ = far.Close()
	}
}

// Both parts of a write arrive, on whatever stream, however large.
func TestWriteBothParts(t *testing.T) {
	tcp := func(t *testing.T) (near, far net.Conn) { return pair(t, "tcp") }
	for name, streams := range map[string]func(t *testing.T) (near io.ReadWriteCloser, far net.Conn){
		"TCP":      func(t *testing.T) (io.ReadWriteCloser, net.Conn) { return tcp(t) },
		"Unix":     func(t *testing.T) (io.ReadWriteCloser, net.Conn) { return pair(t, "unix") },
		"net.Conn": func(t *testing.T) (io.ReadWriteCloser, net.Conn) { a, b := tcp(t); return wrapped{a}, b },
		"stream":   func(t *testing.T) (io.ReadWriteCloser, net.Conn) { a, b := tcp(t); return stream{a}, b },
		"TLS": func(t *testing.T) (io.ReadWriteCloser, net.Conn) {
			a, b := tcp(t)
			return overTLS(t, a, b)
		},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := streams(t)
			s := New(near, new(Socket))
			defer s.Close()
			for _, sizes := range [][2]int{{1, 0}, {0, 1}, {100, 100}, {10, 4 << 20}, {1 << 20, 1 << 20}} {
				head, tail := bytes.Repeat([]byte("h"), sizes[0]), bytes.Repeat([]byte("t"), sizes[1])
				written := background(func() int {
					n, err := s.Write(head, tail)
					if err != nil {
						t.Error(err)
					}
					return n
				})
				got := make([]byte, len(head)+len(tail))
				if _, err := io.ReadFull(far, got); err != nil {
					t.Fatal(err)
				}
				if n := <-written; n != len(got) || string(got) != string(head)+string(tail) {
					t.Errorf("%v: %d bytes written", sizes, n)
				}
			}
		})
	}
}

// miscounting is a net.Conn that writes all it is given and reports something else.
type miscounting struct {
	net.Conn
	by  int
	err error
}

func (c *miscounting) Write(p []byte) (int, error) { return max(0, len(p)+c.by), c.err }

// A writer may report the size of what it has made of its bytes, or 0.
func TestMiscountedWrites(t *testing.T) {
	broken := errors.New("broken")
	for _, by := range []int{-1000, -3, 0, 5} {
		for _, tail := range []string{"", "tail"} {
			all := 4 + len(tail)
			for _, s := range []Transport{Plain(&miscounting{by: by}, new(Socket)), &netConn{&miscounting{by: by}}} {
				if n, err := s.Write([]byte("head"), []byte(tail)); n != all || err != nil {
					t.Errorf("%d more of %d bytes: %d, %v", by, all, n, err)
				}
			}
			if by >= 0 { // a pump reports io.ErrShortWrite
				p := newPump(&miscounting{by: by}, nil)
				if n, err := p.Write([]byte("head"), []byte(tail)); n != all || err != nil {
					t.Errorf("pump, %d more of %d bytes: %d, %v", by, all, n, err)
				}
			}
			s := Plain(&miscounting{by: by, err: broken}, new(Socket))
			if n, err := s.Write([]byte("head"), []byte(tail)); n < 0 || n > all || err != broken {
				t.Errorf("%d more of %d bytes, and an error: %d, %v", by, all, n, err)
			}
		}
	}
}
