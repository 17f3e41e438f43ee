package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// responding is what a handler of net/http has of a stream: the two directions are pipes. A read
// deadline that has passed ends the reading for ever, a write deadline resets the stream.
type responding struct {
	ends    context.CancelFunc // of the request: the stream was reset, or the handler has returned
	in, out net.Conn
	flushed int
	flush   error
	passing func() // called while a deadline is passed; may be nil
	panics  bool   // as net/http does once the handler has returned
}

func (r *responding) Write(p []byte) (int, error) {
	r.look()
	return r.out.Write(p)
}

func (r *responding) Flush() error {
	r.look()
	r.flushed++
	return r.flush
}

func (r *responding) SetReadDeadline(t time.Time) error {
	r.look()
	if r.passing != nil {
		r.passing()
	}
	return r.in.SetReadDeadline(t)
}

func (r *responding) SetWriteDeadline(t time.Time) error {
	r.look()
	r.ends()
	_ = r.in.SetReadDeadline(t)
	return r.out.SetWriteDeadline(t)
}

func (r *responding) look() {
	if r.panics {
		panic("the handler has returned")
	}
}

// responded drives a stream of HTTP/2. What the client sends goes into to, what it gets comes out
// of from.
func responded(t *testing.T) (s *ResponseStream, r *responding, to, from net.Conn) {
	in, to := net.Pipe()
	out, from := net.Pipe()
	ctx, ends := context.WithCancel(t.Context())
	r = &responding{ends: ends, in: in, out: out}
	s = NewResponseStream(ctx, in, r, r)
	t.Cleanup(func() {
		s.Finish()
		for _, nc := range []net.Conn{in, to, out, from} {
			_ = nc.Close()
		}
	})
	return s, r, to, from
}

func TestResponseStreamReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, to, _ := responded(t)
		send := func(text string) <-chan error {
			return background(func() error { _, err := io.WriteString(to, text); return err })
		}
		sent := send("short")
		wantFill(t, s, "short")
		<-sent
		// What comes behind the beginning of a frame goes straight into the buffer.
		long := strings.Repeat("0123456789", 100)
		sent = send(long)
		var b Buffer
		defer b.Discard()
		for b.Buffered() < len(long) {
			if n, err := s.Fill(&b); n == 0 || err != nil {
				t.Fatal(n, err)
			}
		}
		if <-sent; string(b.Bytes()) != long {
			t.Errorf("%q", b.Bytes())
		}
		_ = to.Close()
		_, err := s.Read(make([]byte, 4))
		wantIs(t, "Read at the end", err, io.EOF)
		_ = s.Close()
		_, err = s.Read(make([]byte, 4))
		wantIs(t, "Read after Close", err, net.ErrClosed)
	})
}

// From ExpectInterrupt on a goroutine reads ahead, so that a read that is interrupted loses
// nothing: a deadline would end the reading for ever.
func TestResponseStreamInterruptsReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, to, _ := responded(t)
		s.InterruptRead(true) // nobody has expected it: nothing to interrupt
		sent := background(func() error { _, err := io.WriteString(to, "before"); return err })
		wantFill(t, s, "before")
		<-sent
		s.ExpectInterrupt()
		s.ExpectInterrupt() // twice is once
		got := fill(s)
		synctest.Wait()
		s.InterruptRead(true)
		wantIs(t, "Fill", (<-got).err, os.ErrDeadlineExceeded)
		send(t, to, "read ahead")
		s.InterruptRead(false)
		p := make([]byte, 4)
		if n, err := s.Read(p); string(p[:n]) != "read" || err != nil {
			t.Errorf("%q, %v", p[:n], err)
		}
		wantFill(t, s, " ahead")
		_ = s.Close()
		if r := <-fill(s); r.err == nil {
			t.Errorf("Fill: %q", r.text)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s, _, _, _ := responded(t)
		_ = s.Close()
		s.ExpectInterrupt() // by a read that begins too late
		if r := <-fill(s); r.err == nil {
			t.Errorf("Fill: %q", r.text)
		}
	})
}

// An error of the stream is one of the network, and the end is io.EOF.
func TestResponseStreamErrors(t *testing.T) {
	lost := errors.New("stream error: CANCEL")
	for _, ahead := range []bool{false, true} {
		s := NewResponseStream(t.Context(), failing{lost}, nil, nil)
		if ahead {
			s.ExpectInterrupt()
		}
		_, err := s.Read(make([]byte, 4))
		if network, ok := errors.AsType[net.Error](err); !ok || network.Timeout() || !errors.Is(err, lost) {
			t.Errorf("Read: %v", err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestResponseStreamWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r, _, from := responded(t)
		got := background(func() string { p, _ := io.ReadAll(from); return string(p) })
		for _, parts := range [][2]string{{"head", " and tail"}, {"", ", tail"}, {", head", ""}} {
			if n, err := s.Write([]byte(parts[0]), []byte(parts[1])); n != len(parts[0])+len(parts[1]) || err != nil {
				t.Error(n, err)
			}
		}
		if r.flushed != 3 {
			t.Errorf("flushed %d times, want once for each write", r.flushed)
		}
		if s.TryWrite([]byte("x")) != 0 || s.CloseWrite() || s.NetConn() != nil || s.Traits() != RetainsBuffers {
			t.Error("a stream of net/http can neither try, nor close a direction, nor is it a net.Conn")
		}
		s.AbortRequest() // that is the handler's, by returning
		lost := errors.New("stream error")
		r.flush = lost
		_, err := s.Write([]byte("."), nil)
		if _, ok := errors.AsType[net.Error](err); !ok || !errors.Is(err, lost) {
			t.Errorf("Flush: %v", err)
		}
		_ = r.out.Close()
		if n, err := s.Write([]byte("."), []byte(".")); n != 0 || err == nil {
			t.Error(n, err)
		}
		if text := <-got; text != "head and tail, tail, head." {
			t.Errorf("%q", text)
		}
	})
}

// A write that is interrupted while it waits for the peer costs the stream: net/http resets it.
func TestResponseStreamInterruptsWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _, from := responded(t)
		s.InterruptWrite(true)
		_, err := s.Write([]byte("text"), nil)
		wantIs(t, "Write", err, os.ErrDeadlineExceeded)
		s.InterruptWrite(false)
		done := background(func() error { _, err := s.Write([]byte("text"), nil); return err })
		if _, err := io.ReadFull(from, make([]byte, 4)); err != nil || <-done != nil {
			t.Error("the stream goes on: ", err)
		}
		s.LimitWrite(time.Now().Add(time.Second))
		begin := time.Now()
		_, err = s.Write([]byte("text"), nil)
		wantIs(t, "a write that nobody reads", err, ErrWriteCut)
		if took := time.Since(begin); took != time.Second {
			t.Errorf("it took %v", took)
		}
		_, err = s.Write([]byte("text"), nil)
		wantIs(t, "Write after that", err, ErrWriteCut)
	})
}

// Close ends what waits, and tells the handler.
func TestResponseStreamCloses(t *testing.T) {
	for _, ahead := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s, _, _, _ := responded(t)
			if ahead {
				s.ExpectInterrupt()
			}
			got := fill(s)
			wrote := background(func() error { _, err := s.Write([]byte("text"), nil); return err })
			synctest.Wait()
			select {
			case <-s.Released():
				t.Error("closed already")
			default:
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error("a second Close", err)
			}
			<-s.Released()
			if r := <-got; r.err == nil {
				t.Errorf("Fill: %q", r.text)
			}
			wantIs(t, "Write", <-wrote, ErrWriteCut)
		})
	}
}

// After Finish nothing uses what belongs to the handler. Finish waits for what does.
func TestResponseStreamFinishes(t *testing.T) {
	s, r, _, _ := responded(t)
	r.passing = func() {
		if s.writeMu.TryLock() {
			t.Error("a deadline is passed outside of the lock that Finish takes")
			s.writeMu.Unlock()
		}
	}
	closed := background(s.Close) // by CloseNow on a goroutine of the application
	<-s.Released()                // so the handler is about to return
	s.Finish()
	r.passing, r.panics = nil, true // read by nobody any more, says the race detector
	s.InterruptWrite(false)
	if n, err := s.Write([]byte("text"), nil); n != 0 {
		t.Error(n, err)
	} else {
		wantIs(t, "Write", err, net.ErrClosed)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	s.Finish()
}

// Accept has no Finish: its caller may write when the handler has returned. net/http has ended
// the context by then, or panics.
func TestResponseStreamAfterTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r, _, _ := responded(t)
		r.panics = true
		_, err := s.Write([]byte("text"), nil)
		wantIs(t, "Write", err, net.ErrClosed)
		_ = s.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		s, r, _, _ := responded(t)
		r.ends()
		r.panics = true
		_, err := s.Write([]byte("text"), nil)
		wantIs(t, "Write", err, net.ErrClosed)
		_ = s.Close()
	})
}

func TestResponseStreamAddresses(t *testing.T) {
	s := NewResponseStream(t.Context(), nil, nil, nil)
	s.Local, s.Remote = &net.TCPAddr{Port: 1}, "192.0.2.1:2"
	if local, remote := s.Addresses(); local.String() != ":1" || remote != "192.0.2.1:2" {
		t.Error(local, remote)
	}
}
