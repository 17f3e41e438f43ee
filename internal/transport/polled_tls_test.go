//go:build linux

package transport

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Before it is moved it is the socket that it stands for.
func TestMovable(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		near, far := pair(t, network)
		m := Movable(near)
		if m == near {
			t.Fatalf("%s: it cannot be moved", network)
		}
		if m.LocalAddr() != near.LocalAddr() || m.RemoteAddr() != near.RemoteAddr() {
			t.Errorf("%s: %v, %v", network, m.LocalAddr(), m.RemoteAddr())
		}
		for name, set := range map[string]func(time.Time) error{"SetDeadline": m.SetDeadline, "SetReadDeadline": m.SetReadDeadline} {
			if err := set(past); err != nil {
				t.Errorf("%s: %s: %v", network, name, err)
			}
			_, err := m.Read(make([]byte, 1))
			wantIs(t, name, err, os.ErrDeadlineExceeded)
			_ = set(time.Time{})
		}
		if err := m.SetWriteDeadline(past); err != nil {
			t.Error(err)
		}
		_, err := m.Write([]byte("x"))
		wantIs(t, "Write", err, os.ErrDeadlineExceeded)
		_ = m.SetWriteDeadline(time.Time{})
		send(t, m, "hello")
		if !closeWrite(m) {
			t.Errorf("%s: CloseWrite", network)
		}
		if got, err := io.ReadAll(far); string(got) != "hello" || err != nil {
			t.Errorf("%s: %q, %v", network, got, err)
		}
		if raw, err := m.(syscall.Conn).SyscallConn(); err != nil || raw.Control(func(uintptr) {}) != nil {
			t.Errorf("%s: SyscallConn: %v", network, err)
		}
		shutDown(m)
		if n, err := m.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("%s: CloseRead: %d, %v", network, n, err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	p, _ := net.Pipe()
	if Movable(p) != p {
		t.Error("a pipe can be moved")
	}
}

// collected is a net.Conn that keeps what is written, if it is on.
type collected struct {
	net.Conn
	on bool
	p  []byte
}

func (c *collected) Write(p []byte) (int, error) {
	if !c.on {
		return c.Conn.Write(p)
	}
	c.p = append(c.p, p...)
	return len(p), nil
}

// tlsPair connects two ends of TLS whose near one can be moved.
func tlsPair(t *testing.T) (near, far *tls.Conn, wire *collected) {
	t.Helper()
	a, b := pair(t, "tcp")
	wire = &collected{Conn: b}
	near, far = overTLS(t, Movable(a), wire)
	return near, far, wire
}

// Records that come byte by byte break nothing: crypto/tls goes on after ErrAgain.
func TestPolledTLSByteByByte(t *testing.T) {
	near, far, wire := tlsPair(t)
	d := undriven(t, near)
	wire.on = true
	send(t, far, "one")
	for _, text := range []string{"two", strings.Repeat("three", 100)} {
		got := 0
		for ; len(wire.p) > 1; wire.p = wire.p[1:] {
			if _, err := wire.Conn.Write(wire.p[:1]); err != nil {
				t.Fatal(err)
			}
			d.Ready(Readable)
			var b Buffer
			if _, err := d.TryFill(&b); err != ErrAgain || b.data != nil {
				t.Fatalf("after %d bytes: %v, or it holds memory", got, err)
			}
			got++
		}
		_, _ = wire.Conn.Write(wire.p)
		wire.p = nil
		var b Buffer
		for err := ErrAgain; err != nil; _, err = d.TryFill(&b) {
			d.Ready(Readable)
		}
		if got := string(b.Bytes()); got != "one" && got != "two" {
			t.Fatalf("%q", got)
		}
		b.Discard()
		send(t, far, text)
	}
}

// What crypto/tls holds when it is moved is read although the socket is empty.
func TestPolledTLSReadsFirst(t *testing.T) {
	near, far, wire := tlsPair(t)
	wire.on = true
	send(t, far, "first")
	send(t, far, "second")
	_, _ = wire.Conn.Write(wire.p)
	p := make([]byte, 10)
	if n, err := near.Read(p[:2]); string(p[:n]) != "fi" || err != nil {
		t.Fatalf("%q, %v", p[:n], err)
	}
	d := undriven(t, near)
	d.Driven.(*polledTLS).ready.Store(dry)
	var b Buffer
	if n, err := d.TryFill(&b); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := d.TryRead(p); n != 6 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	wantBytes(t, &b, "rst")
	if _, err := d.TryFill(&b); err != ErrAgain {
		t.Errorf("%v with something in the buffer", err)
	}
	b.Discard()
	if nc, ok := d.NetConn().(*tls.Conn); !ok || nc != near {
		t.Errorf("NetConn is a %T", d.NetConn())
	}
	if near.RemoteAddr().String() != far.LocalAddr().String() {
		t.Error(near.RemoteAddr())
	}
	beneath := near.NetConn().(*movable)
	wantIs(t, "CloseRead beneath TLS", beneath.CloseRead(), errDriven)
	wantIs(t, "CloseWrite beneath TLS", beneath.CloseWrite(), errDriven)
}

// fillUp writes until the socket is full, and returns how much that was.
func fillUp(t *testing.T, d *driven) (total int) {
	t.Helper()
	part := make([]byte, 1<<20)
	for n := 1; n > 0; total += n {
		n = d.TryWrite(part)
	}
	if !d.Full() {
		t.Fatal("it is not full")
	}
	return total
}

// What the socket did not take is sent by Ready, and then our direction ends, of TLS and of TCP.
func TestPolledTLSPosts(t *testing.T) {
	near, far, _ := tlsPair(t)
	d := undriven(t, near)
	total := fillUp(t, d)
	q := &d.Driven.(*polledTLS).queue
	if !q.used() || q.data == nil {
		t.Fatal("nothing is left: the test tests nothing")
	}
	if d.Ready(Readable) || !d.Full() {
		t.Error("it is full, and can be written")
	}
	if !d.CloseWrite() {
		t.Error("CloseWrite")
	}
	d.poll(t)
	n, err := io.Copy(io.Discard, far)
	if n != int64(total) || err != nil {
		t.Errorf("%d bytes of %d, %v", n, total, err)
	}
	if n, err := far.NetConn().Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("TCP has not ended: %d, %v", n, err)
	}
	if d.Full() || q.data != nil {
		t.Error("it is full, or holds memory")
	}
}

// A write that comes after the queue was full goes on when Ready has sent that, exactly once.
func TestPolledTLSIsFullOnce(t *testing.T) {
	near, far, _ := tlsPair(t)
	d := undriven(t, near)
	total := fillUp(t, d)
	text := bytes.Repeat([]byte("x"), 100_000)
	done := background(func() error { _, err := d.Write([]byte("head"), text); return err })
	wasFull := 0
	got := background(func() int64 { n, _ := io.CopyN(io.Discard, far, int64(total+4+len(text))); return n })
	for len(done) == 0 {
		if d.Ready(Writable) {
			wasFull++
		}
		time.Sleep(time.Millisecond)
	}
	if err := <-done; err != nil || wasFull == 0 {
		t.Errorf("%v, %d times full", err, wasFull)
	}
	for d.Full() {
		d.Ready(Writable)
	}
	if n := <-got; n != int64(total+4+len(text)) {
		t.Errorf("%d bytes", n)
	}
}

// A socket that breaks while records are left tells the next write, and gives everything back.
func TestPolledTLSBreaks(t *testing.T) {
	near, _, wire := tlsPair(t)
	d := drive(t, near)
	fillUp(t, d)
	_ = wire.Conn.(*net.TCPConn).SetLinger(0)
	_ = wire.Conn.Close()
	if _, err := d.Write([]byte("x"), nil); err == nil {
		t.Error("a write has succeeded")
	}
	if d.Driven.(*polledTLS).queue.used() || d.TryWrite([]byte("x")) != 0 {
		t.Error("something is left, or was sent")
	}
	if _, err := d.Read(make([]byte, 1)); err == nil || err == ErrAgain {
		t.Errorf("Read: %v", err)
	}
}

// Close drops what is left, and whoever writes at that time leaves nothing behind.
func TestPolledTLSCloses(t *testing.T) {
	for range 20 {
		near, _, _ := tlsPair(t)
		d := undriven(t, near)
		fillUp(t, d)
		done := background(func() error { _, err := d.Write([]byte("x"), nil); return err })
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		wantIs(t, "Write", <-done, net.ErrClosed)
		if d.Driven.(*polledTLS).queue.data != nil {
			t.Error("memory is left")
		}
		if d.CloseWrite() || d.TryWrite([]byte("x")) != 0 {
			t.Error("something was sent after Close")
		}
		if _, err := near.NetConn().Write([]byte("x")); err == nil {
			t.Error("crypto/tls can write after Close")
		}
	}
}
