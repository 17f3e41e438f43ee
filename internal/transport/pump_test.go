package transport

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pumped drives one end of a pipe as a stream without deadlines.
func pumped(t *testing.T) (s Transport, far net.Conn) {
	near, far := net.Pipe()
	s = New(stream{near}, new(Socket))
	t.Cleanup(func() {
		_ = s.Close()
		_ = far.Close()
	})
	return s, far
}

// A read that is interrupted loses nothing, wherever it is interrupted.
func TestPumpReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far := pumped(t)
		got := fill(s)
		synctest.Wait()
		s.InterruptRead(true)
		s.InterruptRead(true) // twice is once
		wantIs(t, "Fill", (<-got).err, os.ErrDeadlineExceeded)
		wantIs(t, "Fill again", (<-fill(s)).err, os.ErrDeadlineExceeded)
		send(t, far, "read ahead")
		s.InterruptRead(false)
		s.InterruptRead(false)
		p := make([]byte, 4)
		if n, err := s.Read(p); string(p[:n]) != "read" || err != nil {
			t.Errorf("%q, %v", p[:n], err)
		}
		wantFill(t, s, " ahead")
		_ = far.Close()
		wantIs(t, "Fill at the end", (<-fill(s)).err, io.EOF)
		_, err := s.Read(p)
		wantIs(t, "Read at the end", err, io.EOF)
	})
}

// The rest of a large frame has no head. A stream may take a write of nothing for a
// message, or for its end.
func TestPumpWritesNothingEmpty(t *testing.T) {
	var sizes []int
	s := New(writesOnly(func(p []byte) { sizes = append(sizes, len(p)) }), new(Socket))
	defer s.Close()
	for _, parts := range [][2][]byte{{nil, []byte("tail")}, {[]byte("hd"), nil}, {[]byte("hd"), make([]byte, pumpSize+1)}, {nil, nil}} {
		if n, err := s.Write(parts[0], parts[1]); n != len(parts[0])+len(parts[1]) || err != nil {
			t.Error(n, err)
		}
	}
	if want := []int{4, 2, 2, pumpSize, 1}; !slices.Equal(sizes, want) {
		t.Errorf("writes of %v bytes, want %v", sizes, want)
	}
}

// writesOnly is a stream that is told of its writes.
type writesOnly func(p []byte)

func (w writesOnly) Write(p []byte) (int, error) { w(p); return len(p), nil }
func (w writesOnly) Read([]byte) (int, error)    { return 0, io.EOF }
func (w writesOnly) Close() error                { return nil }

// More than one buffer comes whole.
func TestPumpReadsMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far := pumped(t)
		text := strings.Repeat("0123456789", 2000)
		done := background(func() error { _, err := io.WriteString(far, text); return err })
		wantFill(t, s, text)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Close ends what waits, at whatever point the pump is.
func TestPumpCloses(t *testing.T) {
	for name, play := range map[string]func(t *testing.T, s Transport, far net.Conn){
		"nothing was read": func(*testing.T, Transport, net.Conn) {},
		"a read waits": func(t *testing.T, s Transport, _ net.Conn) {
			got := fill(s)
			synctest.Wait()
			_ = s.Close()
			wantClosed(t, <-got)
		},
		"the pump has a chunk": func(t *testing.T, s Transport, far net.Conn) {
			s.InterruptRead(true)
			wantIs(t, "Fill", (<-fill(s)).err, os.ErrDeadlineExceeded)
			s.InterruptRead(false)
			got := fill(s)
			send(t, far, "a")
			<-got
			send(t, far, "b")
			synctest.Wait()
		},
		"a chunk is half read": func(t *testing.T, s Transport, far net.Conn) {
			sent := background(func() error { _, err := io.WriteString(far, "abc"); return err })
			if _, err := s.Read(make([]byte, 1)); err != nil {
				t.Error(err)
			}
			<-sent
			synctest.Wait()
			_ = s.Close()
			if n, err := s.Read(make([]byte, 9)); n != 2 || err != nil {
				t.Errorf("what had come before Close: %d, %v", n, err)
			}
		},
		"a write waits": func(t *testing.T, s Transport, _ net.Conn) {
			done := background(func() error { _, err := s.Write([]byte("text"), nil); return err })
			synctest.Wait()
			_ = s.Close()
			if err := <-done; err == nil {
				t.Error("it was written")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, far := pumped(t)
				play(t, s, far)
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				if err := s.Close(); err != nil {
					t.Error("a second Close", err)
				}
				wantClosed(t, <-fill(s))
			})
		})
	}
}

// wantClosed wants the end of a stream as we close it, or as the stream says it.
func wantClosed(t *testing.T, r read) {
	t.Helper()
	if !errors.Is(r.err, net.ErrClosed) && !errors.Is(r.err, io.ErrClosedPipe) {
		t.Errorf("Fill: %q, %v", r.text, r.err)
	}
}

// slow takes a time for each write and for Close, which ends nothing else.
type slow struct{ took time.Duration }

func (s slow) Read([]byte) (int, error)    { time.Sleep(s.took); return 0, io.EOF }
func (s slow) Write(p []byte) (int, error) { time.Sleep(s.took); return len(p), nil }
func (s slow) Close() error                { time.Sleep(s.took); return errors.New("closed late") }

// Neither Close nor a write waits for a stream whose calls do not end.
func TestPumpOfASlowStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(slow{time.Hour}, new(Socket))
		begin := time.Now()
		done := background(func() error { _, err := s.Write([]byte("text"), nil); return err })
		got := fill(s)
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		wantIs(t, "Write", <-done, net.ErrClosed)
		wantIs(t, "Fill", (<-got).err, net.ErrClosed)
		if took := time.Since(begin); took != closePatience {
			t.Errorf("it took %v", took)
		}
		time.Sleep(2 * time.Hour) // what was left to itself ends
	})
	synctest.Test(t, func(t *testing.T) {
		s := New(slow{0}, new(Socket))
		if err := s.Close(); err == nil {
			t.Error("the error of Close is lost")
		}
	})
}

// A write that is interrupted while it is under way is cut, and none can follow. One that
// is interrupted before is only late.
func TestPumpWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far := pumped(t)
		go func() { _, _ = io.Copy(io.Discard, far) }()
		if n, err := s.Write(make([]byte, 10), make([]byte, 3*pumpSize)); n != 10+3*pumpSize || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		s.InterruptWrite(true)
		_, err := s.Write([]byte("text"), nil)
		wantIs(t, "Write", err, os.ErrDeadlineExceeded)
		s.InterruptWrite(false)
		if n, err := s.Write([]byte("text"), nil); n != 4 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if s.TryWrite([]byte("x")) != 0 || s.CloseWrite() || s.NetConn() != nil {
			t.Error("a stream can neither try, nor close a direction, nor is it a net.Conn")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s, _ := pumped(t)
		done := background(func() error { _, err := s.Write([]byte("text"), nil); return err })
		synctest.Wait()
		s.InterruptWrite(true)
		s.InterruptWrite(false)
		wantIs(t, "Write", <-done, ErrWriteCut)
		_, err := s.Write([]byte("text"), nil)
		wantIs(t, "Write after that", err, ErrWriteCut)
	})
}

// What is written is copied: whoever cuts a write may use its memory.
func TestPumpCopies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far := pumped(t)
		p := []byte("mine")
		done := background(func() error { _, err := s.Write(p, nil); return err })
		synctest.Wait()
		s.InterruptWrite(true)
		<-done
		copy(p, "else")
		got := make([]byte, 4)
		if _, err := io.ReadFull(far, got); !bytes.Equal(got, []byte("mine")) || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// A limit cuts the write it was set for, and no other.
func TestPumpLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far := pumped(t)
		s.LimitWrite(time.Now().Add(time.Second))
		time.Sleep(2 * time.Second) // it passes before the write
		_, err := s.Write([]byte("text"), nil)
		wantIs(t, "Write", err, os.ErrDeadlineExceeded)
		s.LimitWrite(time.Now().Add(time.Second))
		done := background(func() error { _, err := s.Write([]byte("text"), nil); return err })
		_, _ = io.ReadFull(far, make([]byte, 4))
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.LimitWrite(time.Time{})
		time.Sleep(2 * time.Second)
		s.LimitWrite(time.Now().Add(time.Second))
		_, err = s.Write([]byte("text"), nil)
		wantIs(t, "a write that nobody reads", err, ErrWriteCut)
	})
	// A timer that fires in the moment in which the limit is dropped is late.
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			s := New(slow{time.Second}, new(Socket))
			for range 3 {
				s.LimitWrite(time.Now().Add(time.Second))
				_, err := s.Write([]byte("text"), nil)
				s.LimitWrite(time.Time{})
				if err != nil {
					wantIs(t, "Write", err, ErrWriteCut)
				}
			}
			_ = s.Close()
			time.Sleep(time.Minute) // what was cut goes on for its time
		})
	}
}

// brief takes less than it was given and says nothing.
type brief struct{ io.ReadWriteCloser }

func (brief) Write(p []byte) (int, error) { return len(p) - 1, nil }

func TestPumpOfAShortWrite(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	s := New(brief{near}, new(Socket))
	defer s.Close()
	n, err := s.Write([]byte("text"), []byte("more"))
	wantIs(t, "Write", err, io.ErrShortWrite)
	if n != 3 {
		t.Errorf("%d bytes", n)
	}
}

// A net.Conn that refuses deadlines is pumped, and closed as what it is.
func TestPumpOverANetConn(t *testing.T) {
	for _, secure := range []bool{false, true} {
		a, far := pair(t, "tcp")
		near := net.Conn(shyTCP{shy{a}})
		if secure {
			near, far = overTLS(t, near, far)
		}
		s := New(near, new(Socket))
		if _, ok := s.(*pump); !ok || s.NetConn() != near {
			t.Fatalf("driven as %T of %v", s, s.NetConn())
		}
		if !s.CloseWrite() {
			t.Error("CloseWrite")
		}
		if got, err := io.ReadAll(far); len(got) > 0 || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		send(t, far, "still")
		wantFill(t, s, "still")
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		_ = far.Close()
	}
}

// shyTCP can close a direction.
type shyTCP struct{ shy }

func (s shyTCP) CloseWrite() error { return closeOf(s.Conn) }

func closeOf(nc net.Conn) error { return nc.(interface{ CloseWrite() error }).CloseWrite() }
