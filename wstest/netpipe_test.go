package wstest_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"

	"github.com/hawser-ws/websocket/wstest"
)

// A pipe is a net.Conn like any other. The suite itself writes 8 bytes before it
// reads their echo, so one of room for 1 and 1 cannot serve it.
func TestNetPipeConformance(t *testing.T) {
	for _, buffer := range []int{0, 7, 4096} {
		nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
			a, b := wstest.NetPipe(buffer)
			return a, b, func() { a.Close(); b.Close() }, nil
		})
	}
}

func mustWrite(t *testing.T, c net.Conn, s string) {
	t.Helper()
	if n, err := c.Write([]byte(s)); n != len(s) || err != nil {
		t.Fatalf("Write(%q) = %d, %v", s, n, err)
	}
}

func wantAll(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got, err := io.ReadAll(c)
	if string(got) != want || err != nil {
		t.Fatalf("read %q, %v; want %q and the end of the stream", got, err, want)
	}
}

func halfClose(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
}

func TestNetPipeClose(t *testing.T) {
	a, b := wstest.NetPipe(0)
	mustWrite(t, a, "last words")
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	wantAll(t, b, "last words")
	if _, err := b.Write([]byte("x")); !errors.Is(err, wstest.ErrBroken) {
		t.Errorf("writing to an end that has closed: %v", err)
	}
	for name, call := range map[string]func() error{
		"Read":        func() error { _, err := a.Read(make([]byte, 1)); return err },
		"Write":       func() error { _, err := a.Write([]byte("x")); return err },
		"Close":       a.Close,
		"CloseWrite":  a.(interface{ CloseWrite() error }).CloseWrite,
		"SetDeadline": func() error { return a.SetDeadline(time.Now()) },
	} {
		if err := call(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	b.Close()
}

func TestNetPipeCloseWrite(t *testing.T) {
	a, b := wstest.NetPipe(0)
	defer a.Close()
	defer b.Close()
	mustWrite(t, a, "question")
	halfClose(t, a)
	wantAll(t, b, "question")
	mustWrite(t, b, "answer")
	b.Close()
	wantAll(t, a, "answer")
}

func TestNetPipeReset(t *testing.T) {
	a, b := wstest.NetPipe(0)
	mustWrite(t, a, "lost")
	if err := a.(interface{ SetLinger(int) error }).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	a.Close()
	if n, err := b.Read(make([]byte, 9)); n != 0 || !errors.Is(err, wstest.ErrReset) {
		t.Errorf("Read after a reset: %d, %v", n, err)
	}
	if _, err := b.Write([]byte("x")); !errors.Is(err, wstest.ErrReset) {
		t.Errorf("Write after a reset: %v", err)
	}
	if _, err := a.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write after Close: %v", err)
	}
	b.Close()
}

// A full buffer makes a write wait, and a bubble sees that it waits.
func TestNetPipeBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.NetPipe(4)
		mustWrite(t, a, "1234")
		written := make(chan int, 1)
		go func() {
			n, _ := a.Write([]byte("56789"))
			written <- n
		}()
		synctest.Wait()
		if len(written) != 0 {
			t.Fatal("a write into a full buffer does not wait")
		}
		p := make([]byte, 9)
		if n, err := b.Read(p); string(p[:n]) != "1234" || err != nil {
			t.Fatalf("Read = %q, %v", p[:n], err)
		}
		synctest.Wait()
		if len(written) != 0 {
			t.Fatal("a write of 5 bytes into a buffer of 4 does not wait")
		}
		b.Close()
		if n := <-written; n != 4 {
			t.Errorf("the write cut off tells of %d bytes, want 4", n)
		}
		a.Close()
	})
}

func TestNetPipeDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.NetPipe(4)
		defer a.Close()
		defer b.Close()
		start := time.Now()
		a.SetDeadline(start.Add(time.Hour))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read: %v", err)
		}
		if n, err := a.Write([]byte("123")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write past its deadline: %d, %v", n, err)
		}
		if d := time.Since(start); d != time.Hour {
			t.Errorf("it took %v", d)
		}
		a.SetWriteDeadline(time.Now().Add(time.Minute))
		if n, err := a.Write([]byte("12345")); n != 4 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write with room for 4: %d, %v", n, err)
		}

		// A deadline that is moved counts for the call under way.
		a.SetDeadline(time.Time{})
		start = time.Now()
		time.AfterFunc(time.Second, func() { a.SetReadDeadline(time.Now().Add(time.Second)) })
		a.SetReadDeadline(start.Add(time.Hour))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 2*time.Second {
			t.Errorf("Read: %v after %v", err, time.Since(start))
		}
	})
}

// Writes of several goroutines do not mix, however small the buffer.
func TestNetPipeWritesWhole(t *testing.T) {
	a, b := wstest.NetPipe(3)
	const each, size = 20, 50
	var writers sync.WaitGroup
	for _, letter := range "abcd" {
		writers.Go(func() {
			for range each {
				mustWrite(t, a, string(bytes.Repeat([]byte(string(letter)), size)))
			}
		})
	}
	go func() { writers.Wait(); a.Close() }()
	got, err := io.ReadAll(b)
	if err != nil || len(got) != 4*each*size {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	for i := 0; i < len(got); i += size {
		if !bytes.Equal(got[i:i+size], bytes.Repeat(got[i:i+1], size)) {
			t.Fatalf("writes are mixed: %q", got[i:i+size])
		}
	}
	b.Close()
}

func TestNetPipeAddr(t *testing.T) {
	a, b := wstest.NetPipe(0)
	defer a.Close()
	defer b.Close()
	if a.LocalAddr().String() != b.RemoteAddr().String() || a.LocalAddr() == a.RemoteAddr() || a.LocalAddr().Network() == "" {
		t.Errorf("addresses %v %v, %v %v", a.LocalAddr(), a.RemoteAddr(), b.LocalAddr(), b.RemoteAddr())
	}
}
