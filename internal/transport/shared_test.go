package transport

import (
	"io"
	"net"
	"testing"
)

// nowhere is a stream without addresses.
type nowhere struct{ net.Conn }

func (nowhere) LocalAddr() net.Addr  { return nil }
func (nowhere) RemoteAddr() net.Addr { return nil }

// A stream of a shared connection waits in memory of its own, tells whose connection it is, and is
// interrupted by its deadlines.
func TestShared(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	s := NewShared(a)
	defer s.Close()
	shared := s.(interface {
		Addresses() (net.Addr, string)
	})
	if local, remote := shared.Addresses(); local != a.LocalAddr() || remote != a.RemoteAddr().String() {
		t.Errorf("%v, %q", local, remote)
	}
	if local, remote := NewShared(nowhere{a}).(*sharedConn).Addresses(); local != nil || remote != "" {
		t.Errorf("%v, %q", local, remote)
	}
	var buf Buffer
	s.InterruptRead(true)
	if _, err := s.Fill(&buf); !DeadlineExceeded(err) {
		t.Errorf("interrupted: %v", err)
	}
	s.InterruptRead(false)
	if buf.data != nil {
		t.Error("memory was borrowed for nothing")
	}
	go func() { _, _ = io.WriteString(b, "first"); _, _ = io.WriteString(b, "second") }()
	for _, want := range []string{"first", "firstsecond"} {
		if _, err := s.Fill(&buf); err != nil || string(buf.Bytes()) != want {
			t.Errorf("%q, %v", buf.Bytes(), err)
		}
	}
	buf.Discard()
	if _, ok := NewShared(shy{a}).(*pump); !ok {
		t.Error("a stream without deadlines is not pumped")
	}
}

// stopping is a stream that can ask the peer to stop.
type stopping struct {
	net.Conn
	stopped int
}

func (s *stopping) CloseRead() error { s.stopped++; return nil }

func TestSharedAbortsRequest(t *testing.T) {
	a, _ := net.Pipe()
	defer a.Close()
	s := &stopping{Conn: a}
	NewShared(s).(*sharedConn).AbortRequest()
	NewShared(a).(*sharedConn).AbortRequest() // it cannot
	if s.stopped != 1 {
		t.Errorf("stopped %d times", s.stopped)
	}
}
