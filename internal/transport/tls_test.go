package transport

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"strings"
	"testing"
)

func tlsOver(t *testing.T, network string) (s Transport, far *tls.Conn) {
	t.Helper()
	a, b := pair(t, network)
	near, far := overTLS(t, a, b)
	s = New(near, new(Socket))
	t.Cleanup(func() { _ = s.Close() })
	return s, far
}

// Records of every size are read. While one is waited for there is no buffer of ours. The
// rest of a frame goes behind what is there.
func TestTLSReads(t *testing.T) {
	s, far := tlsOver(t, "tcp")
	for _, n := range []int{1, 495, 496, 497, 10_000, 100_000} {
		text := strings.Repeat("t", n)
		done := background(func() error { _, err := io.WriteString(far, text); return err })
		wantFill(t, s, text)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	var b Buffer
	got := background(func() error { _, err := s.Fill(&b); return err })
	s.InterruptRead(true)
	wantIs(t, "Fill", <-got, os.ErrDeadlineExceeded)
	if b.data != nil {
		t.Error("it held a buffer while it waited")
	}
	s.InterruptRead(false)
	put(t, &b, "begun ")
	send(t, far, "rest")
	if _, err := s.Fill(&b); err != nil || string(b.Bytes()) != "begun rest" {
		t.Errorf("%q, %v", b.Bytes(), err)
	}
	b.Discard()
	send(t, far, "more")
	p := make([]byte, 10)
	if n, err := s.Read(p); string(p[:n]) != "more" || err != nil {
		t.Errorf("%q, %v", p[:n], err)
	}
}

// The end of our direction is that of TLS and of TCP; the peer's stays.
func TestTLSClosesWrite(t *testing.T) {
	s, far := tlsOver(t, "tcp")
	if !s.CloseWrite() {
		t.Fatal("CloseWrite")
	}
	if got, err := io.ReadAll(far); len(got) > 0 || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if n, err := far.NetConn().Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("TCP has not ended: %d, %v", n, err)
	}
	send(t, far, "still")
	wantFill(t, s, "still")
	a, _ := pair(t, "tcp")
	early := New(tls.Server(a, &tls.Config{}), new(Socket))
	if early.CloseWrite() {
		t.Error("CloseWrite before the handshake")
	}
}

// Close ends a read and does not wait for a peer that does not read.
func TestTLSCloses(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		s, _ := tlsOver(t, network)
		got := fill(s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if r := <-got; r.err == nil {
			t.Errorf("Fill has read %q", r.text)
		}
	}
	// Also where Close of the stream beneath ends no read.
	a, b := net.Pipe()
	defer b.Close()
	near, _ := overTLS(t, deaf{a}, b)
	s := New(near, new(Socket))
	got := fill(s)
	_ = s.Close()
	wantIs(t, "Fill", (<-got).err, os.ErrDeadlineExceeded)
	_ = a.Close()
}

// deaf is a stream whose Close ends no read, as that of yamux does not.
type deaf struct{ net.Conn }

func (deaf) Close() error { return nil }

func TestNetConnCloses(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	s := New(deaf{a}, new(Socket))
	got := fill(s)
	_ = s.Close()
	wantIs(t, "Fill", (<-got).err, os.ErrDeadlineExceeded)
}
